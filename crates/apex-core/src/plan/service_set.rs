//! The services that the jobs of a plan need, with everything those need in turn.

use std::collections::BTreeMap;

use apex_config::Config;
use apex_config::model::{Category, Service, ServiceName, ServiceSource};

use crate::graph;
use crate::id::ServiceIx;

use super::PlannedService;

/// Services of a plan under construction. Indices are given out before the order is known, so
/// that jobs can name them; the order only decides what starts before what.
pub(super) struct ServiceSet<'a> {
    config: &'a Config,
    names: Vec<ServiceName>,
    reasons: Vec<String>,
    /// Services that nothing says how to start, with who wants them.
    undefined: BTreeMap<ServiceName, Vec<String>>,
}

/// Why a service is wanted.
struct Want<'c> {
    reason: String,
    category: &'c Category,
}

impl<'a> ServiceSet<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self { config, names: Vec::new(), reasons: Vec::new(), undefined: BTreeMap::new() }
    }

    /// What the jobs of a category need, dependencies included.
    pub(super) fn needed(
        &mut self,
        category: &Category,
        layer_services: &[ServiceName],
    ) -> Vec<ServiceIx> {
        let mut needed = Vec::new();
        for name in layer_services {
            let want =
                Want { reason: format!("required by the layer of {}", category.name), category };
            self.add(name, &want, &mut needed);
        }
        for name in &category.services {
            let want = Want { reason: format!("required by {}", category.name), category };
            self.add(name, &want, &mut needed);
        }
        needed
    }

    fn add(&mut self, name: &ServiceName, want: &Want<'_>, needed: &mut Vec<ServiceIx>) {
        let Some(service) = self.definition(name) else {
            let wanting = self.undefined.entry(name.clone()).or_default();
            let category = want.category.name.as_str();
            if wanting.last().map(String::as_str) != Some(category) {
                wanting.push(category.to_owned());
            }
            return;
        };
        let ix = match self.names.iter().position(|known| known == name) {
            Some(position) => ServiceIx::at(position),
            None => {
                self.names.push(name.clone());
                self.reasons.push(want.reason.clone());
                ServiceIx::at(self.names.len() - 1)
            }
        };
        if needed.contains(&ix) {
            return;
        }
        needed.push(ix);
        for other in &service.depends_on {
            let reason = format!("{name} depends on it");
            self.add(other, &Want { reason, category: want.category }, needed);
        }
    }

    /// The service, when something says how it comes up.
    fn definition(&self, name: &ServiceName) -> Option<&'a Service> {
        let service = self.config.services.get(name)?;
        (service.source != ServiceSource::Undefined).then_some(service)
    }

    /// What people should know: services that tests would like to meet and nobody defined.
    pub(super) fn notes(&self) -> Vec<String> {
        let undefined = self.undefined.iter();
        undefined
            .map(|(name, wanting)| {
                let verb = if wanting.len() == 1 { "runs" } else { "run" };
                let wanting = wanting.join(", ");
                format!("service {name} is defined nowhere; {wanting} {verb} without it")
            })
            .collect()
    }

    /// The services in the order of their indices.
    ///
    /// # Errors
    /// The names of a cycle.
    pub(super) fn into_planned(self) -> Result<Vec<PlannedService>, String> {
        let position = |name: &ServiceName| self.names.iter().position(|known| known == name);
        let dependencies: Vec<Vec<u32>> = self
            .names
            .iter()
            .map(|name| {
                let before = self.definition(name).map_or(&[][..], |service| &service.depends_on);
                let before = before.iter().filter_map(position);
                before.map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
            })
            .collect();
        graph::order(self.names.len(), |node| &dependencies[node])
            .map_err(|cycle| cycle.describe(|node| self.names[node].as_str()))?;
        let planned = self.names.iter().zip(&self.reasons).zip(&dependencies);
        Ok(planned
            .map(|((name, reason), before)| PlannedService {
                name: name.detached(),
                after: before.iter().map(|&at| ServiceIx(at)).collect(),
                ready_within: self
                    .definition(name)
                    .map_or(std::time::Duration::from_secs(30), |service| {
                        service.readiness.timeout
                    }),
                reason: reason.clone(),
            })
            .collect())
    }
}
