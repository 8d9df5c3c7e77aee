//! The services of a plan, in the order in which they start, for people.

use std::fmt::Write as _;

use apex_config::model::RunMode;
use apex_core::plan::{Plan, PlannedService};
use apex_core::{LayerIx, ServiceIx};

use super::duration;

/// The part of the page; empty when the plan needs no service.
pub(super) fn part(plan: &Plan) -> String {
    let mut rows: Vec<Row<'_>> = (0..plan.services.len())
        .map(ServiceIx::at)
        .filter_map(|service| Row::of(plan, service))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    rows.sort_by_key(|row| (row.layer, row.step));
    let width = rows.iter().map(|row| row.service.label().len()).max().unwrap_or(0);
    let mut text = "\nServices, in the order of their start\n".to_owned();
    for row in &rows {
        let label = row.service.label();
        let about = row.about(plan).join("; ");
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {label:<width$}  {about}");
    }
    text
}

/// A service with its place in the order.
struct Row<'a> {
    service: &'a PlannedService,
    /// The first layer that needs it.
    layer: LayerIx,
    /// How many services start one after another before it.
    step: usize,
}

impl<'a> Row<'a> {
    /// None when no job needs it.
    fn of(plan: &'a Plan, service: ServiceIx) -> Option<Self> {
        let needs = plan.jobs.iter().filter(|job| job.services.contains(&service));
        let layer = needs.map(|job| plan.category(job.category).layer).min()?;
        Some(Self { service: plan.service(service), layer, step: step(plan, service) })
    }

    fn about(&self, plan: &Plan) -> Vec<String> {
        let mut about = vec![format!("with layer {}", plan.layer(self.layer).id)];
        let earlier = earlier(plan, self.layer);
        if !earlier.is_empty() {
            about[0].push_str(&format!(", early while {} ends", earlier.join(", ")));
        }
        if !self.service.after.is_empty() {
            let before = self.service.after.iter().map(|&before| plan.service(before).label());
            about.push(format!("after {}", before.collect::<Vec<_>>().join(", ")));
        }
        about.push(format!("ready within {}", duration(self.service.ready_within)));
        about.push(self.service.reason.clone());
        about
    }
}

/// How long the longest chain of services is that start before one. A plan has no cycles.
fn step(plan: &Plan, service: ServiceIx) -> usize {
    let before = plan.service(service).after.iter();
    before.map(|&before| 1 + step(plan, before)).max().unwrap_or(0)
}

/// The layers at whose end the services of another start, when they fit into the memory of the
/// run: the scheduler looks again when it is so far.
fn earlier(plan: &Plan, layer: LayerIx) -> Vec<&str> {
    let planned = plan.layer(layer);
    let needed: u64 = plan.services.iter().map(|service| u64::from(service.memory_mb)).sum();
    if plan.max_memory_mb.is_some_and(|limit| needed > u64::from(limit)) {
        return Vec::new();
    }
    let mut before: Vec<LayerIx> = planned.after.clone();
    if before.is_empty() && plan.run_mode != RunMode::Parallel {
        let is_before = |&other: &LayerIx| match plan.run_mode {
            RunMode::Sequential => other.position() + 1 == layer.position(),
            _ => plan.layer(other).phase + 1 == planned.phase && !planned.background,
        };
        before = (0..plan.layers.len()).map(LayerIx::at).filter(is_before).collect();
    }
    before.iter().map(|&before| plan.layer(before).id.as_str()).collect()
}
