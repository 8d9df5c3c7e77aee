//! What is checked before the first test: tools, files that can be read, and the jobs that were
//! asked for in front (install, lint, build, type check). The first that fails ends the run.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use apex_agents::detect::Inventory;
use apex_agents::errand::{Answer, Errand};
use apex_agents::machine::Machine;
use apex_config::model::CommandLine;
use apex_core::plan::CategoryWork;

use super::flag::Flag;
use super::gates::{Scene, notes};
use super::running::{self, say};
use crate::commands::status;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::{assemble, out, render};

/// Reads paths, one a line, and names those that are no Python.
const READ_ALL: &str = "import ast, sys
for path in sys.stdin.read().splitlines():
    try:
        ast.parse(open(path, 'rb').read(), path)
    except (OSError, SyntaxError, ValueError) as why:
        print(f'{path}: {why}')
";

/// The code when a check says no.
pub(super) fn before(scene: &Scene) -> Result<Option<u8>, Failure> {
    let asked = &scene.asked;
    if asked.is_on(Flag::CheckDeps) && !tools_are_there(scene) {
        return Ok(Some(environment_code(scene)));
    }
    if asked.is_on(Flag::FullValidate) && !asked.is_on(Flag::NoValidate) && !all_can_be_read(scene)
    {
        return Ok(Some(1));
    }
    if asked.is_on(Flag::StartDocker) && !engine_answers(scene)? {
        return Ok(Some(environment_code(scene)));
    }
    for job in JOBS {
        if asked.is_on(job.flag) && !run(scene, job)? {
            return Ok(Some(1));
        }
    }
    Ok(None)
}

/// Whether there is a container engine, which services were asked to be started in.
fn engine_answers(scene: &Scene) -> Result<bool, Failure> {
    let engine = assemble::runtime()?.block_on(status::engine(&scene.project));
    if !engine.is_reachable {
        out::people(&format!(
            "error: no container engine answers: {}\nhint: start it, or leave --start-docker out\n",
            engine.reason
        ));
    }
    Ok(engine.is_reachable)
}

fn environment_code(scene: &Scene) -> u8 {
    running::folded(ExitCode::Environment, running::is_fine(&scene.asked))
}

/// Whether every selected category has its tools; those that have not are named.
fn tools_are_there(scene: &Scene) -> bool {
    let mut text = String::new();
    for category in &scene.plan.categories {
        if let CategoryWork::Unavailable { reason } = &category.work {
            text.push_str(&format!("error: {}: {reason}\n", category.name));
        }
    }
    if !text.is_empty() {
        text.push_str("hint: install what is missing, or leave the category out\n");
        out::people(&text);
    }
    text.is_empty()
}

/// Whether every test file of Python in the repository can be parsed.
fn all_can_be_read(scene: &Scene) -> bool {
    let root = &scene.project.loaded.root;
    let inventory = Inventory::scan(root);
    let files: Vec<&str> = inventory.test_files().filter(|path| path.ends_with(".py")).collect();
    let machine = Machine { variables: &scene.project.variables, folder: root };
    let Some(python) = machine.python_of("").filter(|_| !files.is_empty()) else { return true };
    let words = [python.display().to_string(), "-c".to_owned(), READ_ALL.to_owned()];
    match answer(scene, root, &words, &files.join("\n")) {
        Ok(answer) if answer.stdout.is_empty() => true,
        Ok(answer) => {
            let broken: String =
                answer.stdout.lines().map(|line| format!("error: {line}\n")).collect();
            out::people(&format!("{broken}hint: mend it, or leave --full-validate out\n"));
            false
        }
        Err(why) => {
            notes(&[format!("--full-validate: {why}")]);
            true
        }
    }
}

/// What a program in front of the tests answers, which may take as long as a run.
fn answer(scene: &Scene, folder: &Path, words: &[String], input: &str) -> Result<Answer, String> {
    let config = &scene.project.loaded.config;
    let errand = Errand {
        command: &CommandLine::Arguments(words.to_vec()),
        folder,
        variables: &scene.project.variables,
        input,
        limit: scene.plan.budget.unwrap_or(config.execution.global_timeout),
    };
    let runtime = assemble::runtime().map_err(|failure| render::failure(&failure))?;
    runtime.block_on(errand.run())
}

/// A job in front of the categories, in the words of each sort of project.
struct Job {
    flag: Flag,
    title: &'static str,
    /// Names of scripts of `package.json`.
    scripts: &'static [&'static str],
    /// The file that marks a project, and what is run there; the first tool that exists.
    tools: &'static [(&'static str, &'static [&'static str])],
}

const JOBS: [&Job; 4] = [&INSTALL, &LINT, &BUILD, &TYPE_CHECK];

const INSTALL: Job = Job {
    flag: Flag::InstallDeps,
    title: "install-deps",
    scripts: &[],
    tools: &[
        ("package-lock.json", &["npm", "ci"]),
        ("package.json", &["npm", "install"]),
        ("requirements.txt", &["python3", "-m", "pip", "install", "-r", "requirements.txt"]),
        ("Cargo.toml", &["cargo", "fetch"]),
        ("go.mod", &["go", "mod", "download"]),
    ],
};

const LINT: Job = Job {
    flag: Flag::Lint,
    title: "lint",
    scripts: &["lint"],
    tools: &[
        ("pyproject.toml", &["ruff", "check", "."]),
        ("Cargo.toml", &["cargo", "clippy", "--all-targets"]),
        ("go.mod", &["go", "vet", "./..."]),
    ],
};

const BUILD: Job = Job {
    flag: Flag::Build,
    title: "build",
    scripts: &["build"],
    tools: &[("Cargo.toml", &["cargo", "build"]), ("go.mod", &["go", "build", "./..."])],
};

const TYPE_CHECK: Job = Job {
    flag: Flag::TypeCheck,
    title: "type-check",
    scripts: &["type-check", "typecheck", "check:types"],
    tools: &[
        ("tsconfig.json", &["npx", "--no-install", "tsc", "--noEmit"]),
        ("pyproject.toml", &["mypy", "."]),
        ("Cargo.toml", &["cargo", "check", "--all-targets"]),
    ],
};

/// Runs a job in every project of the selection; whether all went well.
fn run(scene: &Scene, job: &Job) -> Result<bool, Failure> {
    let root = &scene.project.loaded.root;
    let mut folders: BTreeSet<String> =
        scene.plan.jobs.iter().map(|job| job.spec.working_directory.to_string()).collect();
    folders.insert(String::new());
    let mut ran = false;
    for folder in &folders {
        let place = root.join(folder);
        let Some(mut words) = words_of(scene, job, &place) else { continue };
        if job.flag == Flag::Lint && scene.asked.is_on(Flag::Fix) {
            let separator = words.first().is_some_and(|word| word == "npm").then_some("--");
            words.extend(separator.into_iter().chain(["--fix"]).map(str::to_owned));
        }
        ran = true;
        if !one(scene, job, &place, &words) {
            return Ok(false);
        }
    }
    if !ran {
        notes(&[format!("--{}: no project of this selection has one", job.title)]);
    }
    Ok(true)
}

fn one(scene: &Scene, job: &Job, place: &Path, words: &[String]) -> bool {
    let began = Instant::now();
    let answer = answer(scene, place, words, "");
    let spent = began.elapsed().as_secs_f64();
    let (is_good, text) = match answer {
        Ok(answer) => (answer.status.success(), format!("{}{}", answer.stdout, answer.stderr)),
        Err(why) => (false, format!("{why}\n")),
    };
    let word = if is_good { "PASSED" } else { "FAILED" };
    say(scene, &format!("  {:<15} {word} ({spent:.2}s) {}\n", job.title, words.join(" ")));
    if !is_good {
        out::people(&text);
        say(scene, "Overall: FAILED\n");
    }
    is_good
}

/// What is run for a job in a folder: a script of that name, else the tool of its sort of project
/// when it is there.
fn words_of(scene: &Scene, job: &Job, place: &Path) -> Option<Vec<String>> {
    let package = std::fs::read_to_string(place.join("package.json")).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_str(&package).unwrap_or_default();
    let script = job.scripts.iter().find(|name| package["scripts"].get(**name).is_some());
    if let Some(script) = script {
        return Some(["npm", "run", script].map(str::to_owned).to_vec());
    }
    let machine =
        Machine { variables: &scene.project.variables, folder: &scene.project.loaded.root };
    let is_there = |(mark, words): &&(&str, &[&str])| {
        place.join(mark).is_file() && machine.lookup(words[0]).is_some()
    };
    let (_, words) = job.tools.iter().find(is_there)?;
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}
