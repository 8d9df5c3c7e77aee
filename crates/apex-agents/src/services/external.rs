//! A service that runs elsewhere: awaited, never started, never stopped.

use std::path::PathBuf;
use std::sync::Arc;

use apex_config::model::Service;
use tokio::time::{Instant, sleep_until};

use super::addresses::Addresses;
use super::probe::Probe;
use super::readiness::{Conditions, Probing, Surroundings};
use crate::process::StopRequest;

/// What a service that runs elsewhere needs.
pub(super) struct ExternalService {
    /// Its configuration.
    pub(super) service: Service,
    /// Where it answers, as written.
    pub(super) url: String,
    /// The same, read.
    pub(super) addresses: Addresses,
    /// Project root, absolute.
    pub(super) root: PathBuf,
    /// Environment of commands that check it.
    pub(super) env: Arc<std::collections::BTreeMap<String, String>>,
}

impl ExternalService {
    /// Waits until it answers. `Ok(false)` when the wait was ended by a request to stop.
    pub(super) async fn answers(&self, stop: &StopRequest) -> Result<bool, String> {
        let mut probing = Probing::begin(self.probes()?, self.service.readiness.interval);
        let limit = Instant::now() + self.service.readiness.timeout;
        let mut is_late = false;
        let mut is_stopped = false;
        while !probing.is_done() && !is_late && !is_stopped {
            tokio::select! {
                biased;
                _ = stop.stronger_than(None) => is_stopped = true,
                () = probing.next() => {}
                () = sleep_until(limit) => is_late = true,
            }
        }
        let missing = probing.missing();
        probing.end().await;
        if is_late { Err(self.late(&missing)) } else { Ok(!is_stopped) }
    }

    fn probes(&self) -> Result<Vec<Probe>, String> {
        let name = &self.service.name;
        let around = Surroundings { root: &self.root, env: Arc::clone(&self.env) };
        let mut conditions = Conditions::of(&self.service, &self.addresses, &around, None)?;
        if !conditions.patterns.is_empty() {
            return Err(format!(
                "the output of service `{name}` cannot be seen, because it runs elsewhere; use a \
                 tcp, http, command or file check instead of `log`"
            ));
        }
        if conditions.probes.is_empty() {
            let main = self.addresses.main().cloned().ok_or_else(|| {
                format!(
                    "the URL {} of service `{name}` names no host and port; write it like \
                     `http://localhost:8000`",
                    self.url
                )
            })?;
            conditions.probes.push(Probe::Tcp(main));
        }
        Ok(conditions.probes)
    }

    fn late(&self, missing: &[String]) -> String {
        format!(
            "service `{}` at {} did not answer within {} seconds: {}; it is `external`, start it \
             yourself or correct its `url`",
            self.service.name,
            self.url,
            self.service.readiness.timeout.as_secs_f64(),
            missing.join("; ")
        )
    }
}
