//! A command line that is not done, and the one word of advice that goes with it.

use super::table;

/// Why a command line is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Refusal {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    /// A value that is none of those that a flag takes.
    pub(crate) fn choice(spelled: &str, value: &str, choices: &[&str]) -> Self {
        let message = format!(
            "argument {spelled}: invalid choice: '{value}' (choose from {})",
            choices.join(", ")
        );
        let nearest = apex_config::nearest(value, choices.iter().copied());
        let hint = match nearest {
            Some(word) => format!("did you mean `{spelled} {word}`?"),
            None => format!("write one of {}", choices.join(", ")),
        };
        Self::new(message, hint)
    }

    /// A flag that nobody knows.
    pub(crate) fn unknown_flag(word: &str) -> Self {
        let message = format!("unrecognized argument: {word}");
        if is_of_a_framework(word) {
            let hint = format!("options of the test framework go behind `--`: `-- {word} ...`");
            return Self::new(message, hint);
        }
        let spellings = table::rows().flat_map(table::Row::all_spellings);
        let hint = match apex_config::nearest(word, spellings.filter(|one| one.len() > 2)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => {
                "`apex compat list` shows every flag; options of the test framework go behind `--`"
                    .to_owned()
            }
        };
        Self::new(message, hint)
    }

    /// What people read.
    pub(crate) fn text(&self) -> String {
        format!("error: {}\nhint: {}\n", self.message, self.hint)
    }
}

/// Whether it looks like an option of pytest, jest or cargo that is often typed here.
fn is_of_a_framework(word: &str) -> bool {
    const KNOWN: [&str; 12] = [
        "--tb",
        "--durations",
        "--lf",
        "--last-failed",
        "--cov-report",
        "--pdb",
        "--nocapture",
        "--reruns",
        "--dist",
        "--runInBand",
        "--setup-show",
        "--strict-markers",
    ];
    let name = word.split('=').next().unwrap_or(word);
    let is_short = word.len() == 2 && word.starts_with('-');
    is_short || KNOWN.contains(&name)
}
