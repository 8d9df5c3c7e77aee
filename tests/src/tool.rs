//! Programs that a test needs and a machine may lack.

use std::path::PathBuf;

/// Finds a program on the `PATH`.
///
/// A test that needs a missing tool says so on standard error and ends: use it as
/// `let Some(python) = tool("python3") else { return };`.
///
/// # Panics
/// When the environment variable `APEX_TEST_REQUIRE` (names separated by commas) lists the tool:
/// there, a missing tool is a failure and not a skip.
pub fn tool(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|candidate| candidate.is_file())
    });
    if found.is_none() {
        missing(name);
    }
    found
}

/// Whether `program arguments…` ends with 0, for tools that are not programs of their own (for
/// example pytest, a module of Python). Skips and fails like [`tool`].
///
/// # Panics
/// As [`tool`].
pub fn tool_answers(name: &str, program: &str, arguments: &[&str]) -> bool {
    let answers = std::process::Command::new(program)
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success());
    if !answers {
        missing(name);
    }
    answers
}

/// Whether the environment variable `APEX_TEST_REQUIRE` lists the name: what is listed must not be
/// skipped.
pub fn required(name: &str) -> bool {
    let listed = std::env::var("APEX_TEST_REQUIRE").unwrap_or_default();
    listed.split(',').any(|wanted| wanted.trim() == name)
}

fn missing(name: &str) {
    assert!(!required(name), "`{name}` is required by APEX_TEST_REQUIRE and was not found");
    eprintln!("SKIPPED: `{name}` was not found on this machine");
}
