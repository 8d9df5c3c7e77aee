//! One client of a stream: a snapshot or events from a number on, in order, as fast as it takes
//! them.
//!
//! Its state is the number of the next event. What it asks for is taken from the shared latest
//! lines, or from the journal on disk when it is behind them. It holds at most one reading of the
//! journal (64 KiB, or one longer line) and what the socket gathers before a write (64 KiB).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use futures_util::SinkExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::feed::{Attendance, Extent, Feed, Stage};
use super::lines::OldLines;
use super::note::Note;

/// Bytes that are read of a journal at once for a client that is behind.
const READ: usize = 64 * 1024;

/// How long a client is listened to after the last word, so that it hears it: a socket that is
/// closed with something unread forgets what was written.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Time between two questions whether a silent client is still there.
const ASK: Duration = Duration::from_secs(20);

/// Questions without an answer after which it is not.
const UNANSWERED: u32 = 3;

/// Messages of a client that are borne within [`SPAN`]: it has nothing to say.
const MOST_MESSAGES: u32 = 100;

/// The time in which they are counted.
const SPAN: Duration = Duration::from_secs(10);

/// Time between two outlines.
const OUTLINES_APART: Duration = Duration::from_millis(200);

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Wish {
    /// The outline of the run, again after changes: the newest, and not every one.
    Outline,
    /// Events.
    Events {
        /// The first one; a snapshot and what follows it when none.
        from: Option<u64>,
        /// Whether a snapshot may stand for events that are not in memory any more.
        may_skip: bool,
    },
}

/// Why a stream ended before its end; the socket is closed with it.
enum Break {
    /// The client is gone, or does not take what is written.
    Gone,
    /// It is closed for this.
    Close(u16, &'static str),
}

impl From<axum::Error> for Break {
    fn from(_: axum::Error) -> Self {
        Self::Gone
    }
}

/// What the clients of a server have in common.
#[derive(Clone)]
pub(in crate::web) struct House {
    /// Events that clients missed.
    pub(in crate::web) missed: Arc<AtomicU64>,
    /// Whether the server ends.
    pub(in crate::web) closing: watch::Receiver<bool>,
    /// How long a client may take to accept what is written at once.
    pub(in crate::web) patience: Duration,
}

/// One client.
pub(in crate::web) struct Client {
    socket: WebSocket,
    feed: Arc<Feed>,
    _attendance: Attendance,
    extent: watch::Receiver<Extent>,
    house: House,
    behind: Option<OldLines>,
    heard: Heard,
}

impl Client {
    /// A client of a run.
    pub(in crate::web) fn new(socket: WebSocket, feed: Arc<Feed>, house: House) -> Self {
        let (attendance, extent) = (feed.attend(), feed.extent());
        let (behind, heard) = (None, Heard::new());
        Self { socket, feed, _attendance: attendance, extent, house, behind, heard }
    }

    /// Serves it to the end of the run, of the server or of its patience.
    pub(in crate::web) async fn serve(mut self, wish: Wish) {
        let served = match wish {
            Wish::Outline => self.outlines().await,
            Wish::Events { from, may_skip } => self.events(from, may_skip).await,
        };
        let frame = match served {
            Ok(()) => CloseFrame { code: close_code::NORMAL, reason: "the run is over".into() },
            Err(Break::Gone) => return,
            Err(Break::Close(code, reason)) => CloseFrame { code, reason: reason.into() },
        };
        let last_word = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        // It may be gone as well; then there is nobody to tell.
        let _ = timeout(LAST_WORD, last_word).await;
    }

    async fn events(&mut self, from: Option<u64>, may_skip: bool) -> Result<(), Break> {
        let mut next = match from {
            Some(from) => from,
            None => self.snapshot().await?,
        };
        loop {
            let extent = self.extent.borrow_and_update().clone();
            if next < extent.next {
                next = self.hand_over(next, extent.next, may_skip).await?;
            } else if extent.stage == Stage::Going {
                self.wait().await?;
            } else {
                return self.end(&extent).await;
            }
        }
    }

    /// Sends the outline as it is now, and answers with the number of the event that follows it.
    async fn snapshot(&mut self) -> Result<u64, Break> {
        let feed = Arc::clone(&self.feed);
        feed.caught_up().await;
        let (next, text) = feed.outline_text();
        self.write(&[text]).await?;
        Ok(next)
    }

    async fn outlines(&mut self) -> Result<(), Break> {
        let mut sent = None;
        loop {
            let extent = self.extent.borrow_and_update().clone();
            if sent.as_ref() == Some(&extent) {
                if extent.stage != Stage::Going {
                    return self.end(&extent).await;
                }
                self.wait().await?;
                continue;
            }
            self.snapshot().await?;
            sent = Some(extent);
            tokio::time::sleep(OUTLINES_APART).await;
        }
    }

    /// Sends events from `next` on, below `end`, as many as are at hand in one place; answers with
    /// the number that follows them.
    async fn hand_over(&mut self, next: u64, end: u64, may_skip: bool) -> Result<u64, Break> {
        if let Some(piece) = self.feed.recent(next) {
            self.behind = None;
            self.write(piece.from(next)).await?;
            return Ok(piece.end());
        }
        if may_skip {
            let first = next;
            let next = self.feed.outline_text().0;
            self.house.missed.fetch_add(next - first, Ordering::Relaxed);
            let missed = Note::Missed { from: first, to: next.saturating_sub(1) };
            self.write(&[missed.json().to_string().into()]).await?;
            return self.snapshot().await;
        }
        let lines = self.read(next, end).await?;
        self.write(&lines).await?;
        Ok(next + lines.len() as u64)
    }

    /// Reads events that are not in memory any more, off the threads that serve.
    async fn read(&mut self, next: u64, end: u64) -> Result<Vec<Utf8Bytes>, Break> {
        let (feed, kept) = (Arc::clone(&self.feed), self.behind.take());
        let reading = tokio::task::spawn_blocking(move || {
            let mut behind = match kept.filter(|kept| kept.next_line() == next) {
                Some(kept) => kept,
                None => feed.old_lines(next)?,
            };
            let lines = behind.next(end, READ)?;
            let text = |line: Vec<u8>| match String::from_utf8(line) {
                Ok(text) => Utf8Bytes::from(text),
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned().into(),
            };
            std::io::Result::Ok((behind, lines.into_iter().map(text).collect()))
        });
        let unreadable = Break::Close(close_code::ERROR, "the journal cannot be read");
        let Ok(Ok((behind, lines))) = reading.await else { return Err(unreadable) };
        self.behind = Some(behind);
        Ok(lines)
    }

    /// Gathers messages and writes them together.
    async fn write(&mut self, texts: &[Utf8Bytes]) -> Result<(), Break> {
        let socket = &mut self.socket;
        let writing = async {
            for text in texts {
                socket.feed(Message::Text(text.clone())).await?;
            }
            socket.flush().await
        };
        tokio::select! {
            written = timeout(self.house.patience, writing) => match written {
                Ok(written) => Ok(written?),
                Err(_) => Err(Break::Gone),
            },
            () = closed(&mut self.house.closing) => Err(Break::Gone),
        }
    }

    /// Waits for something new, and listens meanwhile.
    async fn wait(&mut self) -> Result<(), Break> {
        loop {
            tokio::select! {
                // The sender is in the feed that this client holds.
                _ = self.extent.changed() => return Ok(()),
                () = closed(&mut self.house.closing) => {
                    return Err(Break::Close(close_code::RESTART, "the server ends"));
                }
                message = self.socket.recv() => self.heard.message(message)?,
                () = tokio::time::sleep_until(self.heard.ask_at) => {
                    self.heard.asked()?;
                    self.socket.send(Message::Ping(axum::body::Bytes::new())).await?;
                }
            }
        }
    }

    async fn end(&mut self, extent: &Extent) -> Result<(), Break> {
        let reason = match &extent.stage {
            Stage::Damaged(reason) => Some(reason.to_string()),
            _ => None,
        };
        let end = Note::End { next: extent.next, state: extent.stage.word(), reason };
        self.write(&[end.json().to_string().into()]).await
    }
}

/// Waits until the server ends.
async fn closed(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_err() {
        // Whoever could say so is gone without a word.
    }
}

/// What was heard of a client.
struct Heard {
    messages: u32,
    since: Instant,
    unanswered: u32,
    ask_at: Instant,
}

impl Heard {
    fn new() -> Self {
        let now = Instant::now();
        Self { messages: 0, since: now, unanswered: 0, ask_at: now + ASK }
    }

    /// A message, an error or the end of the connection.
    fn message(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Break> {
        let now = Instant::now();
        match message {
            None | Some(Ok(Message::Close(_))) => return Err(Break::Gone),
            Some(Err(error)) => return Err(refusal(&error)),
            Some(Ok(_)) => {}
        }
        self.unanswered = 0;
        self.ask_at = now + ASK;
        if now.duration_since(self.since) > SPAN {
            (self.messages, self.since) = (0, now);
        }
        self.messages += 1;
        if self.messages > MOST_MESSAGES {
            return Err(Break::Close(close_code::POLICY, "too many messages"));
        }
        Ok(())
    }

    /// It is asked whether it is there.
    fn asked(&mut self) -> Result<(), Break> {
        self.ask_at = Instant::now() + ASK;
        self.unanswered += 1;
        if self.unanswered > UNANSWERED { Err(Break::Gone) } else { Ok(()) }
    }
}

/// What a message is refused with that breaks the protocol.
fn refusal(error: &axum::Error) -> Break {
    // The library does not name its errors; these texts are checked by tests.
    let text = error.to_string();
    if text.contains("too long") || text.contains("too big") {
        Break::Close(close_code::SIZE, "the message is too long")
    } else if text.contains("UTF-8") || text.contains("utf-8") {
        Break::Close(close_code::INVALID, "the message is not UTF-8")
    } else if text.contains("protocol") || text.contains("Protocol") {
        Break::Close(close_code::PROTOCOL, "the message breaks the protocol")
    } else {
        Break::Gone
    }
}
