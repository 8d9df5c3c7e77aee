//! Conditions that somebody is told of.

use super::{CommandLine, LayerId};
use std::time::Duration;

/// A condition on what is measured of a run, and who is told when it holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// When it fires.
    pub condition: AlertCondition,
    /// The layer that is looked at; the whole run without one.
    pub layer: Option<LayerId>,
    /// How far back rates and counts of tests look; to the beginning without it.
    pub window: Option<Duration>,
    /// Tests that must have run before a rate of a run that goes on means anything.
    pub min_tests: u32,
    /// How long the condition must hold.
    pub hold: Duration,
    /// How bad it is.
    pub level: AlertLevel,
    /// Who is told.
    pub notify: Vec<Notify>,
    /// A program that is told, as JSON on its standard input.
    pub command: Option<CommandLine>,
    /// Whether nobody is told; it is still looked at.
    pub is_muted: bool,
}

/// When an alert fires.
#[derive(Clone, Debug, PartialEq)]
pub enum AlertCondition {
    /// A comparison with a number; what was not measured compares with nothing.
    Compare {
        /// What is looked at.
        metric: AlertMetric,
        /// How.
        comparison: Comparison,
        /// With what.
        bound: f64,
    },
    /// All of them hold.
    All(Vec<AlertCondition>),
    /// One of them holds.
    Any(Vec<AlertCondition>),
}

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the comparisons")]
pub enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Comparison {
    /// Its sign in an expression.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Above => value > bound,
            Self::AtLeast => value >= bound,
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
        }
    }
}

/// What an alert looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertMetric {
    /// Share of the tests that ran which failed, 0 to 1.
    FailureRate,
    /// Tests that failed.
    Failures,
    /// Share of the tests that ran which passed only when tried again, 0 to 1.
    FlakyRate,
    /// Time that run or layer took so far.
    DurationMinutes,
    /// The same by what earlier runs let expect.
    DurationRatio,
    /// The same by the time budget.
    BudgetShare,
    /// Largest memory of a job that was seen, in mebibytes, running ones included.
    MemoryMb,
    /// Jobs that wait.
    QueueLength,
    /// Services that were lost or failed.
    ServicesLost,
    /// Agents that failed or gave no sign of life.
    StaleAgents,
    /// 1 when the run has ended and something was wrong.
    RunFailed,
    /// 1 when a time budget was used up.
    BudgetExceeded,
    /// Share of the machine's processors that was used, 0 to 1.
    CpuShare,
    /// Memory that programs may still take, in mebibytes.
    MemoryAvailableMb,
    /// Share of the last ten seconds in which some work waited for a processor, 0 to 1.
    CpuPressure,
    /// The same for memory.
    MemoryPressure,
    /// The same for disks.
    IoPressure,
    /// Memory of Apex itself, in mebibytes.
    ApexMemoryMb,
}

impl AlertMetric {
    /// Every metric.
    pub const ALL: [Self; 18] = [
        Self::FailureRate,
        Self::Failures,
        Self::FlakyRate,
        Self::DurationMinutes,
        Self::DurationRatio,
        Self::BudgetShare,
        Self::MemoryMb,
        Self::QueueLength,
        Self::ServicesLost,
        Self::StaleAgents,
        Self::RunFailed,
        Self::BudgetExceeded,
        Self::CpuShare,
        Self::MemoryAvailableMb,
        Self::CpuPressure,
        Self::MemoryPressure,
        Self::IoPressure,
        Self::ApexMemoryMb,
    ];

    /// Their words, in the same order.
    pub const WORDS: [&'static str; 18] = [
        "failure_rate",
        "failures",
        "flaky_rate",
        "duration_minutes",
        "duration_ratio",
        "budget_share",
        "memory_mb",
        "queue_length",
        "services_lost",
        "stale_agents",
        "run_failed",
        "budget_exceeded",
        "cpu_share",
        "memory_available_mb",
        "cpu_pressure",
        "memory_pressure",
        "io_pressure",
        "apex_memory_mb",
    ];

    /// The word for it in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// What a word means.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == word)
    }
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words of files")]
pub enum AlertLevel {
    Low,
    Medium,
    High,
    Critical,
}

impl AlertLevel {
    /// The word for it in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notify {
    /// Apex's own log.
    Log,
    /// People at the console, behind the summary.
    Console,
    /// GitHub, as an annotation.
    GitHub,
    /// Whoever answers at a URL.
    Webhook {
        /// The URL; it may hold a secret.
        url: String,
        /// Whether it wants a message for Slack.
        is_slack: bool,
    },
}
