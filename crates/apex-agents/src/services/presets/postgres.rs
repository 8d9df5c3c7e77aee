//! PostgreSQL: the start of a session is answered (protocol 3.0, "Message Formats" in its manual).

use super::{Said, shown};

/// SQLSTATEs of a server that is on its way up, down, or only replays: `cannot_connect_now`,
/// `admin_shutdown`, `crash_shutdown`.
const NOT_NOW: [&str; 3] = ["57P03", "57P01", "57P02"];

/// The message that starts a session of the user `postgres`.
pub(super) fn question() -> Vec<u8> {
    let parameters = b"user\0postgres\0database\0postgres\0application_name\0apex\0\0";
    let length = u32::try_from(parameters.len() + 8).unwrap_or_default();
    let mut message = length.to_be_bytes().to_vec();
    message.extend([0, 3, 0, 0]);
    message.extend_from_slice(parameters);
    message
}

/// Whether the server takes sessions. Any demand for a password says so, and any error that is not
/// about its own start: the user `postgres` need not exist.
#[must_use]
pub fn answers(answer: &[u8]) -> Said {
    match answer.first() {
        None => Said::More,
        Some(b'R') => Said::Ready,
        Some(b'E') => error(answer),
        Some(_) => Said::NotReady(format!("it said `{}`", shown(answer))),
    }
}

/// An error: length, then fields of a letter and a text that ends with a zero byte; `C` is the
/// SQLSTATE, `M` the message.
fn error(answer: &[u8]) -> Said {
    let Some(length) = answer.get(1..5).and_then(|bytes| bytes.try_into().ok()) else {
        return Said::More;
    };
    let Ok(length) = usize::try_from(u32::from_be_bytes(length)) else { return Said::More };
    let Some(body) = answer.get(5..length.saturating_add(1)) else { return Said::More };
    let field = |letter: u8| {
        let found = body.split(|byte| *byte == 0).find(|part| part.first() == Some(&letter))?;
        Some(String::from_utf8_lossy(&found[1..]).into_owned())
    };
    let state = field(b'C').unwrap_or_default();
    if NOT_NOW.contains(&state.as_str()) {
        Said::NotReady(format!("{} ({state})", field(b'M').unwrap_or_default()))
    } else {
        Said::Ready
    }
}
