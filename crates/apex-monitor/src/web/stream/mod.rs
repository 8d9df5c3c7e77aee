//! The stream of a run: what its journal holds, followed while it grows, for any number of
//! clients.
//!
//! | part | what it does |
//! |---|---|
//! | `lines.rs` | whole lines of a journal that grows; where each one begins |
//! | `recent.rs` | the latest lines in memory, shared by all clients |
//! | `feed.rs` | one run: a thread reads, folds the one view and tells who waits |
//! | `feeds.rs` | the runs that are looked at, a bounded number |
//! | `client.rs` | one client: snapshot, events in order, what it is told when it is slow |
//! | `note.rs` | what the stream says of itself, `apex.stream/1` |
//!
//! The journal on disk is the only source: the run that writes it needs to know nothing of clients,
//! and a client that comes back reads on where it stopped. A client holds its place and no queue, so
//! that what one of them costs does not grow with how slow it is.

mod client;
mod feed;
mod feeds;
mod lines;
mod note;
mod recent;

pub(super) use client::{Client, House, Wish};
pub(super) use feed::{Feed, Stage};
pub(super) use feeds::Feeds;
