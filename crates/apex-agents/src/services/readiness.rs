//! Looks at all conditions of readiness at the same time until they hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use apex_config::model::{CommandLine, ReadinessCheck, Service, ServiceSource, Tls};
use regex::Regex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::addresses::Addresses;
use super::docker::Inside;
use super::http::Question;
use super::probe::Probe;
use super::tls::Trust;

/// Between two looks at a service that has just been started.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// What has to hold: what is looked at from outside, and what the service has to write.
pub(super) struct Conditions {
    /// Looked at from outside.
    pub(super) probes: Vec<Probe>,
    /// Patterns of lines that have to appear in its output.
    pub(super) patterns: Vec<Regex>,
}

/// What a command of a readiness check runs with.
pub(super) struct Surroundings<'a> {
    /// Project root, absolute.
    pub(super) root: &'a Path,
    /// Environment of the service.
    pub(super) env: Arc<BTreeMap<String, String>>,
}

impl Conditions {
    /// Reads them from the configuration; the error is a sentence for people.
    pub(super) fn of(
        service: &Service,
        addresses: &Addresses,
        around: &Surroundings<'_>,
        inside: Option<&Inside>,
    ) -> Result<Self, String> {
        let mut conditions = Self { probes: Vec::new(), patterns: Vec::new() };
        for check in &service.readiness.checks {
            conditions.add(service, check, addresses, around, inside)?;
        }
        Ok(conditions)
    }

    fn add(
        &mut self,
        service: &Service,
        check: &ReadinessCheck,
        addresses: &Addresses,
        around: &Surroundings<'_>,
        inside: Option<&Inside>,
    ) -> Result<(), String> {
        let endpoint = |label: &str| {
            addresses.of_label(label).cloned().ok_or_else(|| {
                format!(
                    "the readiness check of service `{}` means port `{label}`, which it does not \
                     have; add it to `ports`",
                    service.name
                )
            })
        };
        match check {
            // The proxy of an engine accepts connections before anything listens behind it.
            ReadinessCheck::Tcp { port } if inside.is_some() => {
                self.probes.push(Probe::StaysOpen(endpoint(port)?));
            }
            ReadinessCheck::Tcp { port } => self.probes.push(Probe::Tcp(endpoint(port)?)),
            ReadinessCheck::Preset { preset, port } => {
                self.probes.push(Probe::Preset(*preset, endpoint(port)?));
            }
            ReadinessCheck::Inside(command) => {
                let inside = container(service, inside, "command")?;
                let command = arguments_of(command, &inside.addresses);
                self.probes.push(Probe::Inside(inside, command));
            }
            ReadinessCheck::Healthy => {
                self.probes.push(Probe::Healthy(container(service, inside, "healthcheck")?));
            }
            ReadinessCheck::Http { port, path, status, body, tls } => {
                let trust = match encryption(service, tls.as_ref()) {
                    Some(tls) => Some(Trust::of(&tls, around.root)?),
                    None => None,
                };
                self.probes.push(Probe::Http(Question {
                    at: endpoint(port)?,
                    path: path.clone(),
                    status: *status,
                    body: body.clone(),
                    trust,
                }));
            }
            ReadinessCheck::Command(command) => self.probes.push(Probe::Command {
                arguments: arguments_of(command, addresses),
                directory: around.root.to_owned(),
                env: Arc::clone(&around.env),
            }),
            ReadinessCheck::File(path) => self.probes.push(Probe::File(around.root.join(path))),
            ReadinessCheck::Log(pattern) => {
                let regex = Regex::new(pattern).map_err(|error| {
                    format!(
                        "`{pattern}` in the readiness of service `{}` is not a regular \
                         expression: {error}",
                        service.name
                    )
                })?;
                self.patterns.push(regex);
            }
            other => {
                return Err(format!(
                    "service `{}` has a readiness check that this version does not know \
                     ({other:?}); use tcp, http, command, log or file",
                    service.name
                ));
            }
        }
        Ok(())
    }
}

/// How a check by http is encrypted: as it says, or as the URL of a service elsewhere does.
fn encryption(service: &Service, written: Option<&Tls>) -> Option<Tls> {
    let by_url = match &service.source {
        ServiceSource::External { url } => url.starts_with("https:"),
        _ => false,
    };
    written.cloned().or_else(|| by_url.then(Tls::default))
}

/// The container of a service, for a check that needs one.
fn container(service: &Service, inside: Option<&Inside>, check: &str) -> Result<Inside, String> {
    inside.cloned().ok_or_else(|| {
        format!(
            "service `{}` is no container, so its readiness cannot have the check `{check}`; use \
             tcp, http, log, or a command on this machine (`command_on: host`)",
            service.name
        )
    })
}

/// The argument vector of a command, with the words for addresses filled in.
pub(super) fn arguments_of(command: &CommandLine, addresses: &Addresses) -> Vec<String> {
    match command {
        CommandLine::Arguments(arguments) => {
            arguments.iter().map(|argument| addresses.fill(argument)).collect()
        }
        CommandLine::Shell(text) => {
            vec!["/bin/sh".to_owned(), "-c".to_owned(), addresses.fill(text)]
        }
    }
}

/// The pause between two looks: a twentieth of the wait so far, so that a service that is soon
/// ready is soon seen, within a shortest pause and the one that is written down.
fn pause(waited: Duration, longest: Duration) -> Duration {
    (waited / 20).clamp(SHORTEST_PAUSE.min(longest), longest)
}

/// Probes that are repeated, each in a task of its own, until each held once.
pub(super) struct Probing {
    tasks: JoinSet<()>,
    /// For each probe what it missed last; none when it held.
    missing: Arc<Vec<Mutex<Option<String>>>>,
}

impl Probing {
    /// Begins to look.
    pub(super) fn begin(probes: Vec<Probe>, interval: Duration) -> Self {
        Self::looking(probes, interval, Probe::looks)
    }

    /// The same for what has run for a while: it does not come up, go down and come up again, so
    /// that every probe has to hold once only.
    pub(super) fn of_standing(probes: Vec<Probe>, interval: Duration) -> Self {
        Self::looking(probes, interval, |_| 1)
    }

    fn looking(probes: Vec<Probe>, interval: Duration, looks: fn(&Probe) -> u32) -> Self {
        let missing: Arc<Vec<_>> = Arc::new(
            probes
                .iter()
                .map(|probe| Mutex::new(Some(format!("{probe} was not looked at yet"))))
                .collect(),
        );
        let mut tasks = JoinSet::new();
        for (index, probe) in probes.into_iter().enumerate() {
            let missing = Arc::clone(&missing);
            tasks.spawn(async move {
                let began = Instant::now();
                let mut wanted = looks(&probe);
                while wanted > 0 {
                    let missed = probe.look().await.err();
                    let holds = missed.is_none();
                    wanted = if holds { wanted - 1 } else { looks(&probe) };
                    if !holds || wanted == 0 {
                        *missing[index].lock().unwrap_or_else(PoisonError::into_inner) = missed;
                    }
                    if wanted > 0 {
                        sleep(pause(began.elapsed(), interval)).await;
                    }
                }
            });
        }
        Self { tasks, missing }
    }

    /// Whether every probe held once.
    pub(super) fn is_done(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits until one more probe held. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) {
        // A probe that panicked counts as missing: its text stays and the limit decides.
        self.tasks.join_next().await;
    }

    /// What the probes that do not hold missed last.
    pub(super) fn missing(&self) -> Vec<String> {
        self.missing
            .iter()
            .filter_map(|missing| missing.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .collect()
    }

    /// Stops looking.
    pub(super) async fn end(mut self) {
        self.tasks.shutdown().await;
    }
}
