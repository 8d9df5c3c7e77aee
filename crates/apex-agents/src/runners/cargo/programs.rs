//! The programs of a cargo job, as invocations.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::build::Binary;
use super::inventory::inside;
use super::plain_env;
use crate::runners::context::Purpose;
use crate::runners::session::Invocation;

/// What a session is told.
pub(super) struct Settings {
    pub(super) cargo: String,
    pub(super) folder: String,
    pub(super) root: String,
    pub(super) arguments: Vec<String>,
    pub(super) program_arguments: Vec<String>,
    pub(super) includes_documentation: bool,
    pub(super) with_nextest: bool,
    /// Tests that a test program runs at once.
    pub(super) threads: usize,
    pub(super) purpose: Purpose,
    pub(super) shard: Option<(u32, u32)>,
    pub(super) only: Option<HashSet<Arc<str>>>,
}

/// One program of the attempt.
#[derive(Clone, Debug)]
pub(super) enum Task {
    Build,
    /// Names the tests of a program.
    List(usize),
    Nextest,
    /// Names the tests that nextest would run.
    ListNextest,
    /// Names the examples in the documentation.
    ListDocumentation,
    /// Runs a program, whole or only these tests.
    Run(usize, Option<Vec<String>>),
    /// Runs one test of a program that died.
    Single(usize, String),
    Documentation,
}

impl Settings {
    pub(super) fn invocation(&self, task: &Task, binaries: &[Binary]) -> Invocation {
        match task {
            Task::Build => {
                self.cargo(&["test", "--no-run", "--message-format=json-render-diagnostics"], &[])
            }
            Task::Nextest => self.nextest(&[
                "nextest",
                "run",
                "--message-format",
                "libtest-json-plus",
                "--no-fail-fast",
            ]),
            Task::ListNextest => self.nextest(&["nextest", "list", "--message-format", "json"]),
            Task::ListDocumentation => self.documentation(&self.listing()),
            Task::Documentation => self.documentation(&self.program_arguments),
            Task::List(binary) => self.program(&binaries[*binary], self.listing()),
            Task::Run(binary, names) => {
                let exact = names.iter().map(|_| "--exact".to_owned());
                let arguments = exact.chain(names.iter().flatten().cloned());
                let arguments = arguments.chain(self.program_arguments.iter().cloned());
                self.program(&binaries[*binary], arguments.collect())
            }
            Task::Single(binary, name) => {
                let mut arguments = vec!["--exact".to_owned(), name.clone()];
                arguments.extend(self.program_arguments.iter().cloned());
                self.program(&binaries[*binary], arguments)
            }
        }
    }

    /// The arguments by which a program names the tests that it would run.
    fn listing(&self) -> Vec<String> {
        let list = ["--list", "--format", "terse"].map(String::from);
        list.into_iter().chain(self.program_arguments.iter().cloned()).collect()
    }

    fn documentation(&self, program_arguments: &[String]) -> Invocation {
        let mut program = self.cargo(&["test", "--doc"], program_arguments);
        self.set_threads(&mut program.env);
        program
    }

    /// Says how many tests run at once, so that it is known.
    fn set_threads(&self, env: &mut BTreeMap<String, String>) {
        env.insert("RUST_TEST_THREADS".to_owned(), self.threads.to_string());
    }

    fn cargo(&self, words: &[&str], program_arguments: &[String]) -> Invocation {
        let mut arguments = vec![self.cargo.clone()];
        arguments.extend(words.iter().map(|word| (*word).to_owned()));
        arguments.extend(self.arguments.iter().filter(|one| *one != "--doc").cloned());
        if !program_arguments.is_empty() {
            arguments.push("--".to_owned());
            arguments.extend(program_arguments.iter().cloned());
        }
        Invocation {
            arguments,
            working_directory: self.folder.clone(),
            env: plain_env(),
            ..Invocation::default()
        }
    }

    fn nextest(&self, words: &[&str]) -> Invocation {
        let mut program = self.cargo(words, &self.program_arguments);
        let mut own = vec!["--color".to_owned(), "never".to_owned()];
        if let Some(only) = &self.only {
            own.push("--filterset".to_owned());
            own.push(only.iter().filter_map(|id| filter_of(id)).collect::<Vec<_>>().join(" | "));
        } else if let Some((number, count)) = self.shard {
            own.push("--partition".to_owned());
            own.push(format!("count:{number}/{count}"));
        }
        program.arguments.splice(words.len() + 1..words.len() + 1, own);
        program.env.insert("NEXTEST_EXPERIMENTAL_LIBTEST_JSON".to_owned(), "1".to_owned());
        program
    }

    /// A test program, in the folder of its package and with what cargo would tell it.
    fn program(&self, binary: &Binary, arguments: Vec<String>) -> Invocation {
        let package = binary.suite.split("::").next().unwrap_or_default();
        let mut env = plain_env();
        self.set_threads(&mut env);
        env.insert("CARGO_MANIFEST_DIR".to_owned(), binary.folder.clone());
        env.insert("CARGO_PKG_NAME".to_owned(), package.to_owned());
        Invocation {
            arguments: [vec![binary.executable.clone()], arguments].concat(),
            working_directory: inside(&self.root, &binary.folder).to_owned(),
            env,
            ..Invocation::default()
        }
    }
}

/// The filter of nextest that selects one test by its id.
fn filter_of(id: &str) -> Option<String> {
    let (suite, test) = id.split_once('$')?;
    let (package, target) = suite.split_once("::")?;
    Some(format!("(package(={package}) & binary(={target}) & test(={test}))"))
}
