//! Background work of the earlier command line, in the words of the subcommands that do it.
//!
//! This file only translates. What `apex run --background` and `apex bg` do is theirs;
//! where a build has no such subcommand, that is said.

use super::asked::Asked;
use super::flag::Flag;
use super::setting;
use super::strict::is_strict;
use crate::args;
use crate::commands;
use crate::failure::Failure;
use crate::out;

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
pub(crate) fn asked(asked: &Asked) -> Result<Option<u8>, Failure> {
    let calls = looks(asked);
    if calls.is_empty() {
        return Ok(None);
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
        worst = worst.max(dispatch(asked, call)?);
    }
    Ok(Some(worst))
}

/// Does what a subcommand does.
pub(crate) fn dispatch(asked: &Asked, mut words: Vec<String>) -> Result<u8, Failure> {
    // A run that is left to the background is a matter of `bg`, too.
    let command = if words[0] == "run" { "bg" } else { words[0].as_str() };
    if !args::command_names().iter().any(|name| name == command) {
        return Err(Failure::environment(
            format!("this build has no `apex {command}`"),
            "look at runs with `apex runs list`",
        ));
    }
    for (flag, option) in [(Flag::ProjectRoot, "--project"), (Flag::Config, "--config")] {
        if let Some(value) = asked.value(flag) {
            words.extend([option.to_owned(), value.to_owned()]);
        }
    }
    let code = commands::execute(&args::parse_from(words))?;
    Ok(u8::from(code.number() != 0))
}
