//! A sink can neither delay nor fail a run, whatever it does.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use apex_agents::progress::{Feed, TEXT_BACKLOG};
use apex_core::event::{OutputEvent, RunEvent, RunResult, Stream};
use apex_core::{Envelope, Event, JobIx, Moment, RunView, Sink};

use super::project::{Project, Record, TWO_LAYERS};

/// What a bad sink does with its first batch.
#[derive(Clone, Copy)]
enum Vice {
    Error,
    Panic,
}

struct Bad {
    vice: Vice,
    calls: u32,
    closed: mpsc::Sender<u32>,
}

impl Sink for Bad {
    fn name(&self) -> &'static str {
        "bad"
    }

    fn accept(&mut self, _: &[Envelope], _: &RunView) -> Result<(), String> {
        self.calls += 1;
        match self.vice {
            Vice::Error => Err("the disk is full".to_owned()),
            Vice::Panic => panic!("the sink is broken"),
        }
    }

    fn close(&mut self, _: &RunView) -> Result<(), String> {
        self.closed.send(self.calls).map_err(|error| error.to_string())
    }
}

async fn check_bad_sink(vice: Vice, reason: &str) {
    let project = Project::new(TWO_LAYERS);
    let (closed, calls) = mpsc::channel();
    let record = Record::default();
    let bad = Box::new(Bad { vice, calls: 0, closed });
    let prepared = project.open().full_layered().unwrap();
    // Both on one thread: the good one must not suffer.
    let patience = Duration::from_secs(30);
    let outcome = prepared.feed(vec![bad, record.sink()], patience).run().await.unwrap();

    assert_eq!(outcome.result, RunResult::default());
    let troubles: Vec<(&str, &str)> =
        outcome.troubles.iter().map(|one| (one.sink, one.reason.as_str())).collect();
    assert_eq!(troubles, [("bad", reason)]);
    assert_eq!(outcome.late_feeds, 0);
    assert_eq!(calls.recv(), Ok(1), "after its fault it is closed and not called again");
    let last = record.events().pop();
    assert!(matches!(last, Some(Event::Run(RunEvent::Finished(_)))), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_fails_is_reported_and_the_others_go_on() {
    check_bad_sink(Vice::Error, "the disk is full").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_panics_is_reported_and_the_others_go_on() {
    check_bad_sink(Vice::Panic, "it panicked: the sink is broken").await;
}

/// Waits until the test is over.
struct Stuck(mpsc::Receiver<()>);

impl Sink for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn accept(&mut self, _: &[Envelope], _: &RunView) -> Result<(), String> {
        let _ = self.0.recv();
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_blocks_for_ever_neither_delays_nor_fails_the_run() {
    let project = Project::new(TWO_LAYERS);
    let (release, waiting) = mpsc::channel();
    let record = Record::default();
    let prepared = project.open().full_layered().unwrap();
    let stuck = Box::new(Stuck(waiting));
    let run = prepared.feed(vec![stuck], Duration::from_millis(20)).sink(record.sink()).run();

    // Comes back although the sink is still stuck: it is released only below.
    let outcome = run.await.unwrap();
    assert_eq!(outcome.result, RunResult::default());
    assert_eq!((outcome.late_feeds, outcome.troubles.len()), (1, 0));
    let last = record.events().pop();
    assert!(matches!(last, Some(Event::Run(RunEvent::Finished(_)))), "{last:?}");
    drop(release);
}

/// Waits once, in its first batch, and then keeps what comes.
struct Slow {
    released: mpsc::Receiver<()>,
    began: mpsc::Sender<()>,
    record: Record,
}

impl Sink for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        // Both ends are gone after the first time.
        let _ = self.began.send(());
        let _ = self.released.recv();
        self.record.accept(batch, view)
    }
}

#[test]
fn a_sink_that_lags_behind_misses_text_and_never_an_event() {
    let (release, released) = mpsc::channel();
    let (began, waits) = mpsc::channel();
    let record = Record::default();
    let slow = Box::new(Slow { released, began, record: record.clone() });
    let feed = Feed::start(vec![slow], Instant::now()).unwrap();
    let send = |event: Event| {
        feed.send(&Arc::from([Envelope { seq: 0, at: Moment::START, event }]));
    };
    let text = |text: &str| {
        let text = text.to_owned();
        Event::Output(JobIx(0), OutputEvent::Text { stream: Stream::Stdout, text })
    };

    send(Event::Warning("first".to_owned()));
    waits.recv().unwrap();
    send(text("in time"));
    for number in 0..=TEXT_BACKLOG {
        send(Event::Warning(number.to_string()));
    }
    send(text("too late"));
    send(Event::Warning("last".to_owned()));
    drop(release);
    assert_eq!(feed.close(Duration::from_secs(60)), Some(Vec::new()));

    let events = record.events();
    let warnings = events.iter().filter(|event| matches!(event, Event::Warning(_))).count();
    assert_eq!(warnings as u64, TEXT_BACKLOG + 3, "no event is lost");
    let output: Vec<&Event> =
        events.iter().filter(|event| matches!(event, Event::Output(..))).collect();
    let omitted = Event::Output(JobIx(0), OutputEvent::Omitted { bytes: 8 });
    assert_eq!(output, [&text("in time"), &omitted]);
}
