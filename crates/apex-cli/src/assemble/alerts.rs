//! The alerts of a run: who looks, and who is told when the verdict stands.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use apex_agents::errand::Errand;
use apex_config::model::{Alert, Notify};
use apex_core::{Sink, Trace};
use apex_monitor::alerts::{Alerts, Book, Notice, tell};
use apex_monitor::logs::{Component, Level, Settings};

use crate::failure::Failure;
use crate::out;

/// How long all webhooks and programs together may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be told of a run, and how.
pub(super) struct Messages {
    book: Book,
    root: PathBuf,
    variables: BTreeMap<String, String>,
}

/// Who looks at the alerts of a run, and what will be to be told.
pub(super) fn watching(
    alerts: Vec<Alert>,
    log: Option<&Settings>,
    trace: &Trace,
    (root, variables): (PathBuf, &BTreeMap<String, String>),
) -> (Box<dyn Sink>, Messages) {
    // The environment is kept only where a program needs it.
    let runs_programs = alerts.iter().any(|alert| alert.command.is_some());
    let variables = if runs_programs { variables.clone() } else { BTreeMap::new() };
    let (mut sink, book) = Alerts::new(alerts);
    let is_wanted = |log: &&Settings| log.levels.wants(Component::MasterController, Level::Warning);
    if let Some(log) = log.filter(is_wanted) {
        sink = sink.logging(log.folder.clone(), log.rotation, trace);
    }
    (Box::new(sink), Messages { book, root, variables })
}

impl Messages {
    /// Tells everybody but the log; what could not be told is said and changes nothing.
    pub(super) fn deliver(self) -> Result<(), Failure> {
        let notices: Vec<Notice> =
            self.book.take().into_iter().filter(|notice| !notice.is_muted).collect();
        for notice in &notices {
            for notify in &notice.rule.notify {
                match notify {
                    Notify::Console => out::people(&format!("{}\n", notice.line())),
                    Notify::GitHub => out::people(&format!("{}\n", notice.annotation())),
                    Notify::Log | Notify::Webhook { .. } => {}
                }
            }
        }
        let goes_out = |notice: &Notice| {
            let to_web = |notify: &Notify| matches!(notify, Notify::Webhook { .. });
            notice.rule.command.is_some() || notice.rule.notify.iter().any(to_web)
        };
        if !notices.iter().any(goes_out) {
            return Ok(());
        }
        let troubles = super::runtime()?.block_on(async {
            let mut troubles = tell(&notices, PATIENCE).await;
            troubles.extend(self.run_programs(&notices).await);
            troubles
        });
        for trouble in troubles {
            out::people(&format!("warning: {trouble}\n"));
        }
        Ok(())
    }

    async fn run_programs(&self, notices: &[Notice]) -> Vec<String> {
        let mut troubles = Vec::new();
        for notice in notices {
            let Some(command) = &notice.rule.command else { continue };
            let text = format!("{}\n", notice.document());
            let errand = Errand {
                command,
                folder: &self.root,
                variables: &self.variables,
                input: &text,
                limit: PATIENCE,
            };
            if let Err(reason) = errand.tell().await {
                troubles.push(format!("alert {}: {reason}", notice.alert));
            }
        }
        troubles
    }
}
