//! MySQL and MariaDB: the server greets ("Protocol::Handshake" in its manual).

use super::{Said, shown};

/// Version of the protocol that every server since 3.21 greets with.
const PROTOCOL: u8 = 10;

/// First byte of an error in place of a greeting.
const ERROR: u8 = 0xff;

/// Whether the server greets. A packet begins with three bytes of length and a number.
#[must_use]
pub fn greets(answer: &[u8]) -> Said {
    match answer.get(4) {
        None => Said::More,
        Some(&PROTOCOL) => Said::Ready,
        Some(&ERROR) => Said::NotReady(shown(answer.get(7..).unwrap_or_default())),
        Some(_) => Said::NotReady(format!("it said `{}`", shown(answer))),
    }
}
