//! The placeholders of a command that Apex fills in before the executor sees it.
//!
//! `{shard}` and `{shards}` are numbers from 1, and 1 of 1 without shards. `{tests}` stands for
//! the ids of a retry, otherwise for nothing; as an argument of its own it becomes one argument
//! for each id. `{file}` is the same with the part before `::`. `{out}` is left to the executor.

use apex_config::model::CommandLine;

use crate::runners::context::SessionContext;

/// The argument vector of a command.
pub(super) fn arguments(command: &CommandLine, context: &SessionContext<'_>) -> Vec<String> {
    match command {
        CommandLine::Arguments(arguments) => {
            arguments.iter().flat_map(|argument| argument_filled(argument, context)).collect()
        }
        CommandLine::Shell(text) => {
            vec!["sh".to_owned(), "-c".to_owned(), filled(text, context, quoted)]
        }
    }
}

fn argument_filled(argument: &str, context: &SessionContext<'_>) -> Vec<String> {
    match argument {
        "{tests}" => ids(context).map(str::to_owned).collect(),
        "{file}" => files(context).into_iter().map(str::to_owned).collect(),
        _ => vec![filled(argument, context, |id| id.to_owned())],
    }
}

fn filled(text: &str, context: &SessionContext<'_>, written: fn(&str) -> String) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    let (shard, shards) = context.spec.shard.unwrap_or((1, 1));
    let mut text = text.replace("{shard}", &shard.to_string());
    text = text.replace("{shards}", &shards.to_string());
    if text.contains("{tests}") {
        let ids: Vec<String> = ids(context).map(written).collect();
        text = text.replace("{tests}", &ids.join(" "));
    }
    if text.contains("{file}") {
        let files: Vec<String> = files(context).into_iter().map(written).collect();
        text = text.replace("{file}", &files.join(" "));
    }
    text
}

fn ids<'a>(context: &SessionContext<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    context.only.unwrap_or_default().iter().map(|id| &**id)
}

fn files<'a>(context: &SessionContext<'a>) -> Vec<&'a str> {
    let mut files: Vec<&str> =
        ids(context).map(|id| id.split_once("::").map_or(id, |(file, _)| file)).collect();
    files.dedup();
    files
}

/// A word that a shell takes as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
