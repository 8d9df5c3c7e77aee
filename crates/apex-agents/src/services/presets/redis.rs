//! Redis and its relatives: `PING` is answered (RESP, "Redis serialization protocol").

use super::{Said, shown};

/// The question.
pub(super) const QUESTION: &[u8] = b"PING\r\n";

/// Whether it works. A demand for a password says so, too; `LOADING` and `MASTERDOWN` do not.
#[must_use]
pub fn answers(answer: &[u8]) -> Said {
    let Some(end) = answer.iter().position(|byte| *byte == b'\n') else { return Said::More };
    let line = &answer[..end];
    let is_ready =
        [&b"+PONG"[..], b"-NOAUTH", b"-NOPERM"].iter().any(|word| line.starts_with(word));
    if is_ready { Said::Ready } else { Said::NotReady(format!("it said `{}`", shown(line))) }
}
