//! What did not compile: which packages, and the first message of the compiler for each.
//!
//! Until Go 1.23 a message is text on standard error under a line `# package`, and the failure a
//! line of text among the events; since Go 1.24 both are events.

use std::collections::BTreeMap;

use super::event::Event;
use crate::runners::text::first_line;

/// Most packages whose messages are kept.
const PACKAGES: usize = 1000;

/// Reads what the build says.
#[derive(Debug, Default)]
pub(super) struct BuildReader {
    /// Package → first message.
    messages: BTreeMap<String, String>,
    /// The package that the messages are about.
    about: String,
    /// Packages whose tests could not be built, in order.
    broken: Vec<String>,
    /// The first line on standard error that is no message of a package.
    complaint: String,
}

impl BuildReader {
    /// A line of standard error.
    pub(super) fn diagnostic(&mut self, line: &str) {
        if let Some(package) = line.strip_prefix("# ") {
            self.about = first_word(package).to_owned();
        } else if self.about.is_empty() {
            // What is only fetched on the way is no complaint.
            let is_progress = ["go: downloading", "go: finding", "go: extracting"];
            if self.complaint.is_empty() && !is_progress.iter().any(|one| line.starts_with(one)) {
                self.complaint = first_line(line);
            }
        } else {
            let package = self.about.clone();
            self.message(&package, line);
        }
    }

    /// An event, or text that an event holds.
    pub(super) fn event(&mut self, event: &Event) {
        match event.action.as_str() {
            "build-output" => {
                let text = event.output.trim_end();
                if !text.starts_with("# ") {
                    self.message(first_word(&event.import_path), text);
                }
            }
            "output" => self.text(event.output.trim_end()),
            _ => {}
        }
    }

    /// Text among the events: `FAIL`, a tab, `package [build failed]`.
    pub(super) fn text(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("FAIL\t") else { return };
        let Some((package, why)) = rest.split_once(" [") else { return };
        let is_build = matches!(why, "build failed]" | "setup failed]");
        if is_build && self.broken.len() < PACKAGES {
            self.broken.push(package.to_owned());
        }
    }

    fn message(&mut self, package: &str, line: &str) {
        let text = first_line(line);
        if !text.is_empty() && self.messages.len() < PACKAGES {
            self.messages.entry(package.to_owned()).or_insert(text);
        }
    }

    /// Whether a package could not be built.
    pub(super) fn is_broken(&self, package: &str) -> bool {
        self.broken.iter().any(|one| one == package)
    }

    /// The first package that could not be built, and why.
    pub(super) fn problem(&self) -> Option<String> {
        let package = self.broken.first()?;
        // The reason may lie in a package that it uses.
        let message = self.messages.get(package).or_else(|| self.messages.values().next());
        let message = message.map_or("go test did not say why", String::as_str);
        let more = match self.broken.len() - 1 {
            0 => String::new(),
            1 => " (and 1 package more)".to_owned(),
            more => format!(" (and {more} packages more)"),
        };
        Some(format!("the build of {package} failed: {message}{more}"))
    }

    /// What `go` itself complained of.
    pub(super) fn complaint(&self) -> &str {
        &self.complaint
    }
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}
