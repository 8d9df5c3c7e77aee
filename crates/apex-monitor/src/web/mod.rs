//! Runs in a browser and as a stream: a server over the records of a project, live runs included.
//!
//! It only reads the state folder: a live run is followed by its journal, whichever process runs
//! it, and is never waited for. The only thing it writes is the request to stop a run, which the
//! run itself looks for.
//!
//! | part | what it does |
//! |---|---|
//! | `stream/` | journals as streams of events, for any number of clients |
//! | `socket.rs` | the stream at `/ws` |
//! | `api/` | the interface for programs under `/api`, and its OpenAPI document |
//! | `page/` | pages for people |
//! | `outline.rs` | a run at a glance, `apex.view/1` |
//! | `guard.rs`, `token.rs` | who is let in |
//! | `listener.rs`, `hand_over.rs` | where it listens; how a new server takes an old one's place |
//! | `serving.rs` | connections, their limits, and the end |
//! | `problem.rs` | refusals and errors |
//!
//! The only place that names axum and hyper. Limits are in [`Limits`].

mod api;
mod guard;
mod hand_over;
mod listener;
mod outline;
mod page;
mod problem;
mod serving;
mod socket;
mod stream;
mod token;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Duration;

use apex_core::{Plan, RunId};
use tokio::sync::watch;

use crate::history::HistoryFile;

pub use api::openapi_document;
pub use guard::Access;
pub use listener::listen;
pub use token::{Right, Tokens};

/// Name and version of what the stream says of itself.
const STREAM_SCHEMA: &str = "apex.stream/1";

/// What a server bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; further ones are answered with 503.
    pub connections: usize,
    /// Clients of streams at once; further ones are answered with 503.
    pub clients: usize,
    /// Time for the head of a request; the connection of a slower one is closed.
    pub head: Duration,
    /// Bytes of a message of a client; it has nothing to say.
    pub message: usize,
    /// Time for a client of a stream to take what is written at once (64 KiB, or one line that is
    /// longer); the connection of a slower one is closed. It may come back and read on.
    pub patience: Duration,
    /// Time for connections to end by themselves when the server ends.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            clients: 2_048,
            head: Duration::from_secs(10),
            message: 4_096,
            patience: Duration::from_secs(60),
            drain: Duration::from_secs(5),
        }
    }
}

/// Starts a run of what a plan was asked for; the error is a text for people.
pub type Rerun = Arc<dyn Fn(&Plan) -> Result<RunId, String> + Send + Sync>;

/// What a server shows, and to whom.
pub struct Settings {
    /// The state folder of the project, usually `.apex` in its root.
    pub state: PathBuf,
    /// The name of the project, for people.
    pub project: String,
    /// The one run that is shown; all of the folder when none.
    pub only: Option<RunId>,
    /// Who is let in.
    pub access: Access,
    /// What it bears.
    pub limits: Limits,
    /// How a run is started again, where that is possible.
    pub rerun: Option<Rerun>,
}

/// A server that has not begun to answer.
pub struct Server {
    shared: Shared,
    closing: watch::Sender<bool>,
}

/// Ends a server from elsewhere.
#[derive(Clone)]
pub struct Closer {
    closing: watch::Sender<bool>,
    shared: Shared,
}

impl Closer {
    /// Tells the server to end: no connection is accepted any more, streams are closed, answers
    /// that are under way are finished within [`Limits::drain`].
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Looks at the journal of a run at once, in place of soon.
    pub fn poke(&self, run: &RunId) {
        for feed in self.shared.feeds.open() {
            if feed.run() == run {
                feed.poke();
            }
        }
    }

    /// Clients of streams now.
    #[must_use]
    pub fn clients(&self) -> usize {
        api::status_answers(&self.shared).clients
    }
}

impl Server {
    /// A server with these settings. Nothing is read yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { state, project, only, access, limits, rerun } = settings;
        let (closing, closed) = watch::channel(false);
        let shared = Shared(Arc::new(Inside {
            feeds: Arc::new(stream::Feeds::new(&state, only)),
            history: HistoryFile::in_state(&state),
            project,
            access,
            limits,
            rerun,
            missed: Arc::default(),
            connections: AtomicUsize::new(0),
            lessons: tokio::sync::Mutex::default(),
            closing: closed,
        }));
        Self { shared, closing }
    }

    /// What ends it.
    #[must_use]
    pub fn closer(&self) -> Closer {
        Closer { closing: self.closing.clone(), shared: self.shared.clone() }
    }

    /// Answers on a listener until it is told to end. With a socket for hand-over, a later server
    /// may take the listener (see [`take_over`]); then this one ends.
    ///
    /// # Errors
    /// Those of the listener.
    pub async fn serve(
        self,
        listener: std::net::TcpListener,
        hand_over: Option<&Path>,
    ) -> std::io::Result<()> {
        let offered = match hand_over {
            Some(path) => Some(hand_over::offer(path, &listener, self.closer())?),
            None => None,
        };
        let served = serving::serve(self.shared, listener).await;
        drop(offered);
        served
    }
}

/// Takes the listener of a server that offers it on this socket; none when no server does.
///
/// # Errors
/// Those of the socket.
pub fn take_over(path: &Path) -> std::io::Result<Option<std::net::TcpListener>> {
    hand_over::take(path)
}

/// The address of a listener as people type it.
#[must_use]
pub fn link(address: SocketAddr, token: &str) -> String {
    let host = if address.ip().is_unspecified() {
        format!("127.0.0.1:{}", address.port())
    } else {
        address.to_string()
    };
    format!("http://{host}/?token={token}")
}

/// What all requests share.
#[derive(Clone)]
struct Shared(Arc<Inside>);

struct Inside {
    feeds: Arc<stream::Feeds>,
    history: HistoryFile,
    project: String,
    access: Access,
    limits: Limits,
    rerun: Option<Rerun>,
    missed: Arc<AtomicU64>,
    connections: AtomicUsize,
    lessons: tokio::sync::Mutex<Option<Arc<api::past::Lessons>>>,
    closing: watch::Receiver<bool>,
}

impl std::ops::Deref for Shared {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.0
    }
}
