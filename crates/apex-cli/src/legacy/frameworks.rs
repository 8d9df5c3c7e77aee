//! What frameworks are told by flags: each in its own words, and a note where it has none.

use std::collections::BTreeSet;
use std::sync::Arc;

use apex_agents::machine::Machine;
use apex_config::model::{CommandLine, RunnerKind};
use apex_core::plan::{JobSpec, Plan, Work};

use super::asked::Asked;
use super::flag::Flag;
use super::strict::is_strict;
use super::table;
use crate::project::Project;

/// What a flag says to the frameworks that have words for it.
struct Told {
    flag: Flag,
    words: Vec<(RunnerKind, Vec<String>)>,
}

/// Adds to every job what flags and the words behind `--` say to its framework.
pub(crate) fn tell(plan: &mut Plan, asked: &Asked, project: &Project, notes: &mut Vec<String>) {
    let told = told(asked, plan, project, notes);
    let kinds: BTreeSet<RunnerKind> = plan.jobs.iter().map(|job| job.spec.runner).collect();
    for one in &told {
        let knows = |kind: &RunnerKind| one.words.iter().any(|(known, _)| known == kind);
        if !kinds.is_empty() && !kinds.iter().any(knows) {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            let spelled = table::spelling(one.flag);
            notes.push(format!(
                "{spelled} has no effect here: {} does not know it",
                names.join(", ")
            ));
        }
    }
    for job in &mut plan.jobs {
        let runner = job.spec.runner;
        let own = told.iter().flat_map(|one| &one.words).filter(|(kind, _)| *kind == runner);
        let mut words: Vec<String> = own.flat_map(|(_, words)| words.clone()).collect();
        words.extend(asked.for_framework.iter().cloned());
        if words.is_empty() {
            continue;
        }
        add(&mut job.spec, &words);
        if let Some(undivided) = &mut job.undivided {
            add(Arc::make_mut(undivided), &words);
        }
    }
}

fn add(spec: &mut JobSpec, words: &[String]) {
    match &mut spec.work {
        Work::Tests { arguments, .. } => arguments.extend(words.iter().cloned()),
        Work::Command { command: CommandLine::Arguments(arguments), .. } => {
            arguments.extend(words.iter().cloned());
        }
        Work::Command { command: CommandLine::Shell(text), .. } => {
            for word in words {
                text.push_str(&format!(" '{}'", word.replace('\'', "'\\''")));
            }
        }
    }
}

fn told(asked: &Asked, plan: &Plan, project: &Project, notes: &mut Vec<String>) -> Vec<Told> {
    use RunnerKind::{Cypress, Go, Jest, Mocha, Playwright, Pytest, Vitest};
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut all = Vec::new();
    let mut say =
        |flag: Flag, told: Vec<(RunnerKind, Vec<String>)>| all.push(Told { flag, words: told });
    if asked.is_on(Flag::FastFail) || asked.value(Flag::Maxfail) == Some("1") {
        say(
            Flag::FastFail,
            vec![
                (Pytest, words(&["-x"])),
                (Jest, words(&["--bail"])),
                (Vitest, words(&["--bail=1"])),
                (Mocha, words(&["--bail"])),
                (Playwright, words(&["--max-failures=1"])),
                (Go, words(&["-failfast"])),
            ],
        );
    } else if let Some(number) = asked.value(Flag::Maxfail).filter(|number| *number != "0") {
        say(
            Flag::Maxfail,
            vec![
                (Pytest, vec![format!("--maxfail={number}")]),
                (Jest, vec![format!("--bail={number}")]),
                (Vitest, vec![format!("--bail={number}")]),
                (Playwright, vec![format!("--max-failures={number}")]),
            ],
        );
    }
    if asked.is_on(Flag::FailedFirst) {
        say(Flag::FailedFirst, vec![(Pytest, words(&["--failed-first"]))]);
    }
    if asked.is_on(Flag::UpdateSnapshots) {
        let told = [(Jest, "-u"), (Vitest, "-u"), (Playwright, "--update-snapshots")];
        say(Flag::UpdateSnapshots, told.map(|(kind, word)| (kind, words(&[word]))).to_vec());
    }
    if asked.is_on(Flag::ShowOutput) || asked.value(Flag::Capture) == Some("no") {
        say(
            Flag::ShowOutput,
            vec![(Pytest, words(&["--capture=no"])), (Vitest, words(&["--silent=false"]))],
        );
    } else if let Some(way) = asked.value(Flag::Capture) {
        say(Flag::Capture, vec![(Pytest, vec![format!("--capture={way}")])]);
    }
    if asked.is_on(Flag::CypressHeaded) || asked.is_on(Flag::CypressOpen) {
        let headed = words(&["--headed"]);
        say(Flag::CypressHeaded, vec![(Cypress, headed.clone()), (Playwright, headed)]);
    }
    if let Some(browser) = asked.value(Flag::CypressBrowser) {
        let mut known = vec![(Cypress, words(&["--browser", browser]))];
        if browser == "firefox" {
            known.push((Playwright, words(&["--browser", browser])));
        }
        say(Flag::CypressBrowser, known);
    }
    if asked.is_on(Flag::Parallel) {
        say(Flag::Parallel, workers(asked, plan, project, notes));
    }
    let coverage = coverage(asked, plan, project, notes);
    if !coverage.is_empty() {
        say(Flag::Coverage, vec![(Pytest, coverage)]);
    }
    all
}

/// Worker counts: of pytest where pytest-xdist is there; other frameworks have their own.
fn workers(
    asked: &Asked,
    plan: &Plan,
    project: &Project,
    notes: &mut Vec<String>,
) -> Vec<(RunnerKind, Vec<String>)> {
    let count = asked.whole(Flag::MaxWorkers).or_else(|| asked.whole(Flag::Workers)).unwrap_or(4);
    let number = count.to_string();
    let mut told = vec![
        (RunnerKind::Go, vec![format!("-parallel={number}")]),
        (RunnerKind::Cargo, vec![format!("--jobs={number}")]),
        (RunnerKind::Vitest, vec![format!("--maxWorkers={number}")]),
        (RunnerKind::Playwright, vec![format!("--workers={number}")]),
        (RunnerKind::Jest, Vec::new()),
    ];
    let is_asked = asked.is_on(Flag::DryRun) || pytest_has(plan, project, "xdist");
    if is_asked {
        told.push((RunnerKind::Pytest, vec!["-n".to_owned(), number]));
    } else if plan.jobs.iter().any(|job| job.spec.runner == RunnerKind::Pytest) {
        told.push((RunnerKind::Pytest, Vec::new()));
        notes.push(
            "--parallel: pytest-xdist is not installed; categories run beside each other"
                .to_owned(),
        );
    }
    told
}

/// Whether coverage is asked for.
pub(crate) fn wants_coverage(asked: &Asked) -> bool {
    let is_asked =
        asked.is_on(Flag::Coverage) || asked.is_given(Flag::MinCoverage) || is_strict(asked);
    is_asked && !asked.is_on(Flag::NoCoverage)
}

fn coverage(asked: &Asked, plan: &Plan, project: &Project, notes: &mut Vec<String>) -> Vec<String> {
    let is_wanted = wants_coverage(asked);
    let has_pytest = plan.jobs.iter().any(|job| job.spec.runner == RunnerKind::Pytest);
    if (!is_wanted && !asked.is_on(Flag::NoCoverage)) || !has_pytest {
        if is_wanted {
            notes.push("--coverage: no framework of this selection is measured".to_owned());
        }
        return Vec::new();
    }
    if !asked.is_on(Flag::DryRun) && !pytest_has(plan, project, "pytest_cov") {
        if is_wanted {
            notes.push(
                "--coverage: nothing is measured, pytest-cov is not installed (pip install \
                 pytest-cov)"
                    .to_owned(),
            );
        }
        return Vec::new();
    }
    let words: &[&str] = if is_wanted {
        &["--cov=.", "--cov-append", "--cov-report=html", "--cov-report=term"]
    } else {
        &["--no-cov"]
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Whether the interpreter of every pytest job can import a module.
pub(crate) fn pytest_has(plan: &Plan, project: &Project, module: &str) -> bool {
    let machine = Machine { variables: &project.variables, folder: &project.loaded.root };
    let folders: BTreeSet<&str> = plan
        .jobs
        .iter()
        .filter(|job| job.spec.runner == RunnerKind::Pytest)
        .map(|job| &*job.spec.working_directory)
        .collect();
    !folders.is_empty()
        && folders.into_iter().all(|folder| {
            machine.python_of(folder).is_some_and(|python| machine.imports(&python, module))
        })
}
