//! Streams events of a run that is written while it is looked at:
//! `stream_events PORT CLIENTS EVENTS BYTES RATE`.
//!
//! It serves `/ws?run=bench&from=1` on the loopback interface without tokens, waits until as many
//! clients are there, and then writes the journal: all at once when RATE is 0, else so many events a
//! second, each in a write of its own. Every event holds `"t"`, the monotonic clock in nanoseconds
//! when it was written. It ends when the clients are gone.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use apex_core::event::{RunEvent, RunStarted, Setting};
use apex_core::{Envelope, Event, Moment, Plan, RunId, RunView};
use apex_monitor::run_dir::Runs;
use apex_monitor::web::{Access, Closer, Limits, Server, Settings};
use apex_monitor::wire;
use rustix::time::{ClockId, clock_gettime};

const USAGE: &str = "usage: stream_events PORT CLIENTS EVENTS BYTES RATE";

/// Events that are written at once when all are.
const AT_ONCE: u64 = 256;

/// What is measured.
struct Load {
    clients: usize,
    events: u64,
    bytes: usize,
    rate: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        std::env::args().skip(1).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let [port, clients, events, bytes, rate] = numbers[..] else { return Err(USAGE.into()) };
    let load =
        Load { clients: usize::try_from(clients)?, events, bytes: usize::try_from(bytes)?, rate };
    let folder = tempfile::tempdir()?;
    let run = RunId::new("bench");
    let directory = Runs::in_state(folder.path()).create(&run)?;
    let mut journal = File::create_new(directory.events())?;
    journal.write_all(&first_line(&run)?)?;

    let listener = TcpListener::bind(("127.0.0.1", u16::try_from(port)?))?;
    let server = Server::new(Settings {
        state: folder.path().to_owned(),
        project: "bench".to_owned(),
        only: None,
        access: Access::new(listener.local_addr()?, &[], None),
        limits: Limits::default(),
        rerun: None,
    });
    let closer = server.closer();
    let thread = std::thread::spawn(move || -> std::io::Result<()> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(server.serve(listener, None))
    });
    wait(|| closer.clients() >= load.clients);
    write(&mut journal, &load, &closer, &run)?;
    wait(|| closer.clients() == 0);
    closer.close();
    thread.join().map_err(|_| "the server panicked")??;
    Ok(())
}

fn wait(is_there: impl Fn() -> bool) {
    while !is_there() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn first_line(run: &RunId) -> std::io::Result<Vec<u8>> {
    let started = RunStarted {
        run: run.clone(),
        unix_millis: 0,
        setting: Setting::default(),
        plan: Arc::new(Plan::default()),
    };
    let event = Event::Run(RunEvent::Started(Box::new(started)));
    let mut line = Vec::new();
    wire::encode(&Envelope { seq: 0, at: Moment::START, event }, &RunView::new(), &mut line)?;
    Ok(line)
}

fn write(
    journal: &mut File,
    load: &Load,
    closer: &Closer,
    run: &RunId,
) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let mut text = Vec::new();
    for event in 0..load.events {
        if let Some(due) = (event * 1_000_000_000).checked_div(load.rate) {
            let due = Duration::from_nanos(due);
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
        line(&mut text, event + 1, load.bytes)?;
        if load.rate > 0 || (event + 1).is_multiple_of(AT_ONCE) || event + 1 == load.events {
            journal.write_all(&text)?;
            text.clear();
            closer.poke(run);
        }
    }
    Ok(())
}

/// The line of an event, as long as is asked for.
fn line(text: &mut Vec<u8>, seq: u64, bytes: usize) -> std::io::Result<()> {
    let now = clock_gettime(ClockId::Monotonic);
    let nanos = i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec);
    let begin = text.len();
    write!(
        text,
        r#"{{"schema":"apex.event/1","seq":{seq},"at":{seq}.5,"t":{nanos},"type":"output.text","job":0,"stream":"stdout","text":""#
    )?;
    text.resize(text.len().max(begin + bytes.saturating_sub(2)), b'x');
    text.write_all(b"\"}\n")
}
