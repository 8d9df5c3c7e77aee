//! The command lines of the runs of `apex watch`, from the one that was typed.

use std::ffi::{OsStr, OsString};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory};

use super::Arguments;

/// The options that choose what runs: what failed is chosen in their place, and its words name
/// the environment. The name of a run is given to each.
const CHOOSING: [&str; 11] = [
    "paths",
    "mode",
    "layers",
    "categories",
    "no_dependencies",
    "env",
    "affected",
    "shard",
    "resume",
    "restart",
    "run_id",
];

/// The words behind `apex watch` that belong to its runs, as they were typed: all but the word
/// `watch` itself and `--restart`. Values of options before the word are not mistaken for it.
pub(crate) fn words_of_watched_runs() -> Vec<OsString> {
    const WITH_VALUE: [&str; 3] = ["--project", "--config", "--color"];
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut at = 0;
    while words.get(at).is_some_and(|word| word != "watch") {
        at += if WITH_VALUE.iter().any(|option| words[at] == *option) { 2 } else { 1 };
    }
    if let Some(word) = words.get_mut(at) {
        *word = "run".into();
    }
    words.retain(|word| word != "--restart");
    words
}

/// The same for a run of only this, as `apex run` takes it: every option that was typed but those
/// that choose what runs.
pub(crate) fn words_of_watched_part(part: &[String]) -> Vec<OsString> {
    let mut grammar = Arguments::command();
    grammar.build();
    let typed = grammar.clone().get_matches();
    let watch = typed.subcommand_matches("watch").zip(grammar.find_subcommand("watch"));
    let options = watch.into_iter().flat_map(|(typed, command)| {
        command.get_arguments().flat_map(move |option| words_of(option, typed))
    });
    let part = part.iter().map(Into::into);
    std::iter::once("run".into()).chain(options).chain(part).collect()
}

/// An option with its values, once for each, when it was typed and may stay.
fn words_of(option: &Arg, typed: &ArgMatches) -> Vec<OsString> {
    let id = option.get_id().as_str();
    let was_typed = || typed.value_source(id) == Some(ValueSource::CommandLine);
    let Some(long) = option.get_long().filter(|_| !CHOOSING.contains(&id) && was_typed()) else {
        return Vec::new();
    };
    let word = format!("--{long}");
    match option.get_action() {
        ArgAction::SetTrue => vec![word.into()],
        ArgAction::Count => vec![word.into(); usize::from(typed.get_count(id))],
        _ => {
            let values = typed.get_raw(id).into_iter().flatten();
            // In one word: a value may look like an option.
            let in_one = |value: &OsStr| {
                let mut word = OsString::from(format!("{word}="));
                word.push(value);
                word
            };
            values.map(in_one).collect()
        }
    }
}
