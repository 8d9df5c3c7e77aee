//! The built `apex` program, as a person or a pipeline would call it.
//!
//! It relies on Cargo's layout: a test executable lies in `deps/`, and the programs of the same
//! profile in the folder above. It does not know what the program answers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A call of the current `apex`, without arguments, in an environment that says nothing to it:
/// variables of an outer run (`APEX_*`, `TEST_*`) and of a pipeline are taken away.
///
/// The program is built once per test executable, so that a test never sees an older one.
///
/// # Panics
/// When the program cannot be built.
pub fn apex() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(PROGRAM.get_or_init(build));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(speaks_to_apex) {
            command.env_remove(name);
        }
    }
    command
}

fn speaks_to_apex(variable: &str) -> bool {
    variable.starts_with("APEX_")
        || variable.starts_with("TEST_")
        || [
            "CI",
            "GITHUB_ACTIONS",
            "GITLAB_CI",
            "NO_COLOR",
            "CLICOLOR",
            "CLICOLOR_FORCE",
            "FORCE_COLOR",
        ]
        .contains(&variable)
}

/// Builds the program in the profile and target folder of this test executable.
fn build() -> PathBuf {
    let executable = std::env::current_exe().expect("a test has an executable");
    let profile_folder = executable
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "deps"))
        .and_then(Path::parent)
        .expect("a test executable lies in deps/");
    let target_folder = profile_folder.parent().expect("a profile has a target folder");

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--package", "apex-cli", "--bin", "apex", "--target-dir"])
        .arg(target_folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile_folder.ends_with("release") {
        command.arg("--release");
    }
    let status = command.status().expect("cargo can be started");
    assert!(status.success(), "`cargo build --bin apex` ended with {status}");

    profile_folder.join("apex").with_extension(std::env::consts::EXE_EXTENSION)
}
