//! What services use: programs by the watch over process groups, containers by their engine.
//!
//! A service is entered when it runs and leaves when what it got is dropped. Nothing is asked of an
//! engine before somebody wants a sample.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use apex_core::ServiceIx;
use apex_core::resource::Use;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::docker::Engine;
use crate::resources::{GroupWatch, Owner, Watched, Watching};

/// How long an engine may take to tell what a container uses; later is for the next sample.
const PATIENCE: Duration = Duration::from_secs(2);

/// Containers that run.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContainerGauges(Arc<Mutex<BTreeMap<ServiceIx, Entry>>>);

#[derive(Clone, Debug)]
struct Entry {
    engine: Arc<dyn Engine>,
    id: String,
    /// When it was sampled last, and its processor time then.
    sampled: Option<(Instant, Duration)>,
}

/// Where one service is entered when it runs.
#[derive(Clone, Debug)]
pub(super) struct Gauge {
    pub(super) service: ServiceIx,
    pub(super) groups: Arc<GroupWatch>,
    pub(super) containers: ContainerGauges,
}

/// A container that is looked at until this is dropped.
#[derive(Debug)]
pub(super) struct Entered {
    service: ServiceIx,
    containers: ContainerGauges,
}

impl Gauge {
    /// A program, by its process group.
    pub(super) fn program(&self, group: Option<i32>) -> Option<Watched<'_>> {
        let owner = Owner::Service(self.service);
        group.map(|group| self.groups.watch(Watching { group, owner, is_new: true, ceiling: None }))
    }

    /// A container, by its id in an engine.
    pub(super) fn container(&self, engine: Arc<dyn Engine>, id: String) -> Entered {
        self.containers.entries().insert(self.service, Entry { engine, id, sampled: None });
        Entered { service: self.service, containers: self.containers.clone() }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.containers.entries().remove(&self.service);
    }
}

impl ContainerGauges {
    /// What each container uses; the rate is that since the sample before. One that its engine
    /// says nothing about in time is missing.
    pub(crate) async fn look(&self) -> Vec<(ServiceIx, Use)> {
        let entries = self.entries().clone();
        let mut asked = JoinSet::new();
        for (service, entry) in entries {
            asked.spawn(async move {
                let used = timeout(PATIENCE, entry.engine.used(&entry.id)).await.ok()?.ok()?;
                Some((service, used))
            });
        }
        let mut found = Vec::new();
        while let Some(answer) = asked.join_next().await {
            if let Ok(Some((service, used))) = answer {
                found.push((service, self.with_rate(service, used)));
            }
        }
        found
    }

    fn with_rate(&self, service: ServiceIx, used: Use) -> Use {
        let (now, mut entries) = (Instant::now(), self.entries());
        let (Some(entry), Some(spent)) = (entries.get_mut(&service), used.cpu_time) else {
            return used;
        };
        let before = entry.sampled.replace((now, spent));
        let cpus = before.map(|(at, before)| {
            spent.saturating_sub(before).as_secs_f64() / now.duration_since(at).as_secs_f64()
        });
        Use { cpus: cpus.map(|cpus| (cpus * 1_000.0).round() / 1_000.0), ..used }
    }

    /// A map of names is never left half done, so a panic elsewhere spoils nothing.
    fn entries(&self) -> MutexGuard<'_, BTreeMap<ServiceIx, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
