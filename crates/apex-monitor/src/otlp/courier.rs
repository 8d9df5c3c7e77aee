//! The thread that brings batches to their places, and the count of what arrived.
//!
//! Handing over never waits: a queue that is full drops the batch, and the count shows it. The
//! thread has a small runtime of its own, because the one of the run belongs to the run.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc as waiting};
use std::time::Duration;

use opentelemetry_proto::tonic::resource::v1::Resource;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::batch::{Batch, Signal};
use super::send::{Answer, Way};
use super::settings::{Destination, Route, without_secrets};

/// Batches that wait for one place; beyond it they are dropped.
pub const QUEUE: usize = 64;

/// How often a batch is brought to a place that may take it later. A place that took none of the
/// last one is asked once.
const TRIES: u32 = 4;

/// Time before the second try; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest time that a collector may ask to be left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Brings batches to their places.
pub(super) struct Courier {
    queues: Vec<(mpsc::Sender<Batch>, Arc<Account>)>,
    done: waiting::Receiver<()>,
    abandon: oneshot::Sender<()>,
}

/// What was handed over for one place, and what arrived.
struct Account {
    signal: Signal,
    place: String,
    offered: AtomicU64,
    arrived: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Courier {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread or no runtime.
    pub(super) fn start(routes: Vec<Route>, resource: Resource) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (abandon, abandoned) = oneshot::channel();
        let (finished, done) = waiting::channel();
        let resource = Arc::new(resource);
        let mut queues = Vec::new();
        let mut workers = Vec::new();
        for route in routes {
            let (sender, batches) = mpsc::channel(QUEUE);
            let account = Arc::new(Account::of(&route));
            queues.push((sender, Arc::clone(&account)));
            workers.push(work(route, batches, account, Arc::clone(&resource)));
        }
        std::thread::Builder::new().name("apex-telemetry".to_owned()).spawn(move || {
            runtime.block_on(async {
                let mut all = JoinSet::new();
                workers.into_iter().for_each(|worker| {
                    all.spawn(worker);
                });
                tokio::select! {
                    _ = all.join_all() => {}
                    _ = abandoned => {}
                }
            });
            // A name that is being looked up must not be waited for.
            runtime.shutdown_background();
            // Without a waiting owner there is nobody to tell.
            let _ = finished.send(());
        })?;
        Ok(Self { queues, done, abandon })
    }

    /// Hands a batch over to every place that takes its signal. Never waits.
    pub(super) fn hand_over(&self, batch: &Batch) {
        let count = batch.count();
        let fitting = self.queues.iter().filter(|(_, account)| account.signal == batch.signal());
        for (queue, account) in fitting {
            account.offered.fetch_add(count, Ordering::Relaxed);
            if queue.try_send(batch.clone()).is_err() {
                account.note("it takes them too slowly".to_owned());
            }
        }
    }

    /// Waits until everything arrived, at most so long; the answer is what did not, for people.
    pub(super) fn finish(self, limit: Duration) -> Result<(), String> {
        let accounts: Vec<Arc<Account>> =
            self.queues.into_iter().map(|(_, account)| account).collect();
        if self.done.recv_timeout(limit).is_err() {
            // The thread may have ended in between; then nobody listens.
            let _ = self.abandon.send(());
        }
        let missing: Vec<String> =
            accounts.iter().filter_map(|account| account.missing(limit)).collect();
        if missing.is_empty() { Ok(()) } else { Err(missing.join("; ")) }
    }
}

impl Account {
    fn of(route: &Route) -> Self {
        Self {
            signal: route.signal,
            place: match &route.destination {
                Destination::Collector(endpoint) => without_secrets(&endpoint.url),
                Destination::Folder(folder) => folder.display().to_string(),
            },
            offered: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            trouble: Mutex::new(None),
        }
    }

    /// Remembers why something did not arrive; the first reason is the one that is told.
    fn note(&self, reason: String) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert(reason);
    }

    fn missing(&self, limit: Duration) -> Option<String> {
        let offered = self.offered.load(Ordering::Relaxed);
        let missing = offered.saturating_sub(self.arrived.load(Ordering::Relaxed));
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = trouble
            .clone()
            .unwrap_or_else(|| format!("it did not answer within {} s", limit.as_secs_f64()));
        let what = self.signal.counted_in();
        (missing > 0).then(|| {
            format!("{missing} of {offered} {what} did not reach {}: {reason}", self.place)
        })
    }
}

/// Brings what arrives in a queue to its place, until the queue is closed.
async fn work(
    route: Route,
    mut batches: mpsc::Receiver<Batch>,
    account: Arc<Account>,
    resource: Arc<Resource>,
) {
    let mut way = match Way::to(&route.destination, route.signal) {
        Ok(way) => way,
        Err(reason) => return account.note(reason),
    };
    let mut tries = TRIES;
    while let Some(batch) = batches.recv().await {
        let count = batch.count();
        let request = batch.encoded(&resource, way.protocol());
        let arrived = bring(&mut way, &request, count, tries, &account).await;
        tries = if arrived.is_some() { TRIES } else { 1 };
        account.arrived.fetch_add(arrived.unwrap_or(0), Ordering::Relaxed);
    }
}

/// Brings one batch; the answer is how much of it arrived, none when all of it is lost.
async fn bring(
    way: &mut Way,
    request: &[u8],
    count: u64,
    tries: u32,
    account: &Account,
) -> Option<u64> {
    let mut pause = FIRST_PAUSE;
    for left in (0..tries).rev() {
        match way.bring(request).await {
            Answer::Taken { refused: 0, .. } => return Some(count),
            Answer::Taken { refused, said } => {
                account.note(format!("it refused them: {said}"));
                return Some(count.saturating_sub(refused));
            }
            Answer::Never(reason) => {
                account.note(reason);
                return None;
            }
            Answer::Later { reason, .. } if left == 0 => account.note(reason),
            Answer::Later { after, reason } => {
                // Already now: the run may be over before the next try.
                account.note(reason);
                tokio::time::sleep(after.unwrap_or(pause).min(LONGEST_PAUSE)).await;
                pause *= 2;
            }
        }
    }
    None
}
