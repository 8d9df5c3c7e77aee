//! Marks by which the log of a CI system folds what belongs to a layer. Failures stay outside of
//! the folds, where they are seen at once.
//!
//! GitHub reads lines that begin with `::` as commands, whoever wrote them: text of tests that looks
//! like one gets a mark before it. Sources: "Workflow commands for GitHub Actions" in its
//! documentation, "Custom collapsible sections" in that of GitLab.

use apex_config::environment_variables::{GITHUB_ACTIONS, GITLAB_CI};
use apex_core::event::{Event, LayerEvent, TestEvent};
use apex_core::{LayerIx, Moment, RunView};

use super::line::Line;
use super::words;

/// Whose marks are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FoldMarks {
    /// None.
    #[default]
    None,
    /// Those of GitHub Actions.
    GitHub,
    /// Those of GitLab CI.
    GitLab,
}

impl FoldMarks {
    /// Those of the CI system that the environment tells of.
    #[must_use]
    pub fn of(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let is_true = |name: &str| variable(name).as_deref() == Some("true");
        if is_true(GITHUB_ACTIONS) {
            Self::GitHub
        } else if is_true(GITLAB_CI) {
            Self::GitLab
        } else {
            Self::None
        }
    }
}

/// Which layers run, and whether a fold is open for them.
#[derive(Debug, Default)]
pub(super) struct Folds {
    running: Vec<LayerIx>,
    is_open: bool,
    /// Folds that were opened, for names that occur once.
    opened: u32,
}

/// A moment of a run, for marks that tell the time.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub view: &'a RunView,
    pub at: Moment,
    pub marks: FoldMarks,
}

impl Folds {
    /// The lines about an event, with the marks that belong around them.
    pub(super) fn around(
        &mut self,
        event: &Event,
        lines: Vec<Line>,
        scene: Scene<'_>,
    ) -> Vec<Line> {
        if scene.marks == FoldMarks::None {
            return lines;
        }
        let lines = lines.into_iter().map(|line| disarmed(line, scene.marks));
        let is_apart = self.closes_before(event) && lines.len() > 0;
        let close = is_apart.then(|| self.close(scene)).flatten();
        let open = self.opens_before(event, lines.len()).then(|| self.open(scene)).flatten();
        close.into_iter().chain(open).chain(lines).collect()
    }

    /// Whether what is said about an event does not belong into the fold that is open.
    fn closes_before(&mut self, event: &Event) -> bool {
        match event {
            Event::Layer(layer, LayerEvent::Started) => {
                self.running.push(*layer);
                true
            }
            Event::Layer(layer, LayerEvent::Finished { .. }) => {
                self.running.retain(|other| other != layer);
                self.running.is_empty()
            }
            event => is_failure(event),
        }
    }

    /// Whether there is something to say that belongs into a fold, and none is open.
    fn opens_before(&self, event: &Event, lines: usize) -> bool {
        lines > 0 && !self.is_open && !self.running.is_empty() && !is_failure(event)
    }

    fn open(&mut self, scene: Scene<'_>) -> Option<Line> {
        let names: Vec<&str> =
            self.running.iter().map(|&layer| words::layer_name(scene.view, layer)).collect();
        let noun = if names.len() == 1 { "layer" } else { "layers" };
        let title = format!("{noun} {}", names.join(", "));
        self.is_open = !names.is_empty();
        self.opened += 1;
        let name = format!("apex_{}", self.opened);
        let mark = match scene.marks {
            FoldMarks::None => return None,
            FoldMarks::GitHub => format!("::group::{title}"),
            FoldMarks::GitLab => {
                let start = format!("section_start:{}:{name}", unix_seconds(scene));
                format!("\u{1b}[0K{start}\r\u{1b}[0K{title}")
            }
        };
        self.is_open.then(|| Line::new().text(mark))
    }

    fn close(&mut self, scene: Scene<'_>) -> Option<Line> {
        let was_open = std::mem::replace(&mut self.is_open, false);
        let mark = match scene.marks {
            FoldMarks::None => return None,
            FoldMarks::GitHub => "::endgroup::".to_owned(),
            FoldMarks::GitLab => {
                let end = format!("section_end:{}:apex_{}", unix_seconds(scene), self.opened);
                format!("\u{1b}[0K{end}\r\u{1b}[0K")
            }
        };
        was_open.then(|| Line::new().text(mark))
    }
}

fn is_failure(event: &Event) -> bool {
    matches!(
        event,
        Event::Test(_, TestEvent::Finished { outcome, .. } | TestEvent::Settled { outcome, .. })
            if outcome.is_bad()
    )
}

fn unix_seconds(scene: Scene<'_>) -> u64 {
    let began = scene.view.identity().map_or(0, |identity| identity.unix_millis / 1_000);
    began + scene.at.since_start().as_secs()
}

/// A line that the CI system does not take for a command.
pub(super) fn disarmed(line: Line, marks: FoldMarks) -> Line {
    let text = line.bare();
    let text = text.trim_start();
    let is_command = text.starts_with("::") || text.starts_with("##[");
    if marks == FoldMarks::GitHub && is_command { Line::new().text("| ").join(line) } else { line }
}
