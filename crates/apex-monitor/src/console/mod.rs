//! Shows a run to people: lines as things happen, on a terminal a part that is redrawn in place,
//! and a summary in the end.
//!
//! Everything that is shown is made by pure functions of view, event and time; this file only
//! decides when, and writes. It keeps no totals. When its reader goes away (broken pipe), it
//! falls silent: the run is not its business. What keys order is handed on; what becomes of it is
//! seen in the events.

mod excerpt;
pub(crate) mod failure;
mod folds;
mod keyboard;
mod keys;
mod line;
mod live;
mod options;
mod panel;
mod quarantine;
mod rerun;
mod screen;
mod still;
mod summary;
mod tail;
mod telling;
pub(crate) mod words;

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use apex_core::{Envelope, Moment, RunView, Sink};

use failure::Place;
pub use folds::FoldMarks;
use folds::Folds;
pub use keyboard::Keyboard;
pub use keys::Key;
pub use line::{Label, Line, Style};
pub use live::{Look, Size, frame};
pub use options::{ColourChoice, ConsoleOptions, Mode, Surroundings, Verbosity, terminal_size};
pub use panel::{Order, Panel};
use screen::Screen;
pub use tail::Tails;
use telling::{Level, Scene, Telling};

/// Time between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// Takes what people order by keys.
pub type Orders = Box<dyn FnMut(Order) + Send>;

/// Shows a run to people.
pub struct Console {
    writer: Box<dyn Write + Send>,
    options: ConsoleOptions,
    telling: Telling,
    folds: Folds,
    screen: Screen,
    keys: Option<(Receiver<Key>, Orders)>,
    panel: Panel,
    tails: Tails,
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
            folds: Folds::default(),
            screen: Screen::default(),
            keys: None,
            panel: Panel::default(),
            tails: Tails::default(),
            written: Moment::START,
            is_summarised: false,
            is_closed: false,
        }
    }

    /// Follows these keys while the part that is redrawn is shown, and hands on what they order.
    #[must_use]
    pub fn with_keys(mut self, keys: Receiver<Key>, orders: Orders) -> Self {
        self.keys = Some((keys, orders));
        self
    }

    fn level(&self) -> Level {
        match (self.options.verbosity, self.options.mode) {
            (Verbosity::Quiet, _) => Level::Failures,
            (Verbosity::Everything, _) => Level::Output,
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
            let told = self.telling.tell(envelope, scene);
            let moment = folds::Scene { view, at: envelope.at, marks: self.options.folds };
            lines.extend(self.folds.around(&envelope.event, told, moment));
            if self.keys.is_some() {
                self.tails.take(envelope);
            }
        }
        if let Some(result) = view.result().filter(|_| !self.is_summarised) {
            self.is_summarised = true;
            let summary = summary::lines(view, &(self.options.exit)(result), place);
            let marks = self.options.folds;
            lines.extend(summary.into_iter().map(|line| folds::disarmed(line, marks)));
        }
        lines
    }

    /// Takes the keys that were pressed; whether there was one.
    fn press_keys(&mut self, view: &RunView) -> bool {
        let before = self.panel;
        self.panel = self.panel.still(view);
        let mut is_any = self.panel != before;
        let Some((keys, orders)) = &mut self.keys else { return is_any };
        while let Ok(key) = keys.try_recv() {
            is_any = true;
            let (panel, order) = self.panel.press(key, view);
            self.panel = panel;
            if let Some(order) = order {
                orders(order);
            }
        }
        is_any
    }

    fn frame(&self, view: &RunView, now: Moment, size: Size) -> Vec<Line> {
        let look = Look {
            size,
            style: self.options.style,
            panel: self.panel,
            tails: &self.tails,
            has_keys: self.keys.is_some(),
        };
        frame(view, now, &look)
    }

    /// Writes lines and, on a terminal, a frame below them.
    fn show(&mut self, lines: &[Line], view: &RunView, now: Moment) -> Result<(), String> {
        let style = self.options.style;
        let mut text = String::new();
        if self.options.mode == Mode::Live {
            let size = (self.options.size)().unwrap_or(Size::DEFAULT);
            let frame = if self.is_live(view) { self.frame(view, now, size) } else { Vec::new() };
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
        let is_pressed = self.is_live(view) && self.press_keys(view);
        let is_due = self.is_live(view) && now.since(self.written) >= FRAME;
        if !lines.is_empty() || is_due || is_pressed {
            self.show(&lines, view, now)?;
        }
        Ok(())
    }

    fn tick(&mut self, now: Moment, view: &RunView) -> Result<(), String> {
        let silence = now.since(self.written);
        if self.is_closed || view.result().is_some() {
            return Ok(());
        }
        if self.is_live(view) && (self.press_keys(view) || silence >= FRAME) {
            return self.show(&[], view, now);
        }
        let is_silent = self.options.silence.is_some_and(|limit| silence >= limit);
        if self.options.mode == Mode::Plain
            && self.options.verbosity != Verbosity::Quiet
            && is_silent
        {
            return self.show(&[still::running_line(view, now)], view, now);
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
    Place {
        style: options.style,
        run_directory: options.run_directory.as_deref(),
        is_whole: options.verbosity >= Verbosity::Verbose,
    }
}
