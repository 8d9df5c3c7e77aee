//! What a command line asks for, flag by flag, before anything is looked up.

use super::flag::Flag;

/// A value of a flag.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    On,
    Off,
    Words(Vec<String>),
}

/// One occurrence of a flag.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Occurrence {
    pub(crate) flag: Flag,
    /// As it was typed, an abbreviation whole.
    pub(crate) spelled: String,
    pub(crate) given: Given,
}

/// What a command line asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) occurrences: Vec<Occurrence>,
    /// Words for the framework of every selected category.
    pub(crate) for_framework: Vec<String>,
    /// What people should know about the reading of it; each once.
    pub(crate) notes: Vec<String>,
}

impl Asked {
    /// Whether a flag is on: of several times, the last counts.
    pub(crate) fn is_on(&self, flag: Flag) -> bool {
        self.last(flag).is_some_and(|one| one.given != Given::Off)
    }

    /// Whether it was given as false, last.
    pub(crate) fn is_off(&self, flag: Flag) -> bool {
        self.last(flag).is_some_and(|one| one.given == Given::Off)
    }

    /// Whether it was given at all.
    pub(crate) fn is_given(&self, flag: Flag) -> bool {
        self.last(flag).is_some()
    }

    /// The last occurrence.
    pub(crate) fn last(&self, flag: Flag) -> Option<&Occurrence> {
        self.occurrences.iter().rev().find(|one| one.flag == flag)
    }

    /// The value of a flag that takes one; the last counts.
    pub(crate) fn value(&self, flag: Flag) -> Option<&str> {
        match &self.last(flag)?.given {
            Given::Words(words) => words.first().map(String::as_str),
            Given::On | Given::Off => None,
        }
    }

    /// The number of a flag whose range was checked.
    pub(crate) fn whole(&self, flag: Flag) -> Option<u32> {
        self.value(flag)?.parse().ok()
    }

    /// The same for numbers with a fraction.
    pub(crate) fn number(&self, flag: Flag) -> Option<f64> {
        self.value(flag)?.parse().ok()
    }

    /// The values of a flag that adds up, over all its occurrences.
    pub(crate) fn values(&self, flag: Flag) -> Vec<&str> {
        let all = self.occurrences.iter().filter(|one| one.flag == flag);
        all.flat_map(|one| match &one.given {
            Given::Words(words) => words.as_slice(),
            Given::On | Given::Off => &[],
        })
        .map(String::as_str)
        .collect()
    }

    /// Which of some flags that contradict each other was given last.
    pub(crate) fn latest_of(&self, flags: &[Flag]) -> Option<Flag> {
        let on = self.occurrences.iter().rev().filter(|one| one.given != Given::Off);
        on.map(|one| one.flag).find(|flag| flags.contains(flag))
    }

    /// Adds a note, once.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
