//! One category: a kind of tests, and how its work is found and run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{
    CategoryName, Colour, EnvironmentName, LayerId, ModelAccess, Oversight, RetryCauses, RetryWhen,
    ServiceName,
};

/// A kind of tests with everything that is known about it: the category table, the repository's
/// own table and the entry of the layer, in this order, the later winning.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Category {
    /// Its name.
    pub name: CategoryName,
    /// Whether the repository made it up: neither table knows it.
    pub is_own: bool,
    /// One line for people.
    pub summary: String,
    /// How much it matters; orders a category plan.
    pub priority: Priority,
    /// What sort of tests it holds.
    pub kind: CategoryKind,
    /// The layer that lists it, if one does.
    pub layer: Option<LayerId>,
    /// Limit for all its jobs together, multipliers included.
    pub timeout: Duration,
    /// Time between the request to end and the kill.
    pub grace: Duration,
    /// Expected duration before anything was measured.
    pub estimate: Duration,
    /// Jobs of it at the same time.
    pub max_parallel: u32,
    /// Order inside its layer, 1 to 99; groups of a hybrid layer.
    pub priority_order: u32,
    /// Categories that come before it in a category plan.
    pub depends_on: Vec<CategoryName>,
    /// Categories it never runs beside.
    pub conflicts_with: Vec<CategoryName>,
    /// Whether it may run beside any other category at all.
    pub parallel_safe: bool,
    /// Names that its jobs hold alone: no two jobs with a name in common run at the same time.
    pub serial: Vec<Arc<str>>,
    /// What it loads; two categories with the same memory, cpu or database mark do not pair.
    pub load: Vec<Load>,
    /// Services that are up before its first job.
    pub services: Vec<ServiceName>,
    /// Environments it is bound to; empty means every one.
    pub only_in: Vec<EnvironmentName>,
    /// Whether it needs the machine to itself.
    pub dedicated: bool,
    /// Memory it needs to start, in mebibytes.
    pub min_memory_mb: u32,
    /// Whether a failed test in it is a critical failure.
    pub critical: bool,
    /// What it is meant to meet, in the words of the category table, for example `real_services`.
    pub requires: Vec<String>,
    /// What a layer file says about its work; empty when Apex has to find it.
    pub recipe: Recipe,
    /// Which of the tests found belong to it.
    pub filters: Filters,
    /// Into how many jobs its work is cut.
    pub shards: Shards,
    /// Window for automatic splitting.
    pub split: Split,
    /// How often a failed test is tried again, 0 to 10.
    pub retries: u32,
    /// When a failed test is tried again.
    pub retry_when: RetryWhen,
    /// What an attempt may end with that is worth another one.
    pub retry_on: RetryCauses,
    /// What a flaky test counts as, when not as its layer says.
    pub flaky: Option<FlakyPolicy>,
    /// How its jobs are watched, and how much of what they write is kept.
    pub oversight: Oversight,
    /// The language model that its tests meet.
    pub model: ModelAccess,
    /// Whether its programs are asked for colours.
    pub colour: Colour,
    /// Free words for selection.
    pub tags: Vec<String>,
}

/// How much a category matters; smaller comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words of the category table are their own description")]
pub enum Priority {
    Critical = 1,
    High = 2,
    Medium = 3,
    Low = 4,
    Optional = 5,
}

/// What sort of tests a category holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the words of the category table are their own description")]
pub enum CategoryKind {
    Functional,
    Technical,
    Quality,
    Integration,
    Performance,
    Security,
    E2e,
}

/// A resource that a category loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the words of the category table are their own description")]
pub enum Load {
    Memory,
    Cpu,
    Database,
    Network,
}

/// What a layer file says about the work of a category.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Recipe {
    /// The framework that runs it, when the file names one.
    pub runner: Option<RunnerKind>,
    /// The program that is the category, when the file names one.
    pub command: Option<CommandLine>,
    /// The program that lists its tests, one a line.
    pub discover: Option<CommandLine>,
    /// Where its tests are: globs relative to [`Recipe::working_directory`].
    pub paths: Vec<String>,
    /// Where it runs, relative to the project root.
    pub working_directory: Option<String>,
    /// Files whose change concerns it.
    pub inputs: Vec<String>,
    /// Glob of the JUnit, TAP, CTRF or event files that a command writes, `stdout` for TAP on its
    /// standard output, `events` for lines appended to the path in `APEX_EVENTS`.
    pub report: Option<String>,
    /// Further arguments of its framework.
    pub arguments: Vec<String>,
    /// Additional environment of its jobs.
    pub env: BTreeMap<String, String>,
}

impl Recipe {
    /// Whether the file says nothing, so that the work has to be found by convention.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runner.is_none() && self.command.is_none() && self.paths.is_empty()
    }
}

/// The test frameworks that Apex knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are the names of the frameworks")]
pub enum RunnerKind {
    Pytest,
    Unittest,
    Cargo,
    Nextest,
    Go,
    Maven,
    Gradle,
    Jest,
    Vitest,
    Mocha,
    Node,
    Playwright,
    Cypress,
    Command,
}

impl RunnerKind {
    /// Every runner, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::Pytest,
        Self::Unittest,
        Self::Cargo,
        Self::Nextest,
        Self::Go,
        Self::Maven,
        Self::Gradle,
        Self::Jest,
        Self::Vitest,
        Self::Mocha,
        Self::Node,
        Self::Playwright,
        Self::Cypress,
        Self::Command,
    ];

    /// Whether it is a framework of JavaScript that its project installs: its tests are files, and
    /// its program is run by Node.
    #[must_use]
    pub const fn is_javascript(self) -> bool {
        matches!(self, Self::Jest | Self::Vitest | Self::Mocha | Self::Playwright | Self::Cypress)
    }

    /// Whether its tests are files of JavaScript or TypeScript.
    #[must_use]
    pub const fn runs_scripts(self) -> bool {
        matches!(self, Self::Node) || self.is_javascript()
    }

    /// Whether it can be asked for a file of its tests.
    #[must_use]
    pub const fn takes_paths(self) -> bool {
        let is_other =
            matches!(self, Self::Pytest | Self::Unittest | Self::Go | Self::Maven | Self::Gradle);
        is_other || self.runs_scripts()
    }

    /// Whether it can be asked for a test inside of a file.
    #[must_use]
    pub const fn takes_ids(self) -> bool {
        matches!(self, Self::Pytest | Self::Unittest) || self.is_javascript()
    }

    /// Whether it keeps the files of its tests apart from each other, so that they may run in
    /// several jobs unasked.
    #[must_use]
    pub const fn isolates_files(self) -> bool {
        matches!(self, Self::Node | Self::Jest | Self::Vitest | Self::Playwright | Self::Cypress)
    }

    /// The word for it in a layer file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pytest => "pytest",
            Self::Unittest => "unittest",
            Self::Cargo => "cargo",
            Self::Nextest => "nextest",
            Self::Go => "go",
            Self::Maven => "maven",
            Self::Gradle => "gradle",
            Self::Jest => "jest",
            Self::Vitest => "vitest",
            Self::Mocha => "mocha",
            Self::Node => "node",
            Self::Playwright => "playwright",
            Self::Cypress => "cypress",
            Self::Command => "command",
        }
    }
}

/// A program to run, as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// A list: an argument vector, no shell. Never empty.
    Arguments(Vec<String>),
    /// A text: handed to `sh -c`.
    Shell(String),
}

impl CommandLine {
    /// Whether this text stands in it.
    #[must_use]
    pub fn mentions(&self, text: &str) -> bool {
        match self {
            Self::Arguments(arguments) => arguments.iter().any(|one| one.contains(text)),
            Self::Shell(command) => command.contains(text),
        }
    }

    /// Whether it says which tests run: `{tests}` or `{file}`.
    #[must_use]
    pub fn names_tests(&self) -> bool {
        self.mentions("{tests}") || self.mentions("{file}")
    }
}

/// Which of the tests found belong to a category: some include pattern and no exclude pattern.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filters {
    /// Words or globs; empty includes everything.
    pub include: Vec<String>,
    /// Words or globs.
    pub exclude: Vec<String>,
}

/// Into how many jobs the work of a category is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// Exactly this many, 1 to 64.
    Fixed(u32),
    /// By what starting a program costs against what its tests take.
    Auto,
    /// Like [`Self::Auto`] where its framework runs each file in a program of its own anyway. Tests
    /// of Python that have always shared a program may depend on each other: they are cut by whole
    /// files, and only on trust. Else one.
    WhereSafe,
}

/// Window for automatic splitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Target duration of one shard.
    pub window: Duration,
    /// Largest number of shards.
    pub max_shards: u32,
}

/// What a flaky test (failed, then passed on a retry) counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FlakyPolicy {
    /// A pass.
    Pass,
    /// A pass that is shown.
    #[default]
    Warn,
    /// A failure.
    Fail,
}
