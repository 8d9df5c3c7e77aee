//! What can be typed about reports and recorded runs.

use std::path::PathBuf;
use std::str::FromStr;

use apex_monitor::report::Format;
use clap::builder::{NonEmptyStringValueParser, PossibleValue};
use clap::{Args, Subcommand, ValueEnum};

use super::{DialectWord, ProgressMode};

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FormatWord(pub(crate) Format);

impl ValueEnum for FormatWord {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [FormatWord; Format::ALL.len()] = {
            let mut words = [FormatWord(Format::Junit); Format::ALL.len()];
            let mut at = 0;
            while at < words.len() {
                words[at] = FormatWord(Format::ALL[at]);
                at += 1;
            }
            words
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.as_str()))
    }
}

/// A report that is wanted beside a run: `FORMAT` or `FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedReport {
    pub(crate) format: Format,
    /// Where it goes; the usual place of the format when not given.
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for WantedReport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (word, file) = match text.split_once('=') {
            Some((word, file)) => (word, Some(file)),
            None => (text, None),
        };
        let Some(format) = Format::from_word(word) else {
            let known = Format::ALL.map(Format::as_str).join(", ");
            return Err(format!("`{word}` is no format of reports; known: {known}"));
        };
        match file {
            Some("") => Err(format!("there is no file behind `{word}=`")),
            file => Ok(Self { format, file: file.map(PathBuf::from) }),
        }
    }
}

/// Reports that are wanted beside a run.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ReportsArgs {
    /// Also write JUnit XML here
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Also make a report: junit, ctrf, html, markdown, csv, github, trace or brief. Without a
    /// file it goes into the run directory; `github` and `brief` are printed. Can be repeated
    #[arg(long = "report", value_name = "FORMAT[=FILE]")]
    pub(crate) reports: Vec<WantedReport>,
}

/// Options of `apex report`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run: its id, a beginning or end of it, `last`, or a run directory
    #[arg(value_name = "RUN", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) run: String,
    /// The format
    #[arg(long, short, value_name = "FORMAT", default_value = "brief")]
    pub(crate) format: FormatWord,
    /// The file; standard output when missing
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What can be typed behind `apex runs`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List recorded runs, the newest first
    List {
        /// At most so many
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        limit: usize,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what a run amounts to
    Show {
        /// The run: its id, a beginning or end of it, `last`, or a run directory
        #[arg(value_name = "RUN", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
        run: String,
        /// Print its summary as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what changed from one run to another: newly failing, fixed, slower, new, gone
    Diff {
        /// The earlier run
        #[arg(value_name = "A", value_parser = NonEmptyStringValueParser::new())]
        earlier: String,
        /// The later run
        #[arg(value_name = "B", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
        later: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let nothing remove a run
    Pin {
        /// The run: its id, a beginning or end of it, `last`, or a run directory
        #[arg(value_name = "RUN", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
        run: String,
        /// Let it be removed again
        #[arg(long)]
        undo: bool,
    },
    /// Check that the record of a run obeys the laws of Apex
    Check {
        /// The run: its id, a beginning or end of it, `last`, or a run directory
        #[arg(value_name = "RUN", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
        run: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Options of `apex replay`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The run: its id, a beginning or end of it, `last`, or a run directory
    #[arg(value_name = "RUN", default_value = "last", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) run: String,
    /// How many times as fast as it was; `max` does not wait at all
    #[arg(long, value_name = "X", default_value = "1")]
    pub(crate) speed: Speed,
    /// How progress is shown
    #[arg(long, value_name = "MODE", default_value = "auto")]
    pub(crate) progress_mode: ProgressMode,
    #[command(flatten)]
    pub(crate) stream: StreamArgs,
}

/// How fast a run is shown again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// So many times as fast as it was.
    Times(f64),
    /// Without waiting.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let number = text.trim_end_matches('x').parse::<f64>().ok();
        let times = number.filter(|times| times.is_finite() && *times > 0.0);
        times.map(Self::Times).ok_or_else(|| {
            format!("`{text}` is no speed; write a number above 0, such as `10`, or `max`")
        })
    }
}

/// Which names the lines of `--progress-mode json` use.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct StreamArgs {
    /// The names of `--progress-mode json`: those of Apex, those of the earlier runner, or messages
    /// for a chat
    #[arg(long, value_name = "NAMES", default_value = "apex")]
    pub(crate) event_dialect: DialectWord,
    /// The thread that messages for a chat belong to; the run when not given
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) thread_id: Option<String>,
}
