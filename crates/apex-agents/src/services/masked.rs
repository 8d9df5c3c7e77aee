//! Text without secrets: their values are replaced before anything is kept or shown, also when a
//! value arrives in pieces.

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Shorter values are no secrets: replacing them would garble ordinary words.
const SHORTEST: usize = 4;

/// The values that are never shown.
#[derive(Clone, Debug, Default)]
pub struct Masked {
    /// Longest first, so that a value that begins another one does not hide it.
    values: Vec<Vec<u8>>,
}

impl Masked {
    /// These values; each line of a value with several counts by itself.
    #[must_use]
    pub fn of<'v>(values: impl IntoIterator<Item = &'v str>) -> Self {
        let lines = values.into_iter().flat_map(str::lines).map(str::trim);
        let long_enough = lines.filter(|line| line.len() >= SHORTEST);
        let mut values: Vec<Vec<u8>> = long_enough.map(|line| line.as_bytes().to_vec()).collect();
        values.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        values.dedup();
        Self { values }
    }

    /// Whether there is nothing to hide.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A text without them.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let mut stream = MaskedStream::default();
        let mut shown = stream.take(self, text.as_bytes());
        shown.extend(stream.finish(self));
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// The value with which bytes begin.
    fn at(&self, bytes: &[u8]) -> Option<&Vec<u8>> {
        self.values.iter().find(|value| bytes.starts_with(value))
    }

    /// Whether bytes may be the beginning of a value.
    fn may_begin(&self, bytes: &[u8]) -> bool {
        self.values.iter().any(|value| value.len() > bytes.len() && value.starts_with(bytes))
    }
}

/// One stream of text on its way.
#[derive(Debug, Default)]
pub struct MaskedStream {
    /// The end of what arrived, which may be the beginning of a value: shorter than the longest.
    held: Vec<u8>,
}

impl MaskedStream {
    /// Takes bytes; the answer is what can be shown of everything so far.
    pub fn take(&mut self, masked: &Masked, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.release(masked, true)
    }

    /// What was held back, when no more arrives.
    pub fn finish(&mut self, masked: &Masked) -> Vec<u8> {
        self.release(masked, false)
    }

    /// What can be shown; while more may arrive, that is not the beginning of a value.
    fn release(&mut self, masked: &Masked, more: bool) -> Vec<u8> {
        let whole = std::mem::take(&mut self.held);
        let mut shown = Vec::with_capacity(whole.len());
        let mut rest = &whole[..];
        while let Some(first) = rest.first() {
            // A value may begin a longer one: which it is shows when more arrives.
            if more && masked.may_begin(rest) {
                self.held = rest.to_vec();
                break;
            }
            if let Some(value) = masked.at(rest) {
                shown.extend_from_slice(MASK.as_bytes());
                rest = &rest[value.len()..];
            } else {
                shown.push(*first);
                rest = &rest[1..];
            }
        }
        shown
    }
}
