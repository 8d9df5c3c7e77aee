//! A run in plain lines, as the earlier runner showed it: phases and categories as they start and
//! end, the failures, the summary. It relies on getting every event once and in order.

use std::io::{ErrorKind, Write};

use apex_core::event::{CategoryEvent, OutputEvent};
use apex_core::{CategoryIx, Envelope, Event, JobIx, RunView, Sink};

use super::outline::{Outline, phase_title};
use super::summary::{failure_block, summary_page};
use super::verdict::{Rules, decide};

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// The failures and the last lines of the summary.
    Quiet,
    /// The failures and the summary.
    Silent,
    /// Phases and categories, too.
    Normal,
    /// What jobs write, too.
    Loud,
}

/// What a console shows, and how it judges.
#[derive(Clone, Debug)]
pub struct ConsoleSettings {
    /// How much.
    pub loudness: Loudness,
    /// The phases.
    pub outline: Outline,
    /// What decides.
    pub rules: Rules,
    /// The run directory, as people should read it.
    pub directory: Option<String>,
}

/// Plain lines of a run.
pub struct Console {
    writer: Box<dyn Write + Send>,
    settings: ConsoleSettings,
    /// The latest phase whose title was written, from 1.
    phase: usize,
    is_closed: bool,
}

impl Console {
    /// Lines to this writer.
    #[must_use]
    pub fn new(writer: Box<dyn Write + Send>, settings: ConsoleSettings) -> Self {
        Self { writer, settings, phase: 0, is_closed: false }
    }

    fn write(&mut self, text: &str) -> Result<(), String> {
        if self.is_closed || text.is_empty() {
            return Ok(());
        }
        match self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush()) {
            // Whoever went away needs no more lines; the run is not its business.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            done => done.map_err(|error| format!("cannot write: {error}")),
        }
    }

    fn lines_of(&mut self, envelope: &Envelope, view: &RunView) -> String {
        match &envelope.event {
            Event::Category(at, CategoryEvent::Started) => self.started(*at, view),
            Event::Category(at, CategoryEvent::Finished { .. }) => finished(*at, view),
            Event::Output(job, OutputEvent::Text { text, .. })
                if self.settings.loudness == Loudness::Loud =>
            {
                output(*job, text, view)
            }
            Event::Warning(text) => format!("warning: {text}\n"),
            _ => String::new(),
        }
    }

    fn started(&mut self, at: CategoryIx, view: &RunView) -> String {
        let Some(category) = view.plan().categories.get(at.position()) else {
            return String::new();
        };
        let mut text = String::new();
        let phase = self.settings.outline.phase_of(at).unwrap_or(0);
        if phase > self.phase {
            self.phase = phase;
            let members = self.settings.outline.phases[phase - 1].len();
            text = format!("\n{}\n", phase_title(phase, members).replacen("Phase", "PHASE", 1));
        }
        text.push_str(&format!("  {} started\n", category.name));
        text
    }
}

fn finished(at: CategoryIx, view: &RunView) -> String {
    let plan = view.plan();
    let (Some(category), Some(seen)) =
        (plan.categories.get(at.position()), view.categories().get(at.position()))
    else {
        return String::new();
    };
    let Some(ending) = seen.progress.ending() else { return String::new() };
    let spent = seen.progress.spent(view.last()).as_secs_f64();
    let counts: Vec<String> =
        seen.counts.present().map(|(outcome, number)| format!("{number} {outcome}")).collect();
    let why =
        if ending.reason.is_empty() { String::new() } else { format!(" - {}", ending.reason) };
    format!("  {} {} ({spent:.2}s) {}{why}\n", category.name, ending.outcome, counts.join(", "))
}

/// What a job wrote, each line behind the name of its category.
fn output(job: JobIx, text: &str, view: &RunView) -> String {
    let plan = view.plan();
    let category = view.category_of(job).map_or("", |at| plan.category(at).name.as_str());
    let clean = crate::text::harmless(text);
    clean.lines().map(|line| format!("[{category}] {line}\n")).collect()
}

impl Sink for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String> {
        if matches!(self.settings.loudness, Loudness::Quiet | Loudness::Silent) {
            return Ok(());
        }
        let text: String = batch.iter().map(|envelope| self.lines_of(envelope, view)).collect();
        self.write(&text)
    }

    fn close(&mut self, view: &RunView) -> Result<(), String> {
        let decision = decide(view, &self.settings.rules);
        let failures = failure_block(view, self.settings.directory.as_deref());
        let summary = summary_page(view, &decision, self.settings.outline.by_layers);
        let summary = match self.settings.loudness {
            Loudness::Quiet => {
                let last = ["Selected:", "Overall:", "Reason:", "Dependency failed:"];
                let is_last = |line: &&str| last.iter().any(|start| line.starts_with(start));
                summary.lines().filter(is_last).map(|line| format!("{line}\n")).collect()
            }
            _ => format!("\n{summary}"),
        };
        self.write(&format!("{failures}{summary}"))
    }
}
