//! What the containers of a run stand on: the engine, the network and the labels, made when the
//! first of them needs it and taken away at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use super::api::ApiEngine;
use super::engine::{Engine, EngineError, Labels, Thing, ThingKind};
use super::sweep::{self, Swept};
use super::{find, label, owner::Owner};
use crate::services::circle::Circle;

/// How long things of a run may stay when nobody took them away: no run is longer.
const LONGEST_RUN: Duration = Duration::from_secs(48 * 60 * 60);

/// Whose things they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// The run.
    pub run: String,
    /// Project root, absolute.
    pub root: PathBuf,
    /// Whether some of it outlives the run: then all of it is in one network of the project, so
    /// that services see each other.
    pub keeps: bool,
}

/// Connects to the engine that the variables of a run name.
///
/// # Errors
/// [`EngineError::Unreachable`] with the next step.
pub async fn connect(variables: &BTreeMap<String, String>) -> Result<Arc<dyn Engine>, EngineError> {
    let address = find(variables).map_err(EngineError::Unreachable)?;
    Ok(Arc::new(ApiEngine::connect(&address).await?))
}

/// The id of a network, made once.
type Network = Arc<OnceCell<Result<String, EngineError>>>;

/// The ground of a run.
#[derive(Debug)]
pub(crate) struct Ground {
    owned: Owned,
    variables: Arc<BTreeMap<String, String>>,
    given: Option<Arc<dyn Engine>>,
    owner: Owner,
    /// Found once: whoever comes later does not wait for a hanging engine again.
    engine: OnceCell<Result<Arc<dyn Engine>, EngineError>>,
    networks: Mutex<BTreeMap<String, Network>>,
    sweep: Mutex<Option<JoinHandle<Swept>>>,
}

impl Ground {
    /// A ground on which nothing is made yet; `given` stands for the engine that would be found.
    pub(crate) fn new(
        owned: Owned,
        variables: Arc<BTreeMap<String, String>>,
        given: Option<Arc<dyn Engine>>,
    ) -> Self {
        Self {
            owned,
            variables,
            given,
            owner: Owner::this_process(),
            engine: OnceCell::new(),
            networks: Mutex::default(),
            sweep: Mutex::new(None),
        }
    }

    /// The engine. The first who asks also has it swept, beside everything else.
    pub(super) async fn engine(&self) -> Result<Arc<dyn Engine>, EngineError> {
        let found = self.engine.get_or_init(async || {
            let engine = match &self.given {
                Some(engine) => Arc::clone(engine),
                None => connect(&self.variables).await?,
            };
            let sweeping = Arc::clone(&engine);
            let task = tokio::spawn(async move { sweep::remove_abandoned(&sweeping).await });
            *self.sweep.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
            Ok(engine)
        });
        found.await.clone()
    }

    /// The id of a network of the run, or of the project when something outlives the run. An empty
    /// name means the usual one, in which everything is that names no network.
    pub(super) async fn network(
        &self,
        engine: &Arc<dyn Engine>,
        name: &str,
    ) -> Result<String, EngineError> {
        let network = {
            let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(networks.entry(name.to_owned()).or_default())
        };
        let made = network.get_or_init(async || {
            if self.owned.keeps {
                self.find_kept_network(engine, name).await
            } else {
                let own = format!("apex-{}", self.owned.run);
                engine.create_network(&joined(&own, name), &self.labels(None)).await
            }
        });
        made.await.clone()
    }

    async fn find_kept_network(
        &self,
        engine: &Arc<dyn Engine>,
        name: &str,
    ) -> Result<String, EngineError> {
        let digest = blake3::hash(self.owned.root.to_string_lossy().as_bytes()).to_hex();
        let own = joined(&format!("apex-keep-{}", &digest[..12]), name);
        let project = format!("{}={}", label::PROJECT, self.owned.root.display());
        let found = engine.list(ThingKind::Network, &project).await?;
        let is_kept =
            |labels: &Labels| labels.get(label::LIFETIME).is_some_and(|l| l == label::KEEP);
        let is_it = |thing: &Thing| is_kept(&thing.labels) && thing.name == own;
        if let Some(network) = found.into_iter().find(is_it) {
            return Ok(network.id);
        }
        let mut labels = self.kept_labels("", Duration::ZERO, "");
        // It is as old as the project: taken away by the one who asks for it, never by time.
        labels.remove(label::EXPIRES);
        engine.create_network(&own, &labels).await
    }

    /// Labels of what belongs to this run alone.
    pub(super) fn labels(&self, service: Option<&str>) -> Labels {
        let mut labels = self.common_labels(LONGEST_RUN);
        labels.insert(label::LIFETIME.to_owned(), "run".to_owned());
        labels.extend(service.map(|name| (label::SERVICE.to_owned(), name.to_owned())));
        labels
    }

    /// Labels of what outlives this run.
    pub(super) fn kept_labels(&self, service: &str, life: Duration, definition: &str) -> Labels {
        let mut labels = self.common_labels(life);
        labels.insert(label::LIFETIME.to_owned(), label::KEEP.to_owned());
        labels.insert(label::SERVICE.to_owned(), service.to_owned());
        labels.insert(label::DEFINITION.to_owned(), definition.to_owned());
        labels
    }

    fn common_labels(&self, life: Duration) -> Labels {
        let expires = label::now().saturating_add(life.as_secs());
        let text = str::to_owned;
        Labels::from([
            (text(label::RUN), self.owned.run.clone()),
            (text(label::PROJECT), self.owned.root.display().to_string()),
            (text(label::OWNER), self.owner.to_string()),
            (text(label::EXPIRES), expires.to_string()),
        ])
    }

    /// Beginning of the names of volumes.
    pub(super) fn volume_prefix(&self, is_kept: bool, circle: &Circle) -> String {
        let own = if is_kept {
            let digest = blake3::hash(self.owned.root.to_string_lossy().as_bytes()).to_hex();
            format!("apex-keep-{}", &digest[..12])
        } else {
            format!("apex-{}", self.owned.run)
        };
        joined(&own, &circle.name(""))
    }

    /// The project whose services these are, as the value of its label.
    pub(super) fn project(&self) -> String {
        self.owned.root.display().to_string()
    }

    /// Takes away everything that this run made for itself and that is still there. The answer is
    /// what could not be taken away, for people.
    pub(crate) async fn clear(&self) -> Vec<String> {
        let Some(Ok(engine)) = self.engine.get() else { return Vec::new() };
        let sweep = self.sweep.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut problems = sweep::remove_run(engine, &self.owned.run).await.problems;
        if let Some(sweep) = sweep {
            // What others left and could not be removed is no matter of this run.
            let _ = sweep.await;
        }
        for problem in &mut problems {
            *problem = format!(
                "something of this run is still in the container engine: {problem}; \
                 `apex services down --run {}` tries again",
                self.owned.run
            );
        }
        problems
    }
}

fn joined(own: &str, name: &str) -> String {
    if name.is_empty() { own.to_owned() } else { format!("{own}-{name}") }
}
