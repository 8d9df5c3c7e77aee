//! What an attempt wrote, as text for the stream of events: in whole lines, and not too much.

use apex_core::event::{OutputEvent, Stream};

/// Bytes of text of one attempt that become events; the log file has the rest.
pub const TEXT_LIMIT: usize = 256 * 1024;

/// Bytes of an unfinished line that are held back in the hope of its end.
const HELD_LIMIT: usize = 8 * 1024;

/// Turns the bytes of both streams into text. Holds at most 8 KiB a stream.
#[derive(Debug)]
pub struct OutputText {
    left: usize,
    omitted: u64,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Default for OutputText {
    fn default() -> Self {
        Self { left: TEXT_LIMIT, omitted: 0, stdout: Vec::new(), stderr: Vec::new() }
    }
}

impl OutputText {
    /// Takes bytes of one stream and hands out text up to the last line end in them. A line that
    /// gets longer than 8 KiB is cut between two characters.
    pub fn push(&mut self, stream: Stream, bytes: &[u8], each: impl FnOnce(OutputEvent)) {
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        self.omitted += (bytes.len() - taken) as u64;
        let bytes = &bytes[..taken];
        let held = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        held.extend_from_slice(bytes);
        let lines = held.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let cut = if held.len() - lines > HELD_LIMIT { whole_characters(held) } else { lines };
        if cut > 0 {
            let rest = held.split_off(cut);
            each(OutputEvent::Text { stream, text: text(std::mem::replace(held, rest)) });
        }
    }

    /// Hands out what was held back, and how much was left out.
    pub fn finish(&mut self, mut each: impl FnMut(OutputEvent)) {
        for (stream, held) in
            [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)]
        {
            if !held.is_empty() {
                each(OutputEvent::Text { stream, text: text(std::mem::take(held)) });
            }
        }
        if self.omitted > 0 {
            each(OutputEvent::Omitted { bytes: self.omitted });
            self.omitted = 0;
        }
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
