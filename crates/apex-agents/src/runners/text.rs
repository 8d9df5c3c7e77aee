//! Foreign text under control: lines from chunks, bounded texts, the first line that says something.

/// Largest text that a runner keeps of one test, in bytes.
pub(crate) const TEXT_LIMIT: usize = 64 * 1024;

/// Longest line that is kept in one piece, in bytes; the rest of a longer line is dropped.
const LINE_LIMIT: usize = 8 * 1024 * 1024;

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Hands each line that is complete now to `take`, without its end.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut take: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            if self.partial.is_empty() {
                take(trim_return(&String::from_utf8_lossy(line)));
            } else {
                self.push(line);
                let whole = std::mem::take(&mut self.partial);
                take(trim_return(&String::from_utf8_lossy(&whole)));
            }
            bytes = &rest[1..];
        }
        self.push(bytes);
    }

    /// Hands over what came after the last line end, when there is something.
    pub(crate) fn finish(&mut self, mut take: impl FnMut(&str)) {
        if !self.partial.is_empty() {
            let whole = std::mem::take(&mut self.partial);
            take(trim_return(&String::from_utf8_lossy(&whole)));
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = LINE_LIMIT.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

fn trim_return(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

/// The last bytes of a stream, at most `LIMIT`.
#[derive(Debug, Default)]
pub(crate) struct Tail<const LIMIT: usize> {
    bytes: Vec<u8>,
}

impl<const LIMIT: usize> Tail<LIMIT> {
    /// Takes further bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let new = &bytes[bytes.len().saturating_sub(LIMIT)..];
        let excess = (self.bytes.len() + new.len()).saturating_sub(LIMIT);
        if excess > 0 {
            self.bytes.drain(..excess.min(self.bytes.len()));
        }
        self.bytes.extend_from_slice(new);
    }

    /// What is kept, as text that begins with a whole line where something was dropped.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let begins =
            if self.bytes.len() == LIMIT { text.find('\n').map_or(0, |end| end + 1) } else { 0 };
        text[begins..].to_owned()
    }
}

/// The beginning and the end of a text that is longer than [`TEXT_LIMIT`].
pub(crate) fn bounded(text: String) -> String {
    bounded_to(text, TEXT_LIMIT)
}

/// The beginning and the end of a text that is longer than so many bytes, and how many are left
/// out between them.
pub(crate) fn bounded_to(text: String, limit: usize) -> String {
    if text.len() <= limit {
        return text;
    }
    let head = floor_char(&text, limit * 3 / 4);
    let tail = floor_char(&text, text.len() - limit / 4);
    let gone = tail - head;
    format!("{}\n... {gone} bytes left out by Apex ...\n{}", &text[..head], &text[tail..])
}

fn floor_char(text: &str, mut index: usize) -> usize {
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// The first line that is not blank, trimmed and at most 1000 bytes long.
pub(crate) fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line[..floor_char(line, line.len().min(1000))].to_owned()
}
