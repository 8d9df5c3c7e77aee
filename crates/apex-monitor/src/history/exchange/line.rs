//! The lines of an export: the one table of their names.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use apex_core::{Outcome, Verdict};
use serde::{Deserialize, Serialize};

use crate::history::row::{CuttingRow, InputsRow, JobRow, RunRow, TestRow};

/// Borrowed when a line is written and owned when it is read.
pub(super) type Text<'a> = Cow<'a, str>;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    /// The first line.
    Head { schema: Text<'a> },
    /// A run; its attempts follow.
    Run(RunLine<'a>),
    /// An attempt of a job of the latest run.
    Job(JobLine<'a>),
    /// An attempt of a test of the latest run.
    Test(TestLine<'a>),
    /// A line of a newer writer.
    #[serde(other)]
    Unknown,
}

/// A run.
#[derive(Serialize, Deserialize)]
pub(super) struct RunLine<'a> {
    pub(super) run: Text<'a>,
    pub(super) unix_millis: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) commit: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) is_changed: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) environment: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cores: Option<u32>,
    pub(super) slots: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<Text<'a>>,
    pub(super) duration_micros: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) inputs: Vec<InputsLine<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) cuttings: Vec<CuttingLine<'a>>,
    /// How many attempts of jobs follow.
    pub(super) jobs: u64,
    /// How many attempts of tests follow.
    pub(super) tests: u64,
}

/// The inputs of a category in a run.
#[derive(Serialize, Deserialize)]
pub(super) struct InputsLine<'a> {
    pub(super) category: Text<'a>,
    pub(super) fingerprint: Text<'a>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_sample: bool,
    pub(super) passed: bool,
}

/// How a category was cut in a run.
#[derive(Serialize, Deserialize)]
pub(super) struct CuttingLine<'a> {
    pub(super) category: Text<'a>,
    pub(super) parts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) whole: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) depends: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct JobLine<'a> {
    pub(super) category: Text<'a>,
    pub(super) layer: Text<'a>,
    pub(super) runner: Text<'a>,
    pub(super) job: u32,
    pub(super) attempt: u32,
    pub(super) ended_itself: bool,
    pub(super) duration_micros: u64,
    pub(super) in_tests_micros: u64,
    pub(super) tests: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peak_memory_mb: Option<u32>,
    pub(super) beside: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TestLine<'a> {
    pub(super) category: Text<'a>,
    pub(super) id: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) critical: bool,
    pub(super) job: u32,
    pub(super) attempt: u32,
    pub(super) outcome: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) duration_micros: Option<u64>,
}

impl<'a> From<&'a RunLine<'_>> for RunRow<'a> {
    fn from(line: &'a RunLine<'_>) -> Self {
        Self {
            run: &line.run,
            unix_millis: line.unix_millis,
            commit: line.commit.as_deref(),
            branch: line.branch.as_deref(),
            is_changed: line.is_changed,
            environment: line.environment.as_deref(),
            cores: line.cores,
            slots: line.slots,
            verdict: line.verdict.as_deref().and_then(Verdict::from_word),
            duration: Duration::from_micros(line.duration_micros),
            inputs: line.inputs.iter().map(InputsRow::from).collect(),
            cuttings: line.cuttings.iter().map(CuttingRow::from).collect(),
        }
    }
}

impl<'a> From<&'a InputsLine<'_>> for InputsRow<'a> {
    fn from(line: &'a InputsLine<'_>) -> Self {
        Self {
            category: &line.category,
            fingerprint: &line.fingerprint,
            is_sample: line.is_sample,
            passed: line.passed,
        }
    }
}

impl<'a> From<&'a CuttingLine<'_>> for CuttingRow<'a> {
    fn from(line: &'a CuttingLine<'_>) -> Self {
        Self {
            category: &line.category,
            parts: line.parts,
            whole: line.whole,
            depends: line.depends.as_deref(),
        }
    }
}

impl<'a> From<&'a JobLine<'_>> for JobRow<'a> {
    fn from(line: &'a JobLine<'_>) -> Self {
        Self {
            category: &line.category,
            layer: &line.layer,
            runner: &line.runner,
            job: line.job,
            attempt: line.attempt,
            ended_itself: line.ended_itself,
            duration: Duration::from_micros(line.duration_micros),
            in_tests: Duration::from_micros(line.in_tests_micros),
            tests: line.tests,
            peak_memory_mb: line.peak_memory_mb,
            beside: line.beside,
            outcome: line.outcome.as_deref().and_then(Outcome::from_word),
        }
    }
}

impl TestLine<'_> {
    /// The row; none for an outcome of a newer Apex.
    pub(super) fn row(&self) -> Option<TestRow<'_>> {
        Some(TestRow {
            category: &self.category,
            id: &self.id,
            file: self.file.as_deref().filter(|file| Path::new(file).is_relative()),
            critical: self.critical,
            job: self.job,
            attempt: self.attempt,
            outcome: Outcome::from_word(&self.outcome)?,
            duration: self.duration_micros.map(Duration::from_micros),
        })
    }
}
