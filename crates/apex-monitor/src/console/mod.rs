//! Shows a run to people: lines as things happen, on a terminal a part that is redrawn in place,
//! and a summary in the end.
//!
//! Everything that is shown is made by pure functions of view, event and time; this file only
//! decides when, and writes. It keeps no totals. When its reader goes away (broken pipe), it
//! falls silent: the run is not its business.

pub(crate) mod failure;
mod line;
mod live;
mod options;
mod quarantine;
mod screen;
mod summary;
mod telling;
pub(crate) mod words;

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use apex_core::{Envelope, Moment, RunView, Sink};

use failure::Place;
pub use line::{Label, Line, Style};
pub use live::{Size, frame};
pub use options::{ColourChoice, ConsoleOptions, Mode, Surroundings, Verbosity, terminal_size};
use screen::Screen;
use telling::{Level, Scene, Telling};

/// Time between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// Silence after which plain lines say what still runs.
const SILENCE: Duration = Duration::from_secs(30);

/// Running tests that such a line names.
const STILL_RUNNING: usize = 3;

/// Shows a run to people.
pub struct Console {
    writer: Box<dyn Write + Send>,
    options: ConsoleOptions,
    telling: Telling,
    screen: Screen,
    /// When something was written last.
    written: Moment,
    is_summarised: bool,
    is_closed: bool,
}

impl Console {
    /// A console that writes here, usually to standard error.
    #[must_use]
    pub fn new(writer: Box<dyn Write + Send>, options: ConsoleOptions) -> Self {
        Self {
            writer,
            options,
            telling: Telling::default(),
            screen: Screen::default(),
            written: Moment::START,
            is_summarised: false,
            is_closed: false,
        }
    }

    fn level(&self) -> Level {
        match (self.options.verbosity, self.options.mode) {
            (Verbosity::Quiet, _) => Level::Failures,
            (Verbosity::Verbose, _) => Level::Tests,
            (Verbosity::Normal, Mode::Plain) => Level::Milestones,
            (Verbosity::Normal, Mode::Live) => Level::Notable,
        }
    }

    /// Whether a part of the terminal is redrawn in place now.
    fn is_live(&self, view: &RunView) -> bool {
        self.options.mode == Mode::Live
            && self.options.verbosity != Verbosity::Quiet
            && view.result().is_none()
    }

    fn told(&mut self, batch: &[Envelope], view: &RunView) -> Vec<Line> {
        let level = self.level();
        let place = place(&self.options);
        let scene = Scene { view, level, place };
        let mut lines: Vec<Line> = Vec::new();
        for envelope in batch {
            lines.extend(self.telling.tell(envelope, scene));
        }
        if let Some(result) = view.result().filter(|_| !self.is_summarised) {
            self.is_summarised = true;
            lines.extend(summary::lines(view, &(self.options.exit)(result), place));
        }
        lines
    }

    /// Writes lines and, on a terminal, a frame below them.
    fn show(&mut self, lines: &[Line], view: &RunView, now: Moment) -> Result<(), String> {
        let style = self.options.style;
        let mut text = String::new();
        if self.options.mode == Mode::Live {
            let size = (self.options.size)().unwrap_or(Size::DEFAULT);
            let frame = if self.is_live(view) { frame(view, now, size, style) } else { Vec::new() };
            text = self.screen.draw(lines, &frame, size, style);
        } else {
            for line in lines {
                line.paint(style, &mut text);
                text.push('\n');
            }
        }
        self.written = now;
        let written = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
        self.judge(written)
    }

    fn judge(&mut self, written: io::Result<()>) -> Result<(), String> {
        match written {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            Err(error) => Err(format!("cannot write to the terminal: {error}")),
        }
    }
}

impl Sink for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        if self.is_closed {
            return Ok(());
        }
        let lines = self.told(batch, view);
        let now = view.last();
        if !lines.is_empty() || (self.is_live(view) && now.since(self.written) >= FRAME) {
            self.show(&lines, view, now)?;
        }
        Ok(())
    }

    fn tick(&mut self, now: Moment, view: &RunView) -> Result<(), String> {
        let silence = now.since(self.written);
        if self.is_closed || view.result().is_some() {
            return Ok(());
        }
        if self.is_live(view) && silence >= FRAME {
            return self.show(&[], view, now);
        }
        if self.options.mode == Mode::Plain
            && self.options.verbosity != Verbosity::Quiet
            && silence >= SILENCE
        {
            return self.show(&[still_running(view, now)], view, now);
        }
        Ok(())
    }

    /// A run whose end never came, as after a fault of Apex, leaves its last frame on the screen.
    fn close(&mut self, _view: &RunView) -> Result<(), String> {
        if self.is_closed {
            return Ok(());
        }
        let written = self.writer.flush();
        self.judge(written)
    }
}

fn place(options: &ConsoleOptions) -> Place<'_> {
    Place { style: options.style, run_directory: options.run_directory.as_deref() }
}

/// What a quiet stretch is filled with, so that nobody takes it for a hang.
fn still_running(view: &RunView, now: Moment) -> Line {
    let running = live::running(view);
    let mut names: Vec<String> = running
        .iter()
        .take(STILL_RUNNING)
        .map(|running| {
            format!("{} ({})", running.name(view), words::duration(now.since(running.since)))
        })
        .collect();
    if running.len() > STILL_RUNNING {
        names.push(format!("and {} more", running.len() - STILL_RUNNING));
    }
    let names = if names.is_empty() { "nothing yet".to_owned() } else { names.join(", ") };
    let elapsed = words::duration(view.spent(now));
    Line::new().with(Label::Faint, format!("after {elapsed} still running: ")).text(names)
}
