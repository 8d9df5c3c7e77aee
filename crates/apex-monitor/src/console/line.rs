//! A line of text with labels: what each part means is said here, its colour is decided late.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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

    /// A bar of `cells` cells, filled to this share.
    pub(super) fn bar(self, share: f64, cells: usize) -> String {
        let (full, empty) = if self.unicode { ("█", "░") } else { ("#", "-") };
        let filled = ((share.clamp(0.0, 1.0) * cells as f64).round() as usize).min(cells);
        [full.repeat(filled), empty.repeat(cells - filled)].concat()
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

    /// Columns it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.parts.iter().map(|(_, text)| text.width()).sum()
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
            room -= kept.width();
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

/// The longest beginning that fits into this many columns.
fn prefix(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (position, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > columns {
            return &text[..position];
        }
    }
    text
}
