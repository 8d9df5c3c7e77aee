//! A line of text with labels: what each part means is said here, its colour is decided late.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// What a part of a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Ordinary text.
    Plain,
    /// A name or a heading.
    Strong,
    /// Passed.
    Good,
    /// Failed.
    Bad,
    /// Neither: flaky, stopped, over budget.
    Caution,
    /// Of less interest.
    Faint,
}

impl Label {
    /// Parameters of the "select graphic rendition" control sequence.
    const fn rendition(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Good => Some("32"),
            Self::Bad => Some("1;31"),
            Self::Caution => Some("33"),
            Self::Faint => Some("2"),
        }
    }
}

/// How lines look on the terminal at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether labels have colours. Nothing depends on them: every label comes with a word.
    pub colour: bool,
    /// Whether symbols beyond ASCII may be used. Text of tests is never changed by it.
    pub unicode: bool,
}

impl Style {
    pub(super) const fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

/// A bar that is filled to a share, perhaps with a mark where the end is expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    /// 1 for all of it; more is shown as all.
    pub share: f64,
    /// Where the mark is; behind 1, an arrow stands in the last cell.
    pub mark: Option<f64>,
    pub cells: usize,
}

impl Bar {
    pub(super) fn paint(self, style: Style) -> String {
        let (full, empty) = if style.unicode { ("█", "░") } else { ("#", "-") };
        let (line, arrow) = if style.unicode { ("│", "▶") } else { ("|", ">") };
        let cell_of = |share: f64| (share.clamp(0.0, 1.0) * self.cells as f64).round() as usize;
        let filled = cell_of(self.share).min(self.cells);
        let mark = self.mark.map(|mark| (mark > 1.0, cell_of(mark).max(1) - 1));
        let cell = |number: usize| match mark {
            Some((true, _)) if number + 1 == self.cells => arrow,
            // What is filled already is not marked: the end is about to come.
            Some((false, at)) if number == at && at >= filled => line,
            _ if number < filled => full,
            _ => empty,
        };
        (0..self.cells).map(cell).collect()
    }
}

/// A line of labelled parts, without its end.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Line {
    parts: Vec<(Label, Cow<'static, str>)>,
}

impl Line {
    /// An empty line.
    #[must_use]
    pub const fn new() -> Self {
        Self { parts: Vec::new() }
    }

    /// The line with a part more.
    #[must_use]
    pub fn with(mut self, label: Label, text: impl Into<Cow<'static, str>>) -> Self {
        self.push(label, text);
        self
    }

    /// The line with ordinary text more.
    #[must_use]
    pub fn text(self, text: impl Into<Cow<'static, str>>) -> Self {
        self.with(Label::Plain, text)
    }

    /// The line with all parts of another one behind its own.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// Adds a part.
    pub fn push(&mut self, label: Label, text: impl Into<Cow<'static, str>>) {
        self.parts.push((label, text.into()));
    }

    /// Its text without its labels.
    #[must_use]
    pub fn bare(&self) -> String {
        self.parts.iter().map(|(_, text)| &**text).collect()
    }

    /// Columns it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.parts.iter().map(|(_, text)| columns_of(text)).sum()
    }

    /// The line within this many columns; what is cut is marked.
    #[must_use]
    pub fn cut(self, columns: usize, style: Style) -> Self {
        if self.width() <= columns {
            return self;
        }
        let mut room = columns.saturating_sub(style.ellipsis().width());
        let mut cut = Self::new();
        for (label, text) in self.parts {
            let kept = prefix(&text, room);
            room -= columns_of(kept);
            let is_whole = kept.len() == text.len();
            cut.push(label, kept.to_owned());
            if !is_whole {
                break;
            }
        }
        if columns >= style.ellipsis().width() {
            cut.push(Label::Plain, style.ellipsis());
        }
        cut
    }

    /// Appends the line as it is written, without its end.
    pub fn paint(&self, style: Style, out: &mut String) {
        for (label, text) in &self.parts {
            match label.rendition().filter(|_| style.colour && !text.is_empty()) {
                Some(code) => out.extend(["\u{1b}[", code, "m", text, "\u{1b}[0m"]),
                None => out.push_str(text),
            }
        }
    }
}

/// Columns of a text, counted as [`prefix`] does: what people see as one character is never less
/// than its parts together would be.
fn columns_of(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(|one| one.width()).sum() }
}

/// The longest beginning that fits into this many columns and ends where a character ends that
/// people see: a letter keeps its accents, a family of emoji stays together.
fn prefix(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (position, character) in text.grapheme_indices(true) {
        used += character.width();
        if used > columns {
            return &text[..position];
        }
    }
    text
}
