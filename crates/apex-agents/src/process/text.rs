//! What an attempt wrote, as text for the stream of events: in whole lines, and not too much.

use apex_core::event::{OutputEvent, Stream};

/// Bytes of text of one attempt that become events as they are written; the log file has the rest.
pub const TEXT_LIMIT: usize = 256 * 1024;

/// Bytes of the end of each stream that become events when more was written than that.
pub const END_LIMIT: usize = 16 * 1024;

/// Bytes of an unfinished line that are held back in the hope of its end.
const HELD_LIMIT: usize = 8 * 1024;

/// Turns the bytes of both streams into text: the beginning as it comes, and in the end the last
/// of each, with the number of bytes between. Holds at most 40 KiB a stream.
#[derive(Debug)]
pub struct OutputText {
    left: usize,
    omitted: u64,
    stdout_end: End,
    stderr_end: End,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Default for OutputText {
    fn default() -> Self {
        Self {
            left: TEXT_LIMIT,
            omitted: 0,
            stdout_end: End::default(),
            stderr_end: End::default(),
            stdout: Vec::new(),
            stderr: Vec::new(),
        }
    }
}

impl OutputText {
    /// Takes bytes of one stream and hands out text up to the last line end in them. A line that
    /// gets longer than 8 KiB is cut between two characters.
    pub fn push(&mut self, stream: Stream, bytes: &[u8], each: impl FnOnce(OutputEvent)) {
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        let (bytes, beyond) = bytes.split_at(taken);
        let (held, end) = match stream {
            Stream::Stdout => (&mut self.stdout, &mut self.stdout_end),
            Stream::Stderr => (&mut self.stderr, &mut self.stderr_end),
        };
        self.omitted += end.push(beyond);
        held.extend_from_slice(bytes);
        let lines = held.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let cut = if held.len() - lines > HELD_LIMIT { whole_characters(held) } else { lines };
        if cut > 0 {
            let rest = held.split_off(cut);
            each(OutputEvent::Text { stream, text: text(std::mem::replace(held, rest)) });
        }
    }

    /// Hands out what was held back, how much was left out, and the end of each stream.
    pub fn finish(&mut self, mut each: impl FnMut(OutputEvent)) {
        for (stream, held) in
            [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)]
        {
            if !held.is_empty() {
                each(OutputEvent::Text { stream, text: text(std::mem::take(held)) });
            }
        }
        let ends = [
            (Stream::Stdout, self.stdout_end.take(&mut self.omitted)),
            (Stream::Stderr, self.stderr_end.take(&mut self.omitted)),
        ];
        if self.omitted > 0 {
            each(OutputEvent::Omitted { bytes: self.omitted });
            self.omitted = 0;
        }
        for (stream, end) in ends.into_iter().filter(|(_, end)| !end.is_empty()) {
            each(OutputEvent::Text { stream, text: text(end) });
        }
    }
}

/// The last bytes of a stream, between one and two times [`END_LIMIT`] while it goes on.
#[derive(Debug, Default)]
struct End {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl End {
    /// Takes bytes; the answer is how many are gone for good.
    fn push(&mut self, bytes: &[u8]) -> u64 {
        let last = &bytes[bytes.len().saturating_sub(END_LIMIT)..];
        let mut gone = bytes.len() - last.len();
        if self.bytes.len() + last.len() > 2 * END_LIMIT {
            let kept = END_LIMIT.saturating_sub(last.len()).min(self.bytes.len());
            let dropped = self.bytes.len() - kept;
            self.bytes.drain(..dropped);
            gone += dropped;
        }
        self.bytes.extend_from_slice(last);
        self.is_cut |= gone > 0;
        gone as u64
    }

    /// The last whole lines, where something before them is gone; what is cut off for that is
    /// added to `omitted`.
    fn take(&mut self, omitted: &mut u64) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let excess = bytes.len().saturating_sub(END_LIMIT);
        if self.is_cut || excess > 0 {
            let line = bytes[excess..].iter().position(|byte| *byte == b'\n');
            let begin = line.map_or(excess, |end| excess + end + 1);
            bytes.drain(..begin);
            *omitted += begin as u64;
        }
        bytes
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// How many bytes from the start are whole UTF-8 characters, when the last one may be cut off.
fn whole_characters(bytes: &[u8]) -> usize {
    let last_start = bytes.iter().rev().take(4).position(|byte| byte & 0xC0 != 0x80);
    let Some(back) = last_start else { return bytes.len() };
    let start = bytes.len() - 1 - back;
    let wanted = match bytes[start] {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    };
    if bytes.len() - start < wanted { start } else { bytes.len() }
}
