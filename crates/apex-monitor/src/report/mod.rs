//! Reports of a recorded run, a file a format, all from one source.
//!
//! A report is made of a [`Recorded`] run: the one fold of its events, and the few facts beside it
//! that a fold does not keep. Nothing here counts: every number comes from the view, so that all
//! formats of a run say the same. It knows nothing of projects, arguments or terminals.
//!
//! | format | file | for whom |
//! |---|---|---|
//! | `junit` | `junit.xml` | CI systems; see [`junit`] |
//! | `ctrf` | `ctrf.json` | tools of the Common Test Report Format |
//! | `html` | `report.html` | people; one file that asks for nothing |
//! | `markdown` | `report.md` | people, where Markdown is shown |
//! | `csv` | `tests.csv` | spreadsheets; a row a test |
//! | `github` | the log and the summary of a step | GitHub Actions |
//! | `trace` | `trace.json` | Perfetto and `chrome://tracing` |
//! | `brief` | `brief.txt` | coding agents and scripts |

pub mod again;
mod brief;
mod csv;
mod ctrf;
pub mod github;
mod html;
pub mod junit;
mod markdown;
mod recorded;
mod shown;
mod timeline;
mod trace;

use std::io::{self, Write};
use std::path::Path;

use crate::atomic::write_atomically;

pub use recorded::{End, Recorded};
pub use timeline::{JobSpan, ServiceSpan, TestSpan, Timeline};

/// The look of everything that is shown in a browser.
pub const STYLE: &str = include_str!("style.css");

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JUnit XML.
    Junit,
    /// The Common Test Report Format, JSON.
    Ctrf,
    /// One page that needs nothing else.
    Html,
    /// A summary as Markdown.
    Markdown,
    /// A row a test.
    Csv,
    /// Annotations for GitHub Actions.
    Github,
    /// What ran when, as a trace of Chrome.
    Trace,
    /// The few lines that matter.
    Brief,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Junit,
        Self::Ctrf,
        Self::Html,
        Self::Markdown,
        Self::Csv,
        Self::Github,
        Self::Trace,
        Self::Brief,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Ctrf => "ctrf",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Github => "github",
            Self::Trace => "trace",
            Self::Brief => "brief",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// The usual name of its file.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Junit => "junit.xml",
            Self::Ctrf => "ctrf.json",
            Self::Html => "report.html",
            Self::Markdown => "report.md",
            Self::Csv => "tests.csv",
            Self::Github => "annotations.txt",
            Self::Trace => "trace.json",
            Self::Brief => "brief.txt",
        }
    }

    /// Whether it is read where it is printed, rather than from a file.
    #[must_use]
    pub const fn is_printed(self) -> bool {
        matches!(self, Self::Github | Self::Brief)
    }
}

/// Writes the report of a run.
///
/// # Errors
/// Those of the writer.
pub fn write(format: Format, run: &Recorded, writer: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Junit => junit::write_report(&run.view, writer),
        Format::Ctrf => ctrf::write(run, writer),
        Format::Html => html::write(run, writer),
        Format::Markdown => writer.write_all(markdown::page(run).as_bytes()),
        Format::Csv => csv::write(run, writer),
        Format::Github => writer.write_all(github::annotations(run).as_bytes()),
        Format::Trace => trace::write(run, writer),
        Format::Brief => writer.write_all(brief::text(run).as_bytes()),
    }
}

/// Writes the report of a run into a file, whole or not at all; missing folders are made.
///
/// # Errors
/// Those of the file system.
pub fn write_file(format: Format, run: &Recorded, path: &Path) -> io::Result<()> {
    write_atomically(path, |writer| write(format, run, writer))
}
