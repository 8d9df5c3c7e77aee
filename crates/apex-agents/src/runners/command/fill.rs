//! The placeholders of a command that Apex fills in before the executor sees it.
//!
//! `{shard}` and `{shards}` are numbers from 1, and 1 of 1 without shards. `{tests}` stands for
//! the ids that are to run, otherwise for nothing; as an argument of its own it becomes one
//! argument for each id. `{file}` is the same with the part before `::`. `{out}` is left to the
//! executor.

use std::sync::Arc;

use apex_config::model::CommandLine;

/// A command with its placeholders.
#[derive(Clone, Debug)]
pub(super) struct Template {
    command: CommandLine,
    shard: (u32, u32),
}

impl Template {
    pub(super) fn new(command: &CommandLine, shard: Option<(u32, u32)>) -> Self {
        Self { command: command.clone(), shard: shard.unwrap_or((1, 1)) }
    }

    /// The argument vector for these ids.
    pub(super) fn arguments(&self, ids: &[Arc<str>]) -> Vec<String> {
        match &self.command {
            CommandLine::Arguments(arguments) => {
                arguments.iter().flat_map(|argument| self.argument(argument, ids)).collect()
            }
            CommandLine::Shell(text) => {
                vec!["sh".to_owned(), "-c".to_owned(), self.filled(text, ids, quoted)]
            }
        }
    }

    fn argument(&self, argument: &str, ids: &[Arc<str>]) -> Vec<String> {
        match argument {
            "{tests}" => ids.iter().map(|id| id.to_string()).collect(),
            "{file}" => files(ids).into_iter().map(str::to_owned).collect(),
            _ => vec![self.filled(argument, ids, |id| id.to_owned())],
        }
    }

    fn filled(&self, text: &str, ids: &[Arc<str>], written: fn(&str) -> String) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let (shard, shards) = self.shard;
        let mut text = text.replace("{shard}", &shard.to_string());
        text = text.replace("{shards}", &shards.to_string());
        if text.contains("{tests}") {
            let ids: Vec<String> = ids.iter().map(|id| written(id)).collect();
            text = text.replace("{tests}", &ids.join(" "));
        }
        if text.contains("{file}") {
            let files: Vec<String> = files(ids).into_iter().map(written).collect();
            text = text.replace("{file}", &files.join(" "));
        }
        text
    }
}

fn files(ids: &[Arc<str>]) -> Vec<&str> {
    let mut files: Vec<&str> =
        ids.iter().map(|id| id.split_once("::").map_or(&**id, |(file, _)| file)).collect();
    files.dedup();
    files
}

/// A word that a shell takes as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
