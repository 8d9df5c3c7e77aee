//! What a split was made from, as a number: machines that come to the same one were asked the
//! same and know the same.
//!
//! Environments of jobs are left out: they may name folders of a machine.

use std::sync::Arc;

use apex_config::model::CommandLine;

use super::share::Cost;
use crate::plan::{JobSpec, Part, Plan, Standing, Work};

/// For each job a number that says which work of which category it is, whatever its place in the
/// plan.
pub(super) fn identities(plan: &Plan) -> Vec<u64> {
    let identity = |job: &crate::plan::PlannedJob| {
        let mut digest = Digest::new();
        digest.add(plan.category(job.category).name.as_str());
        add_spec(&mut digest, &job.spec);
        job.holds.iter().for_each(|name| digest.add(name));
        digest.0
    };
    plan.jobs.iter().map(identity).collect()
}

/// The digest of a split: request, layers, categories, jobs and their costs, and the number of
/// parts.
pub(super) fn of(plan: &Plan, costs: &[Cost], identities: &[u64], parts: u32) -> Arc<str> {
    let mut digest = Digest::new();
    let request = &plan.request;
    digest.add(request.mode.as_ref().map_or("", |mode| mode.as_str()));
    digest.add(request.environment.as_ref().map_or("", |name| name.as_str()));
    request.selectors.iter().for_each(|word| digest.add(word));
    digest.number(u64::from(parts));
    digest.number(u64::from(plan.slots));
    for layer in &plan.layers {
        digest.add(layer.id.as_str());
    }
    for category in &plan.categories {
        digest.add(category.name.as_str());
        digest.number(u64::from(category.layer.0));
        digest.number(u64::from(matches!(category.work, crate::plan::CategoryWork::Jobs { .. })));
    }
    for ((job, cost), identity) in plan.jobs.iter().zip(costs).zip(identities) {
        digest.number(*identity);
        digest.number(cost.alone);
        digest.number(u64::from(job.standing == Standing::IfItFits));
    }
    format!("{:016x}", digest.0).into()
}

fn add_spec(digest: &mut Digest, spec: &JobSpec) {
    digest.add(spec.runner.as_str());
    digest.add(&spec.working_directory);
    match &spec.work {
        Work::Command { command: CommandLine::Arguments(words), discover, report } => {
            discover.iter().flatten().for_each(|word| digest.add(word));
            words.iter().for_each(|word| digest.add(word));
            digest.optional(report);
        }
        Work::Command { command: CommandLine::Shell(text), discover, report } => {
            discover.iter().flatten().for_each(|word| digest.add(word));
            digest.add(text);
            digest.optional(report);
        }
        Work::Tests { paths, markers, keyword, ignore, arguments } => {
            for list in [paths, ignore, arguments] {
                digest.number(list.len() as u64);
                list.iter().for_each(|word| digest.add(word));
            }
            digest.optional(markers);
            digest.optional(keyword);
        }
    }
    let (number, of) = spec.shard.unwrap_or_default();
    digest.number(u64::from(number));
    digest.number(u64::from(of));
    if let Some(part) = &spec.part {
        add_part(digest, part);
    }
}

fn add_part(digest: &mut Digest, part: &Part) {
    digest.number(u64::from(part.number));
    digest.number(u64::from(part.of));
    for list in [&part.leave, &part.only, &part.without] {
        digest.number(list.len() as u64);
        list.iter().for_each(|word| digest.add(word));
    }
    if let Some(serial) = &part.serial {
        digest.number(u64::from(serial.marked) + 1);
        serial.files.iter().for_each(|file| digest.add(file));
    }
}

/// FNV-1a of 64 bits (Fowler, Noll and Vo, 1991): it tells mistakes, not forgeries.
struct Digest(u64);

impl Digest {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// A text and where it ends.
    fn add(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn optional(&mut self, text: &Option<String>) {
        self.add(text.as_deref().unwrap_or("\0"));
    }
}
