//! Programs that are run to their end while everybody waits: checks before a run, questions to a
//! tool after it. Tests are never run here.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a program answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it ended with 0.
    pub is_success: bool,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs a program with this text as its input; it sees these variables and no others.
///
/// # Errors
/// When it cannot be started, or its pipes break.
pub fn run(
    words: &[String],
    folder: &Path,
    variables: &BTreeMap<String, String>,
    input: &str,
) -> io::Result<Answer> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no program"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pipe = child.stdin.take();
    let input = input.to_owned();
    // On a thread of its own: a program that writes before it reads must not wait for us.
    let writer = std::thread::spawn(move || {
        if let Some(mut pipe) = pipe {
            // Whoever does not read its input has no use for it.
            let _ = pipe.write_all(input.as_bytes());
        }
    });
    let output = child.wait_with_output()?;
    // The thread ends with the pipe, whose other end is closed now.
    let _ = writer.join();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Answer {
        is_success: output.status.success(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    })
}
