//! From what was found to jobs: environment, shards, and the reason.

use std::sync::Arc;

use apex_config::model::{RunnerKind, Shards};
use apex_core::plan::{JobSpec, Work};

use super::wanted::Wanted;
use super::words::TEST_ROOTS;

/// Work of one project, before it is cut.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) runner: RunnerKind,
    pub(super) folder: String,
    pub(super) work: Work,
    /// How it was found, for people.
    pub(super) reason: String,
    /// Whether only names of files or targets speak for it.
    pub(super) by_name: bool,
}

/// The jobs of a category.
pub(super) fn jobs(category: &Wanted<'_>, found: Vec<Found>) -> Vec<JobSpec> {
    let env = Arc::new(category.recipe.env.clone());
    let mut jobs = Vec::with_capacity(found.len());
    for one in found {
        let count = count(category, &one);
        let spec = JobSpec {
            runner: one.runner,
            working_directory: one.folder.into(),
            work: with_arguments(one.work, &category.recipe.arguments),
            env: Arc::clone(&env),
            shard: None,
            part: None,
            found_by: one.reason.into(),
        };
        if count <= 1 {
            jobs.push(spec);
        } else {
            jobs.extend(
                (1..=count).map(|number| JobSpec { shard: Some((number, count)), ..spec.clone() }),
            );
        }
    }
    jobs
}

/// The work with what the layer file says to its framework besides.
fn with_arguments(mut work: Work, further: &[String]) -> Work {
    if let Work::Tests { arguments, .. } = &mut work {
        arguments.extend_from_slice(further);
    }
    work
}

/// Into how many jobs the user wants the work cut; `auto` is decided by the plan. Files are not
/// cut, so that there are never more shards than files; a command is only cut when it can be told
/// which part it runs.
fn count(category: &Wanted<'_>, found: &Found) -> u32 {
    let Shards::Fixed(wanted) = category.shards else { return 1 };
    match &found.work {
        Work::Command { .. } if !takes_parts(&found.work) => 1,
        Work::Command { .. } => wanted,
        Work::Tests { paths, .. } if found.runner.runs_scripts() && !paths.is_empty() => {
            wanted.min(u32::try_from(paths.len()).unwrap_or(u32::MAX))
        }
        Work::Tests { .. } => wanted,
    }
}

/// Whether work is a command that can be told which part of how many it runs: by its number, or
/// by the tests that were listed before.
pub(super) fn takes_parts(work: &Work) -> bool {
    let Work::Command { command, discover, .. } = work else { return false };
    command.mentions("{shard}") || discover.is_some() && command.names_tests()
}

/// Tests of a framework by paths, without anything else.
pub(super) fn tests(paths: Vec<String>) -> Work {
    Work::Tests { paths, markers: None, keyword: None, ignore: Vec::new(), arguments: Vec::new() }
}

/// Tests of a framework by its own arguments.
pub(super) fn by_arguments(arguments: Vec<String>) -> Work {
    Work::Tests { paths: Vec::new(), markers: None, keyword: None, ignore: Vec::new(), arguments }
}

/// The shortest list of folders and files that means exactly these test files: a folder stands
/// for its files when all of its test files are meant.
pub(super) fn compact(mine: &[String], all: &[String]) -> Vec<String> {
    let chosen: std::collections::HashSet<&str> = mine.iter().map(String::as_str).collect();
    let strange: Vec<&str> =
        all.iter().map(String::as_str).filter(|one| !chosen.contains(one)).collect();
    let is_pure = |folder: &str| {
        let first = strange.partition_point(|one| *one < folder);
        !strange[first..]
            .iter()
            .take_while(|one| one.starts_with(folder))
            .any(|one| one.as_bytes().get(folder.len()) == Some(&b'/'))
    };
    let mut paths: Vec<String> = Vec::new();
    for file in mine {
        if paths.last().is_some_and(|last| file.starts_with(&format!("{last}/"))) {
            continue;
        }
        let pure = folders_of(file).find(|folder| is_pure(folder));
        paths.push(pure.unwrap_or(file).to_owned());
    }
    paths
}

/// The folders of a file from the outermost, beginning with its test root where it has one: what
/// lies beside the tests of a package is none of them.
fn folders_of(file: &str) -> impl Iterator<Item = &str> {
    let folders: Vec<&str> = file.match_indices('/').map(|(at, _)| &file[..at]).collect();
    let name =
        |folder: &str| folder.rsplit('/').next().is_some_and(|one| TEST_ROOTS.contains(&one));
    let root = folders.iter().position(|folder| name(folder)).unwrap_or(0);
    folders.into_iter().skip(root)
}
