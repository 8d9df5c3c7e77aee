//! How the console is to behave, and what is sensible for a terminal.

use std::time::Duration;

use apex_config::environment_variables::{CI, CLICOLOR_FORCE, LOCALE, NO_COLOR, TERM};

use super::folds::FoldMarks;
use super::line::Style;
use super::live::Size;
use crate::exit::ExitRule;

/// What the console does with the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Lines one after the other: for files, CI and simple terminals.
    Plain,
    /// The lower part is redrawn in place.
    Live,
}

/// How much the user wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Failures and the summary.
    Quiet,
    /// How the run gets on.
    #[default]
    Normal,
    /// Every test with its time, and failures in full.
    Verbose,
    /// Also what jobs write, whether their tests pass or not.
    Everything,
}

/// How the console is to behave.
pub struct ConsoleOptions {
    /// What it does with the terminal.
    pub mode: Mode,
    /// How much it says.
    pub verbosity: Verbosity,
    /// How lines look.
    pub style: Style,
    /// Asks for the size of the terminal; called for every frame, so that a resize is seen.
    pub size: fn() -> Option<Size>,
    /// The run directory as people should read it, for paths of captured output.
    pub run_directory: Option<String>,
    /// How long plain output may be silent before it says what still runs; none for ever.
    pub silence: Option<Duration>,
    /// By which marks a log can be folded; for plain output.
    pub folds: FoldMarks,
    /// How the program ends for a result.
    pub exit: ExitRule,
}

/// What the user said about colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ColourChoice {
    /// As the terminal and the environment suggest.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What is known about the place that the text goes to.
pub struct Surroundings<'a> {
    /// Whether it is a terminal.
    pub is_terminal: bool,
    /// What the user said about colour.
    pub colour: ColourChoice,
    /// Looks up a variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Surroundings<'_> {
    /// The mode that fits: live on a terminal that can move its cursor and is not one of a CI.
    #[must_use]
    pub fn mode(&self) -> Mode {
        let is_ci = self.is_set(CI);
        if self.is_terminal && !is_ci && !self.is_dumb() { Mode::Live } else { Mode::Plain }
    }

    /// The style that fits: colour on a terminal unless `NO_COLOR` or a dumb terminal forbids it
    /// (`CLICOLOR_FORCE` asks for it anywhere), symbols where the locale is UTF-8.
    #[must_use]
    pub fn style(&self) -> Style {
        let colour = match self.colour {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto if self.is_set(NO_COLOR) => false,
            ColourChoice::Auto if self.is_set(CLICOLOR_FORCE) => true,
            ColourChoice::Auto => self.is_terminal && !self.is_dumb(),
        };
        Style { colour, unicode: self.is_utf8() }
    }

    fn is_dumb(&self) -> bool {
        matches!((self.variable)(TERM).as_deref(), None | Some("" | "dumb"))
    }

    /// The first of the three variables that is set decides, as in the C library.
    fn is_utf8(&self) -> bool {
        let locale = LOCALE
            .into_iter()
            .find_map(|name| (self.variable)(name).filter(|value| !value.is_empty()));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }

    /// Whether a variable is set to anything but nothing, `0` and `false`.
    fn is_set(&self, name: &str) -> bool {
        !matches!((self.variable)(name).as_deref(), None | Some("" | "0" | "false"))
    }
}

/// The size of the terminal behind standard error, if it is one.
#[must_use]
pub fn terminal_size() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0)
        .then(|| Size { columns: size.ws_col.into(), rows: size.ws_row.into() })
}
