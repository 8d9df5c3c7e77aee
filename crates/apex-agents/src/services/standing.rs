//! Services that stand between runs: brought up by hand, looked at, taken away.
//!
//! Only containers stand: they are kept, with the digest of their definition and a time to live,
//! and a run takes those as they are whose definition says `scope: keep`. What is `external` is only checked.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{Lifetime, Service, ServiceName, ServiceSource};
use apex_core::event::Stream;
use apex_core::id::ServiceIx;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::addresses::Addresses;
use super::agent::{ServiceAgent, ServiceReport, ServiceSettings};
use super::docker::{
    self, ContainerFacts, Engine, EngineError, Swept, Thing, ThingKind, labels, remove,
};

/// How long a service that is brought up by hand stands.
const STANDS: Duration = Duration::from_secs(12 * 60 * 60);

/// How long services may take to go away when one of them did not come up.
const CLEARING: Duration = Duration::from_secs(15);

/// Where services stand.
#[derive(Clone, Debug)]
pub struct Place {
    /// Project root, absolute.
    pub root: PathBuf,
    /// The variables that name the engine.
    pub variables: Arc<BTreeMap<String, String>>,
    /// Folder of the logs of what is brought up.
    pub logs: PathBuf,
}

/// A container of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The service.
    pub service: String,
    /// The container.
    pub container: Thing,
    /// How it is.
    pub facts: ContainerFacts,
    /// Seconds after 1970 at which its time is over.
    pub expires: Option<u64>,
}

impl Standing {
    /// Whether it outlives the run that made it.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.container.labels.get(labels::LIFETIME).map(String::as_str) == Some(labels::KEEP)
    }

    /// The run that made it.
    #[must_use]
    pub fn run(&self) -> &str {
        self.container.labels.get(labels::RUN).map_or("", String::as_str)
    }

    /// The variables that tests get of it.
    #[must_use]
    pub fn exports(&self, service: &Service) -> BTreeMap<String, String> {
        Addresses::of_container(service, "127.0.0.1", &self.facts.ports).exports(service)
    }
}

/// The services that can stand, with everything those need, each after what it needs.
///
/// # Errors
/// A text for people, when one that is asked for cannot stand.
pub fn in_order(services: &[Service], wanted: &[ServiceName]) -> Result<Vec<Service>, String> {
    let find = |name: &ServiceName| services.iter().find(|service| service.name == *name);
    let mut order: Vec<Service> = Vec::new();
    let mut open: Vec<(&ServiceName, bool)> =
        wanted.iter().rev().map(|name| (name, false)).collect();
    while let Some((name, is_looked_at)) = open.pop() {
        if order.iter().any(|known| known.name == *name) {
            continue;
        }
        let Some(service) = find(name) else {
            return Err(format!("service `{name}` is defined nowhere"));
        };
        if is_looked_at {
            order.push(service.clone());
            continue;
        }
        if !matches!(service.source, ServiceSource::Container(_) | ServiceSource::External { .. }) {
            return Err(format!(
                "service `{name}` cannot stand by itself: a program lives as long as the run that \
                 starts it; only containers stand"
            ));
        }
        // The configuration has no cycles.
        open.push((name, true));
        open.extend(service.depends_on.iter().map(|before| (before, false)));
    }
    Ok(order)
}

/// Brings services up that stay when this process ends; `tell` hears of every step. They come in
/// the order of [`in_order`].
///
/// # Errors
/// The reason of the first that did not come up; those before it stay.
pub async fn up(
    place: &Place,
    services: Vec<Service>,
    mut tell: impl FnMut(&str, &ServiceReport),
) -> Result<BTreeMap<String, String>, String> {
    let (mut agent, mut reports) = ServiceAgent::new(ServiceSettings {
        root: place.root.clone(),
        logs: place.logs.clone(),
        base_env: Arc::clone(&place.variables),
        grace: Duration::from_secs(5),
        run: format!("up-{}", std::process::id()),
        engine: None,
        keeps: true,
    });
    let mut outside = BTreeMap::new();
    let mut inside: BTreeMap<ServiceName, BTreeMap<String, String>> = BTreeMap::new();
    let mut failed = None;
    let mut waiting: VecDeque<Service> = services.into();
    let mut number = 0;
    while let (Some(mut service), None) = (waiting.pop_front(), &failed) {
        if !service.oneshot {
            service.lifetime = kept(service.lifetime);
        }
        let ix = ServiceIx::at(number);
        number += 1;
        let before = service.depends_on.iter().filter_map(|name| inside.get(name)).flatten();
        let env = before.map(|(name, value)| (name.clone(), value.clone())).collect();
        agent.start(ix, &service, &env);
        while let Some((_, report)) = reports.recv().await {
            tell(service.name.as_str(), &report);
            match report {
                ServiceReport::Ready { exports, inside: seen, .. } => {
                    outside.extend(exports);
                    inside.insert(service.name.clone(), seen);
                    break;
                }
                ServiceReport::Failed { reason } => {
                    failed = Some(reason);
                    break;
                }
                ServiceReport::Stopped => break,
                ServiceReport::Preparing { .. } | ServiceReport::Lost { .. } => {}
            }
        }
    }
    // What is kept stays; everything else of this process goes.
    let left = agent.shutdown(Instant::now() + CLEARING).await;
    match failed {
        Some(reason) => Err(reason),
        None if left.is_empty() => Ok(outside),
        None => Err(left.join("\n")),
    }
}

const fn kept(lifetime: Lifetime) -> Lifetime {
    match lifetime {
        Lifetime::Keep { .. } => lifetime,
        _ => Lifetime::Keep { for_at_most: STANDS },
    }
}

/// The containers of the project, those of runs that go on included, by service.
///
/// # Errors
/// [`EngineError`].
pub async fn list(place: &Place) -> Result<Vec<Standing>, EngineError> {
    let engine = docker::connect(&place.variables).await?;
    let mut standing = Vec::new();
    for container in engine.list(ThingKind::Container, &project_label(&place.root)).await? {
        // One that is gone meanwhile does not stand.
        let Ok(facts) = engine.inspect(&container.id).await else { continue };
        let label = |name: &str| container.labels.get(name).cloned();
        standing.push(Standing {
            service: label(labels::SERVICE).unwrap_or_default(),
            expires: label(labels::EXPIRES).and_then(|text| text.parse().ok()),
            facts,
            container,
        });
    }
    standing.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(standing)
}

/// Takes away what stands for the project, or everything that a run left.
///
/// # Errors
/// [`EngineError`] when there is no engine.
pub async fn down(place: &Place, run: Option<&str>) -> Result<Swept, EngineError> {
    let engine = docker::connect(&place.variables).await?;
    Ok(match run {
        Some(run) => remove(&engine, &format!("{}={run}", labels::RUN), |_| true).await,
        None => {
            let is_kept = |thing: &Thing| {
                thing.labels.get(labels::LIFETIME).map(String::as_str) == Some(labels::KEEP)
            };
            remove(&engine, &project_label(&place.root), is_kept).await
        }
    })
}

/// Hands on what the container of a service has written, until now or as long as it runs.
///
/// # Errors
/// [`EngineError`]; [`EngineError::Missing`] when the service has no container.
pub async fn logs(
    place: &Place,
    service: &str,
    follow: bool,
    mut each: impl FnMut(Stream, &[u8]),
) -> Result<(), EngineError> {
    let engine: Arc<dyn Engine> = docker::connect(&place.variables).await?;
    let found = engine.list(ThingKind::Container, &project_label(&place.root)).await?;
    let is_it = |thing: &&Thing| thing.labels.get(labels::SERVICE).is_some_and(|s| s == service);
    let Some(container) = found.iter().find(is_it) else {
        return Err(EngineError::Missing(format!("service `{service}` has no container now")));
    };
    let mut pieces = engine.output(&container.id, follow);
    while let Some(piece) = pieces.next().await {
        let (stream, bytes) = piece?;
        each(stream, &bytes);
    }
    Ok(())
}

fn project_label(root: &Path) -> String {
    format!("{}={}", labels::PROJECT, root.display())
}
