//! What the history says: a test over all runs, flaky tests, slow ones, the trend of runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use apex_core::History;
use apex_core::flakiness::Flakiness;
use axum::Json;
use axum::extract::{Query, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::runs::joined;
use crate::history::{HistoryError, HistoryFile, PastAttempt, PastRun};
use crate::web::Shared;
use crate::web::problem::Problem;
use crate::wire::Seconds;

/// Tests of a list at most.
const MOST_TESTS: usize = 200;
/// Attempts of a test that are told at most.
const MOST_ATTEMPTS: u32 = 60;
/// How long what was learned of the whole history is told again: learning it reads all of it.
const FRESH: Duration = Duration::from_secs(20);

/// Which test is asked for.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct AskTest {
    pub(in crate::web) category: String,
    pub(in crate::web) id: String,
}

/// A test over all runs.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct TestPast {
    /// At most 60, the latest first.
    pub(in crate::web) attempts: Vec<AttemptRow>,
}

/// An attempt in some run.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct AttemptRow {
    pub(in crate::web) run: String,
    pub(in crate::web) started_unix_millis: u64,
    pub(in crate::web) attempt: u32,
    pub(in crate::web) outcome: String,
    pub(in crate::web) duration_seconds: Option<f64>,
}

impl From<PastAttempt> for AttemptRow {
    fn from(past: PastAttempt) -> Self {
        Self {
            run: past.run,
            started_unix_millis: past.unix_millis,
            attempt: past.attempt,
            outcome: past.outcome,
            duration_seconds: past.duration.map(|time| Seconds::from(time).number()),
        }
    }
}

pub(super) async fn test(
    State(shared): State<Shared>,
    Query(ask): Query<AskTest>,
) -> Result<Json<TestPast>, Problem> {
    of_test(&shared, ask).await.map(Json)
}

/// The past of a test.
pub(in crate::web) async fn of_test(shared: &Shared, ask: AskTest) -> Result<TestPast, Problem> {
    let found =
        read(shared, move |file| file.past_of_test(&ask.category, &ask.id, MOST_ATTEMPTS)).await?;
    Ok(TestPast { attempts: found.into_iter().map(AttemptRow::from).collect() })
}

/// Flaky and suspect tests, those first of whose rate most is certain.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(in crate::web) struct FlakyList {
    /// Runs that this was learned from.
    pub(in crate::web) runs: u32,
    /// At most 200.
    pub(in crate::web) tests: Vec<FlakyRow>,
}

/// A test that fails although nothing is wrong.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::web) struct FlakyRow {
    pub(in crate::web) category: String,
    pub(in crate::web) id: String,
    /// Whether it is certain; else it is suspected.
    pub(in crate::web) is_flaky: bool,
    /// The share of attempts that fail although nothing is wrong, 0 to 1.
    pub(in crate::web) rate: f64,
    /// The rate is below this with a chance of one in twenty.
    pub(in crate::web) low: f64,
    /// The rate is above this with a chance of one in twenty.
    pub(in crate::web) high: f64,
    pub(in crate::web) attempts: u32,
    pub(in crate::web) last_flake_unix_millis: Option<u64>,
}

/// The slowest tests.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(in crate::web) struct SlowList {
    /// Runs that this was learned from.
    pub(in crate::web) runs: u32,
    /// At most 200, the slowest first.
    pub(in crate::web) tests: Vec<SlowRow>,
}

/// A test that takes long.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::web) struct SlowRow {
    pub(in crate::web) category: String,
    pub(in crate::web) id: String,
    pub(in crate::web) median_seconds: f64,
    pub(in crate::web) latest_seconds: f64,
    /// Durations of its latest attempts, the oldest first.
    pub(in crate::web) seconds: Vec<f64>,
}

/// What was learned of the whole history, and when.
pub(in crate::web) struct Lessons {
    at: Instant,
    pub(in crate::web) flaky: FlakyList,
    pub(in crate::web) slow: SlowList,
}

pub(super) async fn flaky(State(shared): State<Shared>) -> Result<Json<FlakyList>, Problem> {
    Ok(Json(lessons(&shared).await?.flaky.clone()))
}

pub(super) async fn slowest(State(shared): State<Shared>) -> Result<Json<SlowList>, Problem> {
    Ok(Json(lessons(&shared).await?.slow.clone()))
}

/// What the whole history teaches; told again for a while, because all of it is read. One at a
/// time learns, and the others wait for it.
pub(in crate::web) async fn lessons(shared: &Shared) -> Result<Arc<Lessons>, Problem> {
    let mut kept = shared.lessons.lock().await;
    if let Some(lessons) = kept.as_ref().filter(|lessons| lessons.at.elapsed() < FRESH) {
        return Ok(Arc::clone(lessons));
    }
    let learned = read(shared, |file| {
        let history = file.read(None)?;
        let (flaky, slow) = (flaky_of(&history), slow_of(&history));
        Ok(Lessons { at: Instant::now(), flaky, slow })
    });
    let lessons = Arc::new(learned.await?);
    *kept = Some(Arc::clone(&lessons));
    Ok(lessons)
}

fn flaky_of(history: &History) -> FlakyList {
    let mut tests = Vec::new();
    for (category, past) in &history.categories {
        for (id, test) in &past.tests {
            let Some(flakiness) = Flakiness::of(&test.samples) else { continue };
            if flakiness.is_flaky() || flakiness.is_suspect() {
                tests.push(FlakyRow {
                    category: category.to_string(),
                    id: id.to_string(),
                    is_flaky: flakiness.is_flaky(),
                    rate: flakiness.rate,
                    low: flakiness.low,
                    high: flakiness.high,
                    attempts: flakiness.attempts,
                    last_flake_unix_millis: flakiness.last_flake_millis,
                });
            }
        }
    }
    tests.sort_by(|one, other| {
        let by_rate = other.low.total_cmp(&one.low);
        by_rate.then_with(|| (&one.category, &one.id).cmp(&(&other.category, &other.id)))
    });
    tests.truncate(MOST_TESTS);
    FlakyList { runs: history.runs, tests }
}

fn slow_of(history: &History) -> SlowList {
    let mut tests = Vec::new();
    for (category, past) in &history.categories {
        for (id, test) in &past.tests {
            let timed = test.samples.iter().filter_map(|sample| sample.duration);
            let mut seconds: Vec<f64> = timed.map(|time| Seconds::from(time).number()).collect();
            let Some(latest) = seconds.first().copied() else { continue };
            seconds.reverse();
            let mut sorted = seconds.clone();
            sorted.sort_by(f64::total_cmp);
            tests.push(SlowRow {
                category: category.to_string(),
                id: id.to_string(),
                median_seconds: sorted[sorted.len() / 2],
                latest_seconds: latest,
                seconds,
            });
        }
    }
    tests.sort_by(|one, other| {
        let by_time = other.median_seconds.total_cmp(&one.median_seconds);
        by_time.then_with(|| (&one.category, &one.id).cmp(&(&other.category, &other.id)))
    });
    tests.truncate(MOST_TESTS);
    SlowList { runs: history.runs, tests }
}

/// How many runs are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct AskTrend {
    limit: Option<u32>,
}

/// The latest runs.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct Trend {
    /// The newest first.
    pub(in crate::web) runs: Vec<TrendRow>,
}

/// A run of the trend.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::web) struct TrendRow {
    pub(in crate::web) run: String,
    pub(in crate::web) started_unix_millis: u64,
    pub(in crate::web) duration_seconds: f64,
    /// A word of the verdicts; none for a run that was killed.
    pub(in crate::web) verdict: Option<String>,
    pub(in crate::web) branch: Option<String>,
    pub(in crate::web) commit: Option<String>,
}

impl From<PastRun> for TrendRow {
    fn from(past: PastRun) -> Self {
        Self {
            run: past.run,
            started_unix_millis: past.unix_millis,
            duration_seconds: Seconds::from(past.duration).number(),
            verdict: past.verdict,
            branch: past.branch,
            commit: past.commit,
        }
    }
}

pub(super) async fn trend(
    State(shared): State<Shared>,
    Query(ask): Query<AskTrend>,
) -> Result<Json<Trend>, Problem> {
    of_runs(&shared, ask.limit.unwrap_or(100)).await.map(Json)
}

/// The trend of the latest runs.
pub(in crate::web) async fn of_runs(shared: &Shared, limit: u32) -> Result<Trend, Problem> {
    let runs = read(shared, move |file| file.latest_runs(limit.min(500))).await?;
    Ok(Trend { runs: runs.into_iter().map(TrendRow::from).collect() })
}

/// Reads the history off the threads that serve.
async fn read<T: Send + 'static>(
    shared: &Shared,
    ask: impl FnOnce(&HistoryFile) -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, Problem> {
    let file = shared.history.clone();
    Ok(joined(tokio::task::spawn_blocking(move || ask(&file)).await)??)
}
