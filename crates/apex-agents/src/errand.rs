//! Programs that are handed a text and run to their end within a limit: checks before a run,
//! questions to a tool after it, messages to whoever wants to be told. Tests are never run here.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use apex_config::model::CommandLine;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Bytes of what a program said that people are shown.
const SHOWN: usize = 300;

/// What is run, where, and how long at most; then it is killed. What it started may stay: it is
/// not supervised.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'a> {
    /// The program.
    pub command: &'a CommandLine,
    /// Where it runs.
    pub folder: &'a Path,
    /// The variables that it sees, and no others.
    pub variables: &'a BTreeMap<String, String>,
    /// What it reads from its standard input.
    pub input: &'a str,
    /// How long it may take.
    pub limit: Duration,
}

/// What a program answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Errand<'_> {
    /// Runs the program to its end.
    ///
    /// # Errors
    /// For people: why it could not be started, or that it took longer than it may.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time.
    pub async fn run(&self) -> Result<Answer, String> {
        let (program, arguments) = words(self.command)?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(self.folder)
            .env_clear()
            .envs(self.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{program}` could not be started: {error}"))?;
        let stdin = child.stdin.take();
        let told = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read what it is told is free to.
                let _ = stdin.write_all(self.input.as_bytes()).await;
            }
        };
        // Both at once: a program that writes before it reads must not wait for us.
        let ended = async { tokio::join!(told, child.wait_with_output()).1 };
        let output = match tokio::time::timeout(self.limit, ended).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(format!("`{program}` was lost: {error}")),
            Err(_) => {
                let seconds = self.limit.as_secs_f64();
                return Err(format!("`{program}` did not end within {seconds} s"));
            }
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer {
            status: output.status,
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        })
    }

    /// Runs a program that is only told something.
    ///
    /// # Errors
    /// Why it could not be told, for people; that it failed is one reason.
    ///
    /// # Panics
    /// As [`Errand::run`].
    pub async fn tell(&self) -> Result<(), String> {
        let answer = self.run().await?;
        if answer.status.success() {
            return Ok(());
        }
        let (program, _) = words(self.command)?;
        let said = answer.stderr.trim();
        let said = &said[..said.floor_char_boundary(SHOWN)];
        Err(format!("`{program}` failed ({}): {said}", answer.status))
    }
}

fn words(command: &CommandLine) -> Result<(&str, Vec<&str>), String> {
    match command {
        CommandLine::Shell(text) => Ok(("sh", vec!["-c", text])),
        CommandLine::Arguments(words) => match words.split_first() {
            Some((program, rest)) => Ok((program, rest.iter().map(String::as_str).collect())),
            None => Err("no program is named".to_owned()),
        },
    }
}
