//! The fields of what several machines share, on the wire: where a plan stands among them, and
//! what the verdict of a layer rests on in one part.

use std::sync::Arc;

use apex_config::model::{CategoryName, InvalidName};
use apex_core::judge::LayerFacts;
use apex_core::plan::{Matrix, PartLoad};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Text;
use super::seconds::Seconds;

/// Where a plan stands in a matrix of machines.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct MatrixLine<'a> {
    /// Which part it is, from 1; absent in the plan of all parts together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// How many parts.
    pub of: u32,
    /// What the split was made from.
    pub digest: Text<'a>,
    /// For each job of the plan of all parts, in its order, the part that runs it.
    pub parts: Vec<u32>,
    /// What is expected of each part.
    pub loads: Vec<PartLoadLine>,
}

/// What is expected of a part.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct PartLoadLine {
    pub jobs: u32,
    pub expected_seconds: Seconds,
}

impl<'a> From<&'a Matrix> for MatrixLine<'a> {
    fn from(matrix: &'a Matrix) -> Self {
        let loads = matrix
            .loads
            .iter()
            .map(|load| PartLoadLine { jobs: load.jobs, expected_seconds: load.expected.into() });
        Self {
            part: matrix.part,
            of: matrix.of,
            digest: Text::Borrowed(&matrix.digest),
            parts: matrix.parts.to_vec(),
            loads: loads.collect(),
        }
    }
}

impl From<MatrixLine<'_>> for Matrix {
    fn from(line: MatrixLine<'_>) -> Self {
        let loads = line
            .loads
            .into_iter()
            .map(|load| PartLoad { jobs: load.jobs, expected: load.expected_seconds.into() });
        Self {
            part: line.part,
            of: line.of,
            digest: Arc::from(&*line.digest),
            parts: line.parts.into(),
            loads: loads.collect(),
        }
    }
}

/// What the verdict of a layer rests on beside the outcomes of its tests. What is absent is zero,
/// false or empty.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct FactsLine<'a> {
    /// Tests that a budget of layer or run cut.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut_tests: u32,
    /// Tests that ran when a service they need was lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_tests: u32,
    /// Flaky tests that count as failures.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flaky_failures: u32,
    /// Failed tests that are critical.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub critical_failures: u32,
    /// Whether something of the environment failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub environment: bool,
    /// Whether a budget cut it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Whether the user skipped the rest of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skipped: bool,
    /// Whether it began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub began: bool,
    /// Whether a signal stopped the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// Why a rule stopped or blocked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Text<'a>>,
    /// Categories whose time limit was reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timed_out: Vec<Text<'a>>,
    /// Categories that could not run or could not be judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errored: Vec<Text<'a>>,
    /// Whether the result of some job contradicts itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contradiction: bool,
    /// Jobs that its budget left out, by choice.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub deferred: u32,
    /// Categories that no change concerned.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spared: u32,
    /// Categories that did not come to an end of their own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unfinished: u32,
}

impl<'a> From<&'a LayerFacts> for FactsLine<'a> {
    fn from(facts: &'a LayerFacts) -> Self {
        let names = |list: &'a [CategoryName]| {
            list.iter().map(|name| Text::Borrowed(name.as_str())).collect()
        };
        Self {
            cut_tests: facts.cut_tests,
            lost_tests: facts.lost_tests,
            flaky_failures: facts.flaky_failures,
            critical_failures: facts.critical_failures,
            environment: facts.environment,
            cut: facts.cut,
            skipped: facts.skipped,
            began: facts.began,
            interrupted: facts.interrupted,
            stopped: facts.stopped.as_ref().map(Text::from),
            timed_out: names(&facts.timed_out),
            errored: names(&facts.errored),
            contradiction: facts.contradiction,
            deferred: facts.deferred,
            spared: facts.spared,
            unfinished: facts.unfinished,
        }
    }
}

impl TryFrom<FactsLine<'_>> for LayerFacts {
    type Error = InvalidName;

    fn try_from(line: FactsLine<'_>) -> Result<Self, InvalidName> {
        let names = |list: Vec<Text<'_>>| -> Result<Vec<CategoryName>, InvalidName> {
            list.iter().map(|name| CategoryName::new(name)).collect()
        };
        Ok(Self {
            cut_tests: line.cut_tests,
            lost_tests: line.lost_tests,
            flaky_failures: line.flaky_failures,
            critical_failures: line.critical_failures,
            environment: line.environment,
            cut: line.cut,
            skipped: line.skipped,
            began: line.began,
            interrupted: line.interrupted,
            stopped: line.stopped.map(Text::into_owned),
            timed_out: names(line.timed_out)?,
            errored: names(line.errored)?,
            contradiction: line.contradiction,
            deferred: line.deferred,
            spared: line.spared,
            unfinished: line.unfinished,
            ..Self::default()
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}
