//! What texts and names look like, and how to say so.

use super::Form;
use crate::model::{CategoryName, EnvironmentName, LayerId, ModeName, ServiceName};

impl Form {
    /// What is wrong with a text; nothing when it fits.
    pub(crate) fn objection(self, text: &str) -> Option<String> {
        let named =
            |result: Result<(), crate::model::InvalidName>| result.err().map(|e| e.to_string());
        match self {
            Self::Length(least, most) => {
                let length = text.chars().count();
                (!(least..=most).contains(&length))
                    .then(|| format!("has {length} characters, wanted {least} to {most}"))
            }
            Self::ThreePartVersion => objection_to_version(text, 3),
            Self::TwoPartVersion => objection_to_version(text, 2),
            Self::Date => (!is_date(text)).then(|| {
                format!("`{text}` is not a date such as 2025-01-31 or 2025-01-31T12:00:00Z")
            }),
            Self::LayerId => named(LayerId::new(text).map(drop)),
            Self::CategoryName => named(CategoryName::new(text).map(drop)),
            Self::ServiceName => named(ServiceName::new(text).map(drop)),
            Self::EnvironmentName => named(EnvironmentName::new(text).map(drop)),
            Self::ModeName => named(ModeName::new(text).map(drop)),
            Self::InnerPath => leaves(text)
                .then(|| format!("`{text}` leaves the project; paths are relative to its root")),
        }
    }

    /// Whether a text that does not fit is an error in older files too.
    pub(crate) fn is_strict(self) -> bool {
        !matches!(
            self,
            Self::ThreePartVersion | Self::TwoPartVersion | Self::Date | Self::Length(..)
        )
    }

    /// A regular expression for the JSON Schema, where one can say it.
    pub(crate) fn pattern(self) -> Option<&'static str> {
        match self {
            Self::ThreePartVersion => Some(r"^\d+\.\d+\.\d+$"),
            Self::TwoPartVersion => Some(r"^\d+\.\d+$"),
            Self::Date => Some(r"^\d{4}-\d{2}-\d{2}"),
            Self::LayerId => Some("^[a-z][a-z0-9_]*$"),
            Self::CategoryName => Some("^[a-z0-9_]{1,64}$"),
            Self::ServiceName | Self::EnvironmentName | Self::ModeName => {
                Some("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
            }
            Self::InnerPath | Self::Length(..) => None,
        }
    }
}

/// Whether a relative path climbs out of the folder that it starts in, or is absolute.
pub(crate) fn leaves(path: &str) -> bool {
    let mut depth = 0_i32;
    if path.starts_with(['/', '~']) || path.contains('\0') {
        return true;
    }
    path.split(['/', '\\']).any(|part| {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        depth < 0
    })
}

fn objection_to_version(text: &str, parts: usize) -> Option<String> {
    let found: Vec<&str> = text.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let fits = found.len() == parts && found.iter().all(is_number);
    let example = if parts == 3 { "1.0.0" } else { "1.0" };
    (!fits).then(|| format!("`{text}` is not a version such as {example}"))
}

/// `YYYY-MM-DD`, alone or with a time behind `T` or a space.
fn is_date(text: &str) -> bool {
    let Some(date) = text.get(..10) else { return false };
    let fits = date.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let between = |range: std::ops::Range<usize>, low: u32, high: u32| {
        date.get(range)
            .and_then(|part| part.parse().ok())
            .is_some_and(|n| (low..=high).contains(&n))
    };
    fits && between(5..7, 1, 12)
        && between(8..10, 1, 31)
        && text.get(10..).is_some_and(|rest| rest.is_empty() || rest.starts_with(['T', 't', ' ']))
}
