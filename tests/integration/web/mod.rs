//! The server over real sockets: who is let in, the stream, the interface for programs, pages, and
//! how one server takes the place of another.

mod api;
mod browser;
mod door;
mod journal;
mod metrics;
mod pages;
mod place;
mod stream;
mod taking_over;
