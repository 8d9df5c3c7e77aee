//! The programs that test frameworks need: which are there, and of which version.

use std::collections::BTreeSet;
use std::process::Stdio;

use apex_config::model::RunnerKind;
use tokio::process::Command;

use super::{Check, CheckState, PATIENCE, Patient};
use crate::detect::init_inventory;
use crate::machine::Machine;
use crate::runners::tools::Tools;

/// Bytes of a version that are shown.
const SHOWN: usize = 80;

/// A program that a framework needs.
struct Needed {
    /// The framework.
    runner: &'static str,
    /// The program, as name or path.
    program: String,
    /// What makes it say its version.
    arguments: &'static [&'static str],
    /// How to get it.
    mend: &'static str,
}

/// Checks Git, and the programs of every framework that the configuration names or the repository
/// holds suites of.
pub(super) async fn check(patient: Patient<'_>) -> Vec<Check> {
    let machine = Machine { variables: patient.variables, folder: patient.root };
    let lookup = |name: &str| machine.lookup(name);
    let tools = |folder: &str| Tools::find(patient.root, folder, machine.virtual_env(), &lookup);
    let mut asked = BTreeSet::new();
    let mut checks = Vec::new();
    for (runner, folder) in frameworks(patient) {
        if let Some(needed) = needed(runner, &tools(&folder))
            && asked.insert((needed.runner, needed.program.clone()))
        {
            checks.push(ask(patient, needed).await);
        }
    }
    let git = Needed {
        runner: "git",
        program: "git".to_owned(),
        arguments: &["--version"],
        mend: "install Git; without it records name no commit and `--affected` does not work",
    };
    let mut git = ask(patient, git).await;
    if git.state == CheckState::Broken {
        git.state = CheckState::Poor;
    }
    checks.push(git);
    checks
}

/// Each framework with the folder that it works in.
fn frameworks(patient: Patient<'_>) -> BTreeSet<(RunnerKind, String)> {
    let suites = init_inventory(patient.root).suites;
    let mut all: BTreeSet<(RunnerKind, String)> =
        suites.into_iter().map(|suite| (suite.runner, suite.folder)).collect();
    let categories = patient.config.layers.values().flat_map(|layer| &layer.categories);
    for runner in categories.filter_map(|category| category.recipe.runner) {
        if all.iter().all(|(known, _)| *known != runner) {
            all.insert((runner, String::new()));
        }
    }
    all
}

fn needed(runner: RunnerKind, tools: &Tools) -> Option<Needed> {
    let (program, arguments, mend): (&str, &[&str], &str) = match runner {
        RunnerKind::Pytest => (
            &tools.python,
            &["-m", "pytest", "--version"],
            "install pytest for this interpreter (`pip install pytest`), or activate the \
             environment that has it",
        ),
        RunnerKind::Unittest => (&tools.python, &["--version"], "install Python 3"),
        RunnerKind::Cargo => (&tools.cargo, &["--version"], "install Rust (https://rustup.rs)"),
        RunnerKind::Nextest => {
            (&tools.cargo, &["nextest", "--version"], "`cargo install cargo-nextest --locked`")
        }
        RunnerKind::Go => (&tools.go, &["version"], "install Go, and put it on PATH"),
        RunnerKind::Maven => (&tools.maven, &["--version"], "install Maven, or add `mvnw`"),
        RunnerKind::Gradle => (&tools.gradle, &["--version"], "install Gradle, or add `gradlew`"),
        RunnerKind::Command => return None,
        // Frameworks of packages run by Node; whether a package is installed is said by
        // `apex config check`.
        _ => (&tools.node, &["--version"], "install Node, and put it on PATH"),
    };
    Some(Needed { runner: runner.as_str(), program: program.to_owned(), arguments, mend })
}

async fn ask(patient: Patient<'_>, needed: Needed) -> Check {
    let Needed { runner, program, arguments, mend } = needed;
    let mut command = Command::new(&program);
    command
        .args(arguments)
        .current_dir(patient.root)
        .env_clear()
        .envs(patient.variables)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let words = format!("`{program} {}`", arguments.join(" "));
    let broken = |found: String| Check::not_fine(CheckState::Broken, runner, found, mend);
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) if output.status.success() => Check::fine(runner, version(&output.stdout)),
        Ok(Ok(output)) => broken(format!("{words} failed: {}", version(&output.stderr))),
        Ok(Err(error)) => broken(format!("{words} could not be started: {error}")),
        Err(_) => broken(format!("{words} gave no answer within {} seconds", PATIENCE.as_secs())),
    }
}

/// The first line that says something, bounded.
fn version(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no word");
    let line: String = line.chars().filter(|character| !character.is_control()).collect();
    line[..line.floor_char_boundary(SHOWN)].to_owned()
}
