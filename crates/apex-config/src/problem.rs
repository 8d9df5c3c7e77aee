//! A configuration mistake: where it is, what is wrong, and what would be right.

use std::collections::HashSet;
use std::fmt;

use crate::place::Place;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Probably a mistake; the configuration is used.
    Warning,
    /// The configuration is refused.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A mistake in a configuration, for people to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it was written.
    pub place: Place,
    /// The field, for example `layers.unit.categories[0].name`; empty for a whole source.
    pub path: String,
    /// The text in question; empty when something is missing.
    pub text: String,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// The mistake with its message; path, text and hint are added by the methods below.
    #[must_use]
    pub fn new(severity: Severity, place: &Place, message: impl Into<String>) -> Self {
        Self {
            severity,
            place: place.clone(),
            path: String::new(),
            text: String::new(),
            message: readable(message.into()),
            hint: None,
        }
    }

    /// An [`Severity::Error`].
    #[must_use]
    pub fn error(place: &Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, place, message)
    }

    /// A [`Severity::Warning`].
    #[must_use]
    pub fn warning(place: &Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, place, message)
    }

    /// A [`Severity::Note`].
    #[must_use]
    pub fn note(place: &Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, place, message)
    }

    /// Names the field.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Quotes the text in question.
    #[must_use]
    pub fn about(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A message that a person can read: what is far longer is cut, for it repeats a value.
fn readable(mut message: String) -> String {
    /// About ten lines of a terminal.
    const LONGEST: usize = 800;
    if let Some((end, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(end);
        message.push_str(" ...");
    }
    message
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.severity.as_str(), self.message)?;
        if !self.path.is_empty() {
            write!(f, " (at `{}`)", self.path)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

/// Sorts by place, the worse first where two share one. What follows from a value that is itself
/// an error is left out.
pub(crate) fn sort(problems: &mut Vec<Problem>) {
    let wrong: HashSet<Place> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.place.clone())
        .collect();
    problems
        .retain(|problem| problem.severity != Severity::Warning || !wrong.contains(&problem.place));
    problems.sort_by(|one, other| {
        one.place.order(&other.place).then(other.severity.cmp(&one.severity))
    });
    problems.dedup();
}

/// The nearest of the known words, when one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_of(word, known, 1).pop()
}

/// The known words that are near enough to be meant, the nearest first, at most so many.
pub fn nearest_of<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let lower = word.to_lowercase();
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    let mut nearest: Vec<&str> = Vec::with_capacity(most);
    for (_, candidate) in near {
        if nearest.len() < most && !nearest.contains(&candidate) {
            nearest.push(candidate);
        }
    }
    nearest
}

/// "did you mean `x`", or the list of the words when it is short.
pub(crate) fn suggestion<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    /// Longer lists hide more than they tell.
    const LISTED: usize = 12;
    if let Some(near) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{near}`"));
    }
    let words: Vec<&str> = known.into_iter().take(LISTED + 1).collect();
    (!words.is_empty() && words.len() <= LISTED)
        .then(|| format!("known here: {}", words.join(", ")))
}
