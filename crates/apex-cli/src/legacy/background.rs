//! Background work of the earlier command line, in the words of the subcommands that do it.
//!
//! This file only translates. What `apex run --background` and `apex bg` do is theirs.

use super::asked::Asked;
use super::flag::Flag;
use super::strict::is_strict;
use super::{background_record, setting};
use crate::args::{self, Arguments, Command};
use crate::assemble::background::Tasks;
use crate::assemble::left_behind;
use crate::commands;
use crate::failure::Failure;
use crate::out;
use crate::project::Project;
use crate::render;

/// The category of a background task when nobody names one.
const USUAL: &str = "e2e";

/// Limit of a background task when nobody names one, in minutes.
const USUAL_MINUTES: u32 = 30;

/// The words of the subcommands that look at background work or end it, in their fixed order.
pub(crate) fn looks(asked: &Asked) -> Vec<Vec<String>> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut calls = Vec::new();
    if asked.is_on(Flag::BackgroundStatus) {
        calls.push(words(&["bg", "list"]));
    }
    if let Some(number) = asked.value(Flag::BackgroundResults) {
        calls.push(words(&["bg", "results", number]));
    }
    if let Some(task) = asked.value(Flag::KillBackground) {
        calls.push(words(&["bg", "cancel", task]));
    }
    if asked.value(Flag::ProgressMode) == Some("json") {
        calls.iter_mut().for_each(|call| call.push("--json".to_owned()));
    }
    calls
}

/// The words of the subcommand that queues the background task of a request; none when there is no
/// such task.
pub(crate) fn queued(asked: &Asked) -> Option<Vec<String>> {
    let flags =
        [Flag::QueueE2e, Flag::BackgroundE2e, Flag::BackgroundCategory, Flag::BackgroundMode];
    if !flags.iter().any(|flag| asked.is_given(*flag) && !asked.is_off(*flag)) {
        return None;
    }
    let minutes = asked.whole(Flag::BackgroundTimeout).unwrap_or(USUAL_MINUTES);
    let mut words = vec!["run".to_owned(), "--background".to_owned()];
    let mut option = |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
    let whole = asked.values(Flag::Category).join(",");
    let named = asked.value(Flag::BackgroundCategory).unwrap_or(USUAL);
    let is_whole = asked.is_on(Flag::BackgroundMode) && !whole.is_empty();
    option("--categories", if is_whole { &whole } else { named });
    option("--background-timeout", &minutes.to_string());
    if let Ok(Some(environment)) = setting::environment(asked) {
        option("--env", environment);
    }
    if asked.is_on(Flag::AllowProd) {
        words.push("--allow-prod".to_owned());
    }
    if asked.is_on(Flag::NoDependencies) || is_strict(asked) {
        words.push("--no-dependencies".to_owned());
    }
    Some(words)
}

/// Answers what is asked about background work; with `--dry-run` nothing is ended.
pub(crate) fn asked(asked: &Asked, project: &Project) -> Option<u8> {
    let calls = looks(asked);
    if calls.is_empty() {
        return None;
    }
    let mut worst = 0;
    for call in calls {
        if asked.is_on(Flag::DryRun) && call.iter().any(|word| word == "cancel") {
            out::people(&format!(
                "note: with --dry-run nothing is ended: apex {}\n",
                call.join(" ")
            ));
            continue;
        }
        let code = match commands::execute(&subcommand(asked, call)) {
            Ok(code) => u8::from(code.number() != 0),
            // A task that nobody knows is no mistake of the command line.
            Err(failure) => {
                out::people(&render::failure(&failure));
                1
            }
        };
        worst = worst.max(code);
    }
    background_record::keep(&project.loaded.root, &Tasks::of(project));
    Some(worst)
}

/// Leaves work to a task, and says its name as scripts look for it.
pub(crate) fn leave(asked: &Asked, project: &Project, words: Vec<String>) -> Result<(), Failure> {
    let arguments = subcommand(asked, words);
    let Command::Run(args) = &arguments.command else { return Ok(()) };
    let task = left_behind(&arguments.global, args)?;
    out::data(&format!("Task ID: {task}\n"));
    background_record::begin(&project.loaded.root, &Tasks::of(project), &task);
    Ok(())
}

/// A subcommand for the same project.
fn subcommand(asked: &Asked, mut words: Vec<String>) -> Arguments {
    for (flag, option) in [(Flag::ProjectRoot, "--project"), (Flag::Config, "--config")] {
        if let Some(value) = asked.value(flag) {
            words.extend([option.to_owned(), value.to_owned()]);
        }
    }
    args::parse_from(words)
}
