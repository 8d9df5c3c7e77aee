//! The services that the jobs of a plan need, with everything those need in turn.

use std::collections::{BTreeMap, BTreeSet};

use apex_config::Config;
use apex_config::model::{Category, Lifetime, Service, ServiceName, ServiceSource};

use crate::graph;
use crate::id::{CategoryIx, LayerIx, ServiceIx};

use super::{Plan, PlannedService, ServiceScope};

/// Services of a plan under construction. Indices are given out before the order is known, so
/// that jobs can name them; the order only decides what starts before what.
pub(super) struct ServiceSet<'a> {
    config: &'a Config,
    /// Which service, and for whom; those of one definition are apart by this.
    wanted: Vec<(ServiceName, Whose)>,
    reasons: Vec<String>,
    /// Services that nothing says how to start, with who wants them.
    undefined: BTreeMap<ServiceName, Vec<String>>,
    /// Definitions that are one for the run although they ask for less, and why.
    shared: BTreeMap<ServiceName, String>,
    /// Those of `shared` that somebody needs.
    told: BTreeSet<ServiceName>,
}

/// For whom a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Everybody,
    Layer(LayerIx),
    Category(CategoryIx),
}

/// Where something is needed.
#[derive(Clone, Copy)]
pub(super) struct Needing<'c> {
    /// The category.
    pub(super) category: &'c Category,
    /// Its place in the plan.
    pub(super) ix: CategoryIx,
    /// Its layer.
    pub(super) layer: LayerIx,
}

/// Why a service is wanted.
struct Want<'c> {
    reason: String,
    by: Needing<'c>,
}

impl<'a> ServiceSet<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self {
            config,
            wanted: Vec::new(),
            reasons: Vec::new(),
            undefined: BTreeMap::new(),
            shared: shared(config),
            told: BTreeSet::new(),
        }
    }

    /// What the jobs of a category need, dependencies included.
    pub(super) fn needed(
        &mut self,
        by: Needing<'_>,
        layer_services: &[ServiceName],
    ) -> Vec<ServiceIx> {
        let mut needed = Vec::new();
        let category = &by.category.name;
        for name in layer_services {
            let want = Want { reason: format!("required by the layer of {category}"), by };
            self.add(name, &want, &mut needed);
        }
        for name in &by.category.services {
            let want = Want { reason: format!("required by {category}"), by };
            self.add(name, &want, &mut needed);
        }
        needed
    }

    fn add(&mut self, name: &ServiceName, want: &Want<'_>, needed: &mut Vec<ServiceIx>) {
        let Some(service) = self.definition(name) else {
            let wanting = self.undefined.entry(name.clone()).or_default();
            let category = want.by.category.name.as_str();
            if wanting.last().map(String::as_str) != Some(category) {
                wanting.push(category.to_owned());
            }
            return;
        };
        let whose = self.whose(service, &want.by);
        let is_it = |(known, of): &(ServiceName, Whose)| known == name && *of == whose;
        let ix = match self.wanted.iter().position(is_it) {
            Some(position) => ServiceIx::at(position),
            None => {
                self.wanted.push((name.clone(), whose));
                self.reasons.push(want.reason.clone());
                ServiceIx::at(self.wanted.len() - 1)
            }
        };
        if needed.contains(&ix) {
            return;
        }
        needed.push(ix);
        for other in &service.depends_on {
            let reason = format!("{name} depends on it");
            self.add(other, &Want { reason, by: want.by }, needed);
        }
    }

    /// For whom a service is that a category needs.
    fn whose(&mut self, service: &Service, by: &Needing<'_>) -> Whose {
        let is_own = matches!(service.lifetime, Lifetime::Layer | Lifetime::Category);
        if is_own && self.shared.contains_key(&service.name) {
            self.told.insert(service.name.clone());
            return Whose::Everybody;
        }
        // What is elsewhere is only looked at: once is enough.
        let is_elsewhere = matches!(service.source, ServiceSource::External { .. });
        match service.lifetime {
            _ if is_elsewhere => Whose::Everybody,
            Lifetime::Layer => Whose::Layer(by.layer),
            Lifetime::Category => Whose::Category(by.ix),
            Lifetime::Run | Lifetime::Keep { .. } => Whose::Everybody,
        }
    }

    /// The service, when something says how it comes up.
    fn definition(&self, name: &ServiceName) -> Option<&'a Service> {
        let service = self.config.services.get(name)?;
        (service.source != ServiceSource::Undefined).then_some(service)
    }

    /// What people should know: services that tests would like to meet and nobody defined, and
    /// those that live longer than they ask for.
    pub(super) fn notes(&self) -> Vec<String> {
        let undefined = self.undefined.iter().map(|(name, wanting)| {
            let verb = if wanting.len() == 1 { "runs" } else { "run" };
            let wanting = wanting.join(", ");
            format!("service {name} is defined nowhere; {wanting} {verb} without it")
        });
        let shared = self.told.iter().filter_map(|name| Some((name, self.shared.get(name)?)));
        let shared =
            shared.map(|(name, why)| format!("service {name} is one for the whole run: {why}"));
        undefined.chain(shared).collect()
    }

    /// The services in the order of their indices; layers and categories are called as in `plan`.
    ///
    /// # Errors
    /// The names of a cycle.
    pub(super) fn into_planned(self, plan: &Plan) -> Result<Vec<PlannedService>, String> {
        let dependencies: Vec<Vec<u32>> =
            (0..self.wanted.len()).map(|position| self.before(position, plan)).collect();
        graph::order(self.wanted.len(), |node| &dependencies[node])
            .map_err(|cycle| cycle.describe(|node| self.wanted[node].0.as_str()))?;
        let wanted = self.wanted.iter().zip(&self.reasons).zip(&dependencies);
        let planned = wanted.map(|(((name, whose), reason), before)| {
            let service = self.definition(name);
            let half_a_minute = std::time::Duration::from_secs(30);
            PlannedService {
                name: name.detached(),
                after: before.iter().map(|&at| ServiceIx(at)).collect(),
                ready_within: service.map_or(half_a_minute, |known| known.readiness.timeout),
                reason: reason.clone(),
                scope: match whose {
                    Whose::Everybody => ServiceScope::Run,
                    Whose::Layer(layer) => ServiceScope::Layer(plan.layer(*layer).id.clone()),
                    Whose::Category(category) => {
                        ServiceScope::Category(plan.category(*category).name.clone())
                    }
                },
                memory_mb: service.map_or(0, memory_of),
            }
        });
        Ok(planned.collect())
    }

    /// The services that one needs: those of the same layer or category, else those for everybody.
    fn before(&self, position: usize, plan: &Plan) -> Vec<u32> {
        let (name, whose) = &self.wanted[position];
        let reaches = |of: Whose| match (of, *whose) {
            (Whose::Everybody, _) => true,
            (Whose::Layer(layer), Whose::Category(category)) => {
                plan.category(category).layer == layer
            }
            (of, whose) => of == whose,
        };
        let needs = self.definition(name).map_or(&[][..], |service| &service.depends_on);
        let find = |need: &ServiceName| {
            self.wanted.iter().position(|(known, of)| known == need && reaches(*of))
        };
        needs.iter().filter_map(find).map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
    }
}

/// Definitions that ask for one service a layer or category and get one for the run, and why.
///
/// There can be only one with a fixed port; and what lives longer than the service it needs would
/// lose it.
fn shared(config: &Config) -> BTreeMap<ServiceName, String> {
    let mut shared: BTreeMap<ServiceName, String> = config
        .services
        .values()
        .filter_map(|service| {
            let port = fixed_port(service)?;
            Some((service.name.clone(), format!("its port {port} is a fixed one")))
        })
        .collect();
    let width = |service: &Service, shared: &BTreeMap<ServiceName, String>| match service.lifetime {
        _ if shared.contains_key(&service.name) => 2,
        Lifetime::Category => 0,
        Lifetime::Layer => 1,
        Lifetime::Run | Lifetime::Keep { .. } => 2,
    };
    // Each round shares one more definition at least, so that there are no more rounds than those.
    loop {
        let mut found = Vec::new();
        for service in config.services.values() {
            for need in service.depends_on.iter().filter_map(|name| config.services.get(name)) {
                if width(need, &shared) < width(service, &shared) {
                    let why = format!("{} needs it, which lives longer", service.name);
                    found.push((need.name.clone(), why));
                }
            }
        }
        if found.is_empty() {
            return shared;
        }
        shared.extend(found);
    }
}

/// The port of the machine that only one such service can have.
fn fixed_port(service: &Service) -> Option<u16> {
    let is_program = matches!(service.source, ServiceSource::Process { .. });
    let own = service.ports.values().filter(|_| is_program);
    service.host_ports.values().chain(own).copied().find(|port| *port != 0)
}

/// What a service may use of memory, where that is limited.
fn memory_of(service: &Service) -> u32 {
    match &service.source {
        ServiceSource::Container(container) => container.limits.memory_mb.unwrap_or(0),
        _ => 0,
    }
}
