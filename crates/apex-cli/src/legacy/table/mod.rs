//! Every flag of the earlier command line: its spellings, what it takes, what it means.
//!
//! This is the one table: parsing, help and `apex compat list` come from it. It does not depend on
//! what is installed, nor on any file: only values that a repository defines itself (categories,
//! sets, layers, environments, modes) are checked later, against the configuration.

mod first;
mod later;

use super::flag::Flag;

/// The largest whole number that a flag takes, where nothing smaller is said.
pub(crate) const MOST: u64 = 10_000_000;

/// One row: spellings that mean the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) means: Means,
    pub(crate) kind: Kind,
    pub(crate) group: Group,
    /// Every spelling, separated by blanks, the usual one first.
    pub(crate) spellings: &'static str,
    pub(crate) takes: Takes,
    /// What holds without it, for people.
    pub(crate) default: &'static str,
    /// What it means, for people.
    pub(crate) about: &'static str,
}

/// Which flag a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// One of its own.
    Own(Flag),
    /// The same as another row's.
    As(Flag),
    /// Another row's, with this value.
    AsWord(Flag, &'static str),
}

impl Means {
    pub(crate) const fn flag(self) -> Flag {
        match self {
            Self::Own(flag) | Self::As(flag) | Self::AsWord(flag, _) => flag,
        }
    }
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The earlier runner had it: may be abbreviated.
    Parser,
    /// The earlier runner only passed it to itself.
    SelfPassed,
    /// People use it, and the earlier runner refused it.
    Alias,
    /// New here.
    New,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Parser => "parser",
            Self::SelfPassed => "self",
            Self::Alias => "alias",
            Self::New => "new",
        }
    }
}

/// What a row is about: its heading in the help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Selection,
    Looking,
    Environment,
    Engine,
    Parallel,
    Failing,
    Checking,
    Frameworks,
    Showing,
    Reports,
    Layers,
    Streaming,
    Background,
    Own,
}

impl Group {
    /// Every group with its heading, in the order of the help page.
    pub(crate) const ALL: [(Self, &'static str); 14] = [
        (Self::Selection, "Selecting tests"),
        (Self::Looking, "Looking without running"),
        (Self::Environment, "Environment and services"),
        (Self::Engine, "Container engine"),
        (Self::Parallel, "Running in parallel"),
        (Self::Failing, "Failing and time"),
        (Self::Checking, "Checking before the run"),
        (Self::Frameworks, "Frameworks"),
        (Self::Showing, "Showing"),
        (Self::Reports, "Reports and coverage"),
        (Self::Layers, "Layers"),
        (Self::Streaming, "Streaming and monitoring"),
        (Self::Background, "Background work"),
        (Self::Own, "Configuration and verdict"),
    ];
}

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Takes {
    /// Nothing, or `=true` and `=false`.
    Nothing,
    /// Words up to the next option, at least one.
    Words,
    /// Words up to the next option.
    WordsOrNone,
    /// One value.
    Text,
    /// A path, if one follows.
    OptionalPath,
    /// A whole number in this range.
    Whole(u64, u64),
    /// A number in this range.
    Number(f64, f64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Some of these words, separated by commas.
    ListOf(&'static [&'static str]),
}

impl Takes {
    /// What stands behind the flag in help, empty when nothing does.
    pub(crate) fn placeholder(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Words => "WORD...".to_owned(),
            Self::WordsOrNone => "[WORD...]".to_owned(),
            Self::Text => "VALUE".to_owned(),
            Self::OptionalPath => "[PATH]".to_owned(),
            Self::Whole(least, MOST) => format!("{least}.."),
            Self::Whole(least, most) => format!("{least}..{most}"),
            Self::Number(least, most) => format!("{least}..{most}"),
            Self::OneOf(words) => words.join("|"),
            Self::ListOf(words) => format!("{},...", words.join("|")),
        }
    }
}

const fn row(
    means: Means,
    kind: Kind,
    group: Group,
    spellings: &'static str,
    takes: Takes,
    default: &'static str,
    about: &'static str,
) -> Row {
    Row { means, kind, group, spellings, takes, default, about }
}

impl Row {
    pub(crate) fn all_spellings(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.spellings.split(' ')
    }

    /// The usual spelling.
    pub(crate) fn first(&self) -> &'static str {
        self.spellings.split(' ').next().unwrap_or_default()
    }
}

/// Every row, those of the earlier runner first.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    first::FROZEN.iter().chain(later::LATER)
}

/// The rows that may be abbreviated.
pub(crate) fn frozen() -> &'static [Row] {
    first::FROZEN
}

/// The row with exactly this spelling.
pub(crate) fn find(spelling: &str) -> Option<&'static Row> {
    rows().find(|row| row.all_spellings().any(|own| own == spelling))
}

/// The usual spelling of a flag.
pub(crate) fn spelling(flag: Flag) -> &'static str {
    rows().find(|row| row.means == Means::Own(flag)).map_or("", Row::first)
}

/// Spellings that are refused, with what to do in their place.
pub(crate) const REFUSED: [(&str, &str); 8] = [
    ("--auth-required", "choose tests with --markers or --category security"),
    (
        "--benchmark-mode --quick-benchmark",
        "hand framework options over after --; timings: --profile",
    ),
    ("--phase", "choose tests with --pattern, a plan part with --resume-from"),
    ("--commit-count", "recorded runs are listed by `apex runs list`"),
    ("--compare-baselines --compare-baseline", "runs are compared with `apex runs diff`"),
    ("--concurrent-users", "hand framework options over after --"),
    ("--head-limit --limit --sample", "narrow with --pattern or stop early with --maxfail"),
    ("--websocket-validation", "--category websocket"),
];

/// Flags that no abbreviation may stand for: what they do is not to be done by mistake.
pub(crate) const NEVER_ABBREVIATED: [&str; 9] = [
    "--allow-prod",
    "--staging-e2e",
    "--kill-background",
    "--install-deps",
    "--update-snapshots",
    "--docker-force-restart",
    "--docker-bypass",
    "--docker-production",
    "--rebuild-all",
];
