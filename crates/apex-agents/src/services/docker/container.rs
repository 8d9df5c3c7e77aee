//! A service that is a container: how it is found or made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{Container, ContainerNetwork, Lifetime, Service};

use super::engine::{ContainerFacts, Engine, EngineError, Thing};
use super::order::{self, Context};
use super::up::UpContainer;
use super::{Ground, ThingKind, image, label};
use crate::process::StopRequest;
use crate::secrets::Mask;
use crate::services::addresses::Addresses;
use crate::services::circle::Circles;
use crate::services::gauge::Gauge;
use crate::services::ports;
use crate::services::program::Down;

/// What a service that is a container needs.
pub(in crate::services) struct ContainerService {
    /// Its configuration.
    pub(in crate::services) service: Service,
    /// The container of that configuration.
    pub(in crate::services) container: Container,
    /// What the containers of the run stand on.
    pub(in crate::services) ground: Arc<Ground>,
    /// Project root, absolute.
    pub(in crate::services) root: PathBuf,
    /// Variables that it gets beside its own.
    pub(in crate::services) env: BTreeMap<String, String>,
    /// Environment of commands on this machine that check it.
    pub(in crate::services) host_env: Arc<BTreeMap<String, String>>,
    /// File that gets its output.
    pub(in crate::services) log: PathBuf,
    /// Time between the request to end and the kill.
    pub(in crate::services) grace: Duration,
    /// What of its output is not kept as it is.
    pub(in crate::services) mask: Arc<Mask>,
    /// Where it is looked at.
    pub(in crate::services) gauge: Gauge,
    /// For whom it is, and whom it reaches.
    pub(in crate::services) circles: Circles,
}

/// A container that can be asked from inside.
#[derive(Clone, Debug)]
pub(in crate::services) struct Inside {
    /// Its engine.
    pub(in crate::services) engine: Arc<dyn Engine>,
    /// Its id.
    pub(in crate::services) id: String,
    /// Where services answer for it.
    pub(in crate::services) addresses: Addresses,
}

/// Told what is done before the container runs.
pub(in crate::services) type Tell<'a> = &'a mut (dyn FnMut(&str) + Send);

impl ContainerService {
    /// Makes it and waits until it is ready: for a one-shot service, until it ended with 0.
    pub(in crate::services) async fn come_up<'a>(
        &'a self,
        stop: &'a StopRequest,
        tell: Tell<'_>,
    ) -> Result<UpContainer<'a>, Down> {
        let not_started = |why: String| {
            Down::Failed(format!("service `{}` did not start: {why}", self.service.name))
        };
        let prepared = tokio::select! {
            biased;
            _ = stop.stronger_than(None) => return Err(Down::AsAsked),
            prepared = self.prepare(tell) => prepared.map_err(not_started)?,
        };
        // Not given up on a request to stop: what is being made has to be known to be taken away.
        let mut up = self.make(stop, prepared).await.map_err(not_started)?;
        up.become_ready().await.map(|()| up)
    }

    /// Finds the engine, and a kept container of the same definition or the image of a new one.
    async fn prepare(&self, tell: Tell<'_>) -> Result<Prepared, String> {
        let engine = self.ground.engine().await.map_err(|error| error.to_string())?;
        let is_kept = matches!(self.service.lifetime, Lifetime::Keep { .. });
        let basis = match self.find_kept(&engine, is_kept).await? {
            Some(thing) => Basis::Kept(thing.id, thing.ports),
            None => Basis::Image(image::ensure(&engine, &self.container, &self.root, tell).await?),
        };
        Ok(Prepared { engine, is_kept, basis })
    }

    /// Makes and starts a container, unless one is there.
    async fn make<'a>(
        &'a self,
        stop: &'a StopRequest,
        prepared: Prepared,
    ) -> Result<UpContainer<'a>, String> {
        let Prepared { engine, is_kept, basis } = prepared;
        let image = match basis {
            Basis::Kept(id, ports) => {
                let facts = ContainerFacts { runs: true, ports, ..ContainerFacts::default() };
                return Ok(UpContainer::standing(self, stop, engine, (id, facts)));
            }
            Basis::Image(image) => image,
        };
        let networks = self.networks(&engine).await;
        let networks = networks.map_err(|error| format!("its network was not made: {error}"))?;
        let labels = match self.service.lifetime {
            Lifetime::Keep { for_at_most } => {
                let definition = self.definition();
                self.ground.kept_labels(self.service.name.as_str(), for_at_most, &definition)
            }
            _ => self.ground.labels(Some(self.service.name.as_str())),
        };
        self.check_fixed_ports(&engine).await?;
        let (order, volumes) = order::order(
            &self.service,
            &self.container,
            Context {
                root: &self.root,
                image,
                network: &networks[0],
                address: if engine.remote_host().is_some() { "" } else { "127.0.0.1" },
                volume_prefix: self.ground.volume_prefix(is_kept, &self.circles.own),
                env: &self.env,
                labels: labels.clone(),
            },
        )?;
        for volume in &volumes {
            engine.create_volume(volume, &labels).await.map_err(|error| error.to_string())?;
        }
        let id = engine.create(&order).await.map_err(|error| error.to_string())?;
        if let Err(error) = self.start(&engine, &id, &networks[1..]).await {
            let why = self.explain_start(&engine, &error).await;
            // What is left is taken away at the end of the run as well.
            let _ = engine.remove(&id).await;
            return Err(why);
        }
        UpContainer::of(self, stop, engine, id).await
    }

    /// The networks in which it is, at least one: those that it names, or the usual one of its
    /// circle; and without a name those of the circles whose services it needs.
    async fn networks(&self, engine: &Arc<dyn Engine>) -> Result<Vec<Joined>, EngineError> {
        let own = &self.container.details.networks;
        let usual = vec![ContainerNetwork::default()];
        let mut networks = Vec::new();
        for network in if own.is_empty() { &usual } else { own } {
            let within = self.circles.own.name(&network.name);
            let id = self.ground.network(engine, &within).await?;
            networks.push(Joined { id, names: order::network_names(&self.service, network) });
        }
        for circle in &self.circles.needed {
            for network in if own.is_empty() { &usual } else { own } {
                let id = self.ground.network(engine, &circle.name(&network.name)).await?;
                networks.push(Joined { id, names: Vec::new() });
            }
        }
        Ok(networks)
    }

    async fn start(
        &self,
        engine: &Arc<dyn Engine>,
        id: &str,
        further: &[Joined],
    ) -> Result<(), EngineError> {
        for network in further {
            engine.connect(&network.id, id, &network.names).await?;
        }
        engine.start(id).await
    }

    /// Digest of everything that a container is made from. How it is looked at, how long it lives
    /// and what tests are told of it is no part of that.
    fn definition(&self) -> String {
        let Service { name, aliases, source, ports, host_ports, env, .. } = &self.service;
        let text = format!("{:?}", (name, aliases, source, ports, host_ports, env, &self.env));
        blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
    }

    async fn find_kept(
        &self,
        engine: &Arc<dyn Engine>,
        is_kept: bool,
    ) -> Result<Option<Thing>, String> {
        if !is_kept {
            return Ok(None);
        }
        let wanted = format!("{}={}", label::DEFINITION, self.definition());
        let found = engine.list(ThingKind::Container, &wanted).await;
        let now = label::now();
        let project = self.ground.project();
        let usable = found.map_err(|error| error.to_string())?.into_iter().find(|thing| {
            thing.runs
                && !label::is_abandoned(&thing.labels, now)
                && thing.labels.get(label::PROJECT) == Some(&project)
        });
        Ok(usable)
    }

    /// A fixed port that is taken is told with its holder, before anything is made.
    async fn check_fixed_ports(&self, engine: &Arc<dyn Engine>) -> Result<(), String> {
        for (label, port) in self.service.host_ports.iter().filter(|(_, port)| **port != 0) {
            let Err(taken) = ports::check_fixed(label, *port) else { continue };
            let containers = engine.list(ThingKind::Container, "").await.unwrap_or_default();
            let holder =
                containers.into_iter().find(|thing| thing.ports.values().any(|held| held == port));
            return Err(match holder {
                Some(holder) => format!(
                    "port {port} (`{label}`) is taken by the container `{}`; end it \
                     (`docker stop {0}`), or leave `host_ports` out for a free port",
                    holder.name
                ),
                None => taken.to_string(),
            });
        }
        Ok(())
    }

    async fn explain_start(&self, engine: &Arc<dyn Engine>, error: &EngineError) -> String {
        let text = error.to_string();
        if text.contains("already allocated") || text.contains("already in use") {
            // Somebody was faster than the look before.
            if let Err(why) = self.check_fixed_ports(engine).await {
                return why;
            }
        }
        text
    }
}

/// A network in which a container is.
pub(super) struct Joined {
    /// Its id.
    pub(super) id: String,
    /// What the container is called in it.
    pub(super) names: Vec<String>,
}

/// What has to be there before a container can be made.
struct Prepared {
    engine: Arc<dyn Engine>,
    is_kept: bool,
    basis: Basis,
}

/// What a container is made from, or found as.
enum Basis {
    /// The id of a container that already runs, and its ports.
    Kept(String, BTreeMap<u16, u16>),
    /// What its image is called.
    Image(String),
}
