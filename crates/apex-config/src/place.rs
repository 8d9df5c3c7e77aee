//! Where a value was written: the source, and the line and column inside it.
//!
//! A place is small (16 bytes) because every node of a file carries one. It does not know what
//! was written there.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// What sort of source a value came from; later ones beat earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// The default that the reference states for the field.
    Default,
    /// The layers and categories that come with Apex.
    BuiltIn,
    /// A file of the project.
    File,
    /// A line of a `.env` file.
    DotEnv,
    /// A variable of the process environment.
    Variable,
    /// A flag of the command line.
    Flag,
}

/// One source of configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// What sort of source it is.
    pub kind: SourceKind,
    /// The path of a file as it is shown to people, the name of a variable, or a flag as typed.
    pub label: String,
}

/// A position in a source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    source: Arc<Source>,
    line: u32,
    column: u32,
}

impl Place {
    /// A position in a text: line and column count from 1.
    #[must_use]
    pub fn new(source: &Arc<Source>, line: usize, column: usize) -> Self {
        let clamp = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Self { source: Arc::clone(source), line: clamp(line), column: clamp(column) }
    }

    /// A source as a whole, for sources without lines.
    #[must_use]
    pub fn whole(kind: SourceKind, label: &str) -> Self {
        let source = Arc::new(Source { kind, label: label.to_owned() });
        Self { source, line: 0, column: 0 }
    }

    /// The source.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The line, from 1; 0 when the source has no lines.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column in characters, from 1; 0 when the source has no lines.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.column
    }

    /// Whether the user set it, in contrast to what comes with Apex.
    #[must_use]
    pub fn is_users(&self) -> bool {
        self.source.kind >= SourceKind::File
    }

    /// Order for lists of problems: by source, then by position.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        (self.source.kind, &self.source.label, self.line, self.column).cmp(&(
            other.source.kind,
            &other.source.label,
            other.line,
            other.column,
        ))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = &self.source.label;
        match self.source.kind {
            SourceKind::Default => f.write_str("default"),
            SourceKind::Variable => write!(f, "variable {label}"),
            SourceKind::Flag => write!(f, "flag {label}"),
            _ if self.line == 0 => f.write_str(label),
            _ => write!(f, "{label}:{}:{}", self.line, self.column),
        }
    }
}
