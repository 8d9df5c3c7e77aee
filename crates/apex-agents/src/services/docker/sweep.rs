//! Takes away what Apex made: of one run, or of runs whose process is gone. Only by label.

use std::sync::Arc;

use futures_util::future::join_all;

use super::engine::{Engine, EngineError, Thing, ThingKind};
use super::label;

/// How often the removal of what is still in use is tried.
const TRIES: u32 = 20;

/// Pause between two tries.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// The kinds in the order of their removal: a network or volume is free when no container has it.
const ORDER: [ThingKind; 3] = [ThingKind::Container, ThingKind::Network, ThingKind::Volume];

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many things were removed.
    pub removed: usize,
    /// What could not be removed, with the reason.
    pub problems: Vec<String>,
}

/// Removes everything that carries a label (`name`, or `name=value`) and of which `chosen` holds.
pub async fn remove(
    engine: &Arc<dyn Engine>,
    label: &str,
    chosen: impl Fn(&Thing) -> bool,
) -> Swept {
    let mut swept = Swept::default();
    for kind in ORDER {
        let things = match engine.list(kind, label).await {
            Ok(things) => things,
            Err(error) => {
                swept.problems.push(error.to_string());
                return swept;
            }
        };
        let removals = things.into_iter().filter(|thing| chosen(thing)).map(|thing| {
            let engine = Arc::clone(engine);
            async move { remove_one(&engine, &thing).await }
        });
        for removal in join_all(removals).await {
            match removal {
                Ok(()) => swept.removed += 1,
                Err(error) => swept.problems.push(error.to_string()),
            }
        }
    }
    swept
}

/// Removes what dead owners left and what has expired.
pub async fn remove_abandoned(engine: &Arc<dyn Engine>) -> Swept {
    let now = label::now();
    remove(engine, label::RUN, |thing| label::is_abandoned(&thing.labels, now)).await
}

/// Removes what a run made for itself alone.
pub async fn remove_run(engine: &Arc<dyn Engine>, run: &str) -> Swept {
    let is_its_own =
        |thing: &Thing| thing.labels.get(label::LIFETIME).map(String::as_str) != Some(label::KEEP);
    remove(engine, &format!("{}={run}", label::RUN), is_its_own).await
}

async fn remove_one(engine: &Arc<dyn Engine>, thing: &Thing) -> Result<(), EngineError> {
    let mut tries = 0;
    loop {
        let removal = match thing.kind {
            ThingKind::Container => engine.remove(&thing.id).await,
            ThingKind::Network => engine.remove_network(&thing.id).await,
            ThingKind::Volume => engine.remove_volume(&thing.id).await,
        };
        tries += 1;
        // An engine lets go of a network or volume a moment after its last container.
        let is_in_use = matches!(removal, Err(EngineError::Conflict(_) | EngineError::Refused(_)));
        if !is_in_use || tries == TRIES {
            return removal;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
