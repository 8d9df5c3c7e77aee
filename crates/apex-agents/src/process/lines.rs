//! Cuts a stream of bytes into lines of bounded length.

/// Bytes that a line may have.
pub const LINE_LIMIT: usize = 1024 * 1024;

/// Lines from bytes that arrive cut anywhere. Holds at most [`LINE_LIMIT`] bytes.
#[derive(Debug, Default)]
pub struct LineCutter {
    beginning: Vec<u8>,
    skipping: bool,
    dropped: u64,
}

impl LineCutter {
    /// Takes bytes and hands every complete line to `each`, without its end (`\n` or `\r\n`);
    /// bytes that are not UTF-8 are replaced. A line over the limit is dropped and counted.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.beginning.is_empty() && !self.skipping {
                each(&text(line));
            } else {
                self.hold(line);
                if !self.skipping {
                    each(&text(&self.beginning));
                }
            }
            self.beginning.clear();
            self.skipping = false;
            bytes = rest;
        }
        self.hold(bytes);
    }

    /// The last line, when it had no end.
    pub fn finish(&mut self, each: impl FnOnce(&str)) {
        if !self.beginning.is_empty() {
            each(&text(&self.beginning));
        }
        self.beginning = Vec::new();
        self.skipping = false;
    }

    /// How many lines were dropped because they were too long.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn hold(&mut self, part: &[u8]) {
        if self.skipping {
            return;
        }
        if self.beginning.len() + part.len() > LINE_LIMIT {
            self.beginning = Vec::new();
            self.skipping = true;
            self.dropped += 1;
        } else {
            self.beginning.extend_from_slice(part);
        }
    }
}

fn text(line: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))
}
