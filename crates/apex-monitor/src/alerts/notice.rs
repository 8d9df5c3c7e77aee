//! What is said of an alert that fired: `apex.alert/1`, and texts for people.

use apex_config::model::{Alert, AlertLevel};
use apex_core::RunView;
use serde::Serialize;
use serde_json::{Value, json};

use super::machine::Fired;
use crate::text::harmless_line;
use crate::wire::Seconds;

/// Name and version of the form.
pub const SCHEMA: &str = "apex.alert/1";

/// What is said of an alert that fired, once.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The run.
    pub run: String,
    /// The name of the alert.
    pub alert: String,
    /// `low`, `medium`, `high` or `critical`.
    pub level: &'static str,
    /// `firing` when it held to the end, else `resolved`.
    pub state: &'static str,
    /// What was measured when it fired.
    pub why: String,
    /// The layer that it looks at.
    pub layer: Option<String>,
    /// When it fired for the first time, seconds since the beginning of the run.
    pub fired_at: f64,
    /// When it resolved for the last time; none when it fires.
    pub resolved_at: Option<f64>,
    /// How often it fired.
    pub times: u32,
    /// Whether nobody is told.
    pub is_muted: bool,
    /// The rule.
    #[serde(skip)]
    pub rule: Alert,
}

impl Notice {
    pub(super) fn of(alert: &Alert, fired: &Fired, view: &RunView) -> Self {
        let number = |moment: apex_core::Moment| Seconds::from(moment.since_start()).number();
        Self {
            schema: SCHEMA,
            run: view.identity().map_or_else(String::new, |identity| identity.run.to_string()),
            alert: alert.name.clone(),
            level: alert.level.as_str(),
            state: if fired.resolved.is_some() { "resolved" } else { "firing" },
            why: fired.why.clone(),
            layer: alert.layer.as_ref().map(ToString::to_string),
            fired_at: number(fired.first),
            resolved_at: fired.resolved.map(number),
            times: fired.times,
            is_muted: alert.is_muted,
            rule: alert.clone(),
        }
    }

    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let place = self.layer.as_ref().map_or_else(String::new, |layer| format!(" in {layer}"));
        let times = match self.times {
            1 => String::new(),
            times => format!(", {times} times"),
        };
        let end = match self.resolved_at {
            Some(at) => format!(", resolved at {at:.1} s"),
            None => String::new(),
        };
        let text = format!(
            "alert {} ({}){place}: {} at {:.1} s{times}{end}",
            self.alert, self.level, self.why, self.fired_at
        );
        harmless_line(&text)
    }

    /// The document for programs.
    #[must_use]
    pub fn document(&self) -> Value {
        json!(self)
    }

    /// A message as Slack takes it.
    #[must_use]
    pub fn slack(&self) -> Value {
        // Slack reads these three as its own marks.
        let line = self.line().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        json!({ "text": format!("{line} (run {})", self.run) })
    }

    /// A workflow command that makes GitHub show it.
    #[must_use]
    pub fn annotation(&self) -> String {
        let word = match self.rule.level {
            AlertLevel::Critical | AlertLevel::High => "error",
            AlertLevel::Medium => "warning",
            AlertLevel::Low => "notice",
        };
        let escaped =
            |text: &str| text.replace('%', "%25").replace('\n', "%0A").replace('\r', "%0D");
        let title = escaped(&self.alert).replace(':', "%3A").replace(',', "%2C");
        format!("::{word} title={title}::{}", escaped(&self.line()))
    }
}
