//! Programs that are told of something: text on their standard input, and a limit of time.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use apex_config::model::CommandLine;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Bytes of what a program said that people are shown.
const SHOWN: usize = 300;

/// Runs a program in a folder, with an environment and a text on its standard input, at most this
/// long; then it is killed. What it started may stay: it is told, not supervised.
///
/// # Errors
/// Why it could not be told, for people.
pub async fn tell(
    command: &CommandLine,
    folder: &Path,
    variables: &BTreeMap<String, String>,
    (text, limit): (&str, Duration),
) -> Result<(), String> {
    let (program, arguments) = words(command)?;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("`{program}` could not be started: {error}"))?;
    let stdin = child.stdin.take();
    let told = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read what it is told is free to.
            let _ = stdin.write_all(text.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    match tokio::time::timeout(limit, told).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim();
            let said = &said[..said.floor_char_boundary(SHOWN)];
            Err(format!("`{program}` failed ({}): {said}", output.status))
        }
        Ok(Err(error)) => Err(format!("`{program}` was lost: {error}")),
        Err(_) => Err(format!("`{program}` did not end within {} s", limit.as_secs_f64())),
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
