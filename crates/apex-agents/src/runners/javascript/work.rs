//! What a job of a framework of JavaScript runs: its files, its names, and the calls for them.

use std::sync::Arc;

use super::frameworks::{Call, Framework, variables};
use super::names;
use super::package::NodePackage;
use crate::runners::channel::place;
use crate::runners::context::{SessionContext, TestSelection};
use crate::runners::session::Invocation;

/// The files of a shard: every n-th.
pub(crate) fn files_of_shard(paths: &[String], shard: Option<(u32, u32)>) -> Vec<String> {
    let (number, count) = shard.unwrap_or((1, 1));
    let skipped = number.saturating_sub(1) as usize;
    paths.iter().skip(skipped).step_by(count.max(1) as usize).cloned().collect()
}

/// The files of a job, each once, whether it names them or tests in them.
pub(crate) fn selected_files(
    selection: &TestSelection<'_>,
    shard: Option<(u32, u32)>,
) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for path in files_of_shard(selection.paths, shard) {
        let file = names::file_of(&path);
        if !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
    }
    files
}

/// A part of the work that one program runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    /// Relative to the folder of the project; empty for all that the framework finds.
    pub(super) files: Vec<String>,
    /// A regular expression over names.
    pub(super) names: Option<String>,
    /// The tests that the names mean, where a crash is narrowed down; else empty.
    pub(super) suspects: Vec<Arc<str>>,
}

/// The work of one job.
pub(super) struct Work {
    framework: &'static Framework,
    /// Where the project is, relative to the root.
    pub(super) folder: String,
    /// The framework and its version, and what it asks for, for people.
    pub(super) version: String,
    /// Everything, as one batch.
    pub(super) all: Batch,
    /// The ids that are wanted, with those inside of them; none for all.
    wanted: Option<Vec<Arc<str>>>,
    program: Invocation,
    arguments: Vec<String>,
    is_part: bool,
    major: u32,
}

impl Work {
    /// The work of an attempt.
    pub(super) fn of(
        context: &SessionContext<'_>,
        framework: &'static Framework,
        package: Option<&NodePackage>,
    ) -> Self {
        let spec = context.spec;
        let selection = TestSelection::of(&spec.work);
        let folder = spec.working_directory.to_string();
        let wanted = wanted(context, &selection);
        let mut files = selected_files(&selection, spec.shard);
        if let (Some(ids), Some(_)) = (&wanted, context.only) {
            let named: Vec<&str> = ids.iter().map(|id| names::file_of(id)).collect();
            files.retain(|file| named.contains(&&*place(&folder, file)));
        }
        let names = wanted.as_ref().and_then(|ids| names::only(ids.iter().map(|id| &**id)));
        let program = package.map_or(framework.name, |package| package.program.as_str());
        Self {
            framework,
            version: package.map(described).unwrap_or_default(),
            all: Batch { files, names, suspects: Vec::new() },
            is_part: wanted.is_some() || spec.part.is_some() || spec.shard.is_some(),
            wanted,
            program: Invocation {
                arguments: vec![context.tools.node.clone(), program.to_owned()],
                working_directory: folder.clone(),
                env: variables(spec.runner),
                event_channel: Some("APEX_EVENTS"),
                private_files: framework.reporter,
                ..Invocation::default()
            },
            arguments: selection.arguments.to_vec(),
            major: package.and_then(NodePackage::major).unwrap_or_default(),
            folder,
        }
    }

    /// The program for a batch.
    pub(super) fn program(&self, batch: &Batch) -> Invocation {
        self.call(batch, false)
    }

    /// The program that lists.
    pub(super) fn listing(&self) -> Invocation {
        self.call(&self.all, true)
    }

    fn call(&self, batch: &Batch, is_listing: bool) -> Invocation {
        let mut program = self.program.clone();
        program.arguments.extend((self.framework.arguments)(&Call {
            files: &batch.files,
            names: batch.names.as_deref(),
            arguments: &self.arguments,
            is_part: self.is_part,
            major: self.major,
            is_listing,
        }));
        program
    }

    /// Whether a test is to be reported: patterns and paths may choose more than was wanted.
    pub(super) fn is_wanted(&self, id: &str) -> bool {
        let is_of_files = self.all.files.is_empty()
            || self.all.files.iter().any(|file| *place(&self.folder, file) == *names::file_of(id));
        let is_named = || {
            self.wanted.as_ref().is_none_or(|ids| ids.iter().any(|one| names::is_within(id, one)))
        };
        is_of_files && is_named()
    }

    /// Whether only some tests of the files are wanted: then tests that do not run are no news.
    pub(super) const fn is_by_name(&self) -> bool {
        self.wanted.is_some()
    }
}

fn described(package: &NodePackage) -> String {
    if package.node.is_empty() {
        format!("version {}", package.version)
    } else {
        format!("version {} asks for Node {}", package.version, package.node)
    }
}

/// The ids that are wanted; none where whole files are.
fn wanted(context: &SessionContext<'_>, selection: &TestSelection<'_>) -> Option<Vec<Arc<str>>> {
    if let Some(only) = context.only {
        return Some(only.to_vec());
    }
    let folder = &context.spec.working_directory;
    let has_names = selection.paths.iter().any(|path| path.contains("::"));
    has_names.then(|| selection.paths.iter().map(|path| place(folder, path)).collect())
}
