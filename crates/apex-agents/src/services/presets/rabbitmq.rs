//! RabbitMQ: the header of the protocol is answered (AMQP 0-9-1, section 2.2.4).

use super::{Said, shown};

/// The header: the name, and the version 0-9-1.
pub(super) const QUESTION: &[u8] = b"AMQP\0\0\x09\x01";

/// First byte of a frame that holds a method; the first of a server is `Connection.Start`.
const METHOD: u8 = 1;

/// Whether the server opens a session.
#[must_use]
pub fn answers(answer: &[u8]) -> Said {
    match answer.first() {
        None => Said::More,
        Some(&METHOD) => Said::Ready,
        Some(_) => Said::NotReady(format!("it said `{}`", shown(answer))),
    }
}
