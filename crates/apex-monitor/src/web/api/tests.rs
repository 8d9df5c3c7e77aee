//! Tests of a run, page by page; one of them; what its job wrote.

use std::io::{Read as _, Seek as _, SeekFrom};

use apex_core::view::{TestState, TestView};
use apex_core::{AttemptNumber, JobIx, Outcome, RunView, TestIx};
use axum::Json;
use axum::extract::{Path, Query, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::runs::{joined, open};
use crate::run_dir::RunDirectory;
use crate::web::Shared;
use crate::web::outline::{beginning, category_of};
use crate::web::problem::Problem;
use crate::wire::Seconds;

/// Tests of a page at most.
const MOST: usize = 500;
/// Bytes of output in one answer at most.
const MOST_OUTPUT: u64 = 256 * 1024;

/// Which tests are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Ask {
    q: String,
    outcome: String,
    category: String,
    sort: String,
    offset: usize,
    limit: Option<usize>,
}

/// Tests of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct TestPage {
    /// Tests of the run that are known.
    total: usize,
    /// Tests that fit what was asked.
    matched: usize,
    /// How many of these stand before the first one here.
    offset: usize,
    tests: Vec<TestRow>,
}

/// A test in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct TestRow {
    test: u32,
    id: String,
    category: String,
    /// `waiting`, `running` or a word of the outcomes.
    state: &'static str,
    duration_seconds: Option<f64>,
    attempts: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

/// `GET /api/runs/{run}/tests`.
pub(super) async fn list(
    State(shared): State<Shared>,
    Path(run): Path<String>,
    Query(ask): Query<Ask>,
) -> Result<Json<TestPage>, Problem> {
    let feed = open(&shared, &run).await?;
    let page = tokio::task::spawn_blocking(move || feed.with_view(|view| page_of(view, &ask)));
    joined(page.await).map(Json)
}

fn page_of(view: &RunView, ask: &Ask) -> TestPage {
    let wanted = Wanted::of(ask);
    let mut found: Vec<(u32, &TestView)> =
        (0_u32..).zip(view.tests()).filter(|(_, test)| wanted.holds(view, test)).collect();
    match ask.sort.as_str() {
        "duration" => found.sort_by_key(|(_, test)| std::cmp::Reverse(test.duration)),
        "name" => found.sort_by(|(_, one), (_, other)| one.case.id.cmp(&other.case.id)),
        _ => {}
    }
    let limit = ask.limit.unwrap_or(100).min(MOST);
    TestPage {
        total: view.tests().len(),
        matched: found.len(),
        offset: ask.offset,
        tests: found
            .into_iter()
            .skip(ask.offset)
            .take(limit)
            .map(|(number, test)| row(view, number, test))
            .collect(),
    }
}

/// What a test must be like.
struct Wanted<'a> {
    /// In small letters.
    text: String,
    outcomes: Vec<&'a str>,
    category: &'a str,
}

impl<'a> Wanted<'a> {
    fn of(ask: &'a Ask) -> Self {
        let outcomes = ask.outcome.split(',').filter(|word| !word.is_empty()).collect();
        Self { text: ask.q.to_lowercase(), outcomes, category: &ask.category }
    }

    fn holds(&self, view: &RunView, test: &TestView) -> bool {
        let state = state(test);
        let is_bad = test.outcome().is_some_and(Outcome::is_bad);
        let fits = |word: &&str| **word == *state || (**word == *"bad" && is_bad);
        (self.outcomes.is_empty() || self.outcomes.iter().any(fits))
            && (self.category.is_empty() || category_of(view, test.job) == self.category)
            && (self.text.is_empty() || test.case.id.to_lowercase().contains(&self.text))
    }
}

/// The word for how far a test is.
fn state(test: &TestView) -> &'static str {
    match test.state {
        TestState::Known => "waiting",
        TestState::Running { .. } => "running",
        TestState::Finished(outcome) | TestState::Settled(outcome) => outcome.as_str(),
    }
}

fn row(view: &RunView, number: u32, test: &TestView) -> TestRow {
    TestRow {
        test: number,
        id: test.case.id.to_string(),
        category: category_of(view, test.job),
        state: state(test),
        duration_seconds: test.duration.map(|time| Seconds::from(time).number()),
        attempts: test.attempts,
        message: test.said().map_or_else(String::new, |said| beginning(&said.message)),
    }
}

/// A test of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct TestDetail {
    pub(in crate::web) run: String,
    pub(in crate::web) test: u32,
    pub(in crate::web) id: String,
    pub(in crate::web) suite: String,
    pub(in crate::web) name: String,
    pub(in crate::web) file: Option<String>,
    pub(in crate::web) line: Option<u32>,
    pub(in crate::web) category: String,
    pub(in crate::web) job: u32,
    /// `waiting`, `running` or a word of the outcomes.
    pub(in crate::web) state: &'static str,
    /// The attempts that ended, in their order.
    pub(in crate::web) attempts: Vec<Attempt>,
    /// Whether its job wrote something.
    pub(in crate::web) has_output: bool,
}

/// An attempt of a test.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct Attempt {
    pub(in crate::web) number: usize,
    pub(in crate::web) outcome: &'static str,
    pub(in crate::web) duration_seconds: Option<f64>,
    /// The first line that says what is wrong; empty when it passed.
    pub(in crate::web) message: String,
    /// Traceback or diff.
    pub(in crate::web) details: String,
    /// Output of the test that its framework kept apart.
    pub(in crate::web) output: String,
}

/// `GET /api/runs/{run}/tests/{test}`.
pub(super) async fn one(
    State(shared): State<Shared>,
    Path((run, test)): Path<(String, u32)>,
) -> Result<Json<TestDetail>, Problem> {
    detail(&shared, &run, test).await.map(Json)
}

/// A test by its number.
pub(in crate::web) async fn detail(
    shared: &Shared,
    run: &str,
    test: u32,
) -> Result<TestDetail, Problem> {
    let feed = open(shared, run).await?;
    let found = feed.with_view(|view| {
        let state = view.test(TestIx(test))?;
        Some(detail_of(run, view, test, state))
    });
    found.ok_or_else(|| Problem::not_found(format!("run {run} has no test {test}")))
}

fn detail_of(run: &str, view: &RunView, number: u32, test: &TestView) -> TestDetail {
    let texts = |failure: Option<&apex_core::test_case::Failure>| {
        failure.map(|said| (said.message.clone(), said.details.clone(), said.output.clone()))
    };
    let latest = match test.state {
        TestState::Finished(outcome) | TestState::Settled(outcome) => {
            Some((outcome, test.duration, texts(test.failure.as_deref())))
        }
        TestState::Known | TestState::Running { .. } => None,
    };
    let earlier = test
        .earlier
        .iter()
        .map(|attempt| (attempt.outcome, attempt.duration, texts(attempt.failure.as_deref())));
    let attempts = earlier.chain(latest).zip(1..).map(|((outcome, duration, said), number)| {
        let (message, details, output) = said.unwrap_or_default();
        let duration_seconds = duration.map(|time| Seconds::from(time).number());
        Attempt { number, outcome: outcome.as_str(), duration_seconds, message, details, output }
    });
    TestDetail {
        run: run.to_owned(),
        test: number,
        id: test.case.id.to_string(),
        suite: test.case.suite.to_string(),
        name: test.case.name.to_string(),
        file: test.case.file.as_deref().map(str::to_owned),
        line: test.case.line,
        category: category_of(view, test.job),
        job: test.job.0,
        state: state(test),
        attempts: attempts.collect(),
        has_output: view.jobs().get(test.job.position()).is_some_and(|job| job.has_output),
    }
}

/// Which part of an output is asked for.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct AskOutput {
    pub(in crate::web) job: u32,
    pub(in crate::web) attempt: Option<u32>,
    pub(in crate::web) from: Option<i64>,
    pub(in crate::web) bytes: Option<u64>,
}

/// A part of what an attempt of a job wrote.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(in crate::web) struct OutputPart {
    /// The first byte that is here.
    pub(in crate::web) from: u64,
    /// The byte behind the last one.
    pub(in crate::web) to: u64,
    /// Bytes that were written so far.
    pub(in crate::web) total: u64,
    /// The text; what is not UTF-8 is replaced, terminal escapes are taken out.
    pub(in crate::web) text: String,
}

/// `GET /api/runs/{run}/output`.
pub(super) async fn output(
    State(shared): State<Shared>,
    Path(run): Path<String>,
    Query(ask): Query<AskOutput>,
) -> Result<Json<OutputPart>, Problem> {
    part(&shared, &run, ask).await.map(Json)
}

/// A part of an output.
pub(in crate::web) async fn part(
    shared: &Shared,
    run: &str,
    ask: AskOutput,
) -> Result<OutputPart, Problem> {
    let feed = open(shared, run).await?;
    let job = JobIx(ask.job);
    let known = feed.with_view(|view| {
        let state = view.jobs().get(job.position())?;
        let latest = state.attempt.unwrap_or(AttemptNumber::FIRST);
        Some((category_of(view, job), latest))
    });
    let Some((category, latest)) = known else {
        return Err(Problem::not_found(format!("run {run} has no job {}", job.0)));
    };
    let attempt = ask.attempt.map_or(latest, AttemptNumber);
    let read = tokio::task::spawn_blocking(move || {
        read_part(feed.directory(), &category, job, attempt, &ask)
    });
    Ok(joined(read.await)??)
}

fn read_part(
    directory: &RunDirectory,
    category: &str,
    job: JobIx,
    attempt: AttemptNumber,
    ask: &AskOutput,
) -> std::io::Result<OutputPart> {
    let mut file = match std::fs::File::open(directory.output_log(category, job, attempt)) {
        Ok(file) => file,
        // A job that wrote nothing has no file.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(OutputPart::default());
        }
        Err(error) => return Err(error),
    };
    let total = file.metadata()?.len();
    let bytes = ask.bytes.unwrap_or(MOST_OUTPUT / 4).min(MOST_OUTPUT);
    let from = match ask.from {
        Some(from) if from < 0 => total.saturating_sub(from.unsigned_abs()),
        Some(from) => from.unsigned_abs().min(total),
        None => 0,
    };
    file.seek(SeekFrom::Start(from))?;
    let mut read = Vec::new();
    file.take(bytes).read_to_end(&mut read)?;
    let text = crate::text::harmless(&String::from_utf8_lossy(&read)).into_owned();
    Ok(OutputPart { from, to: from + read.len() as u64, total, text })
}
