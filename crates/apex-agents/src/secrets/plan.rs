//! A plan as it may be shown and kept.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use apex_config::model::CommandLine;
use apex_core::Plan;
use apex_core::plan::{JobSpec, PlannedJob, Work};

use super::{MASK, Mask, Secrets};

impl Secrets {
    /// The plan without secrets; `None` when it has none.
    #[must_use]
    pub fn plan(&self, plan: &Plan) -> Option<Plan> {
        let mask = &**self.mask();
        if mask.is_empty() {
            return None;
        }
        // Work that is cut is in the plan as a whole, too, and holds what its parts hold.
        let holds_some = |job: &PlannedJob| spec(mask, &job.spec).is_some();
        if !plan.jobs.iter().any(holds_some) {
            return None;
        }
        let mut plan = plan.clone();
        for job in &mut plan.jobs {
            if let Some(shown) = spec(mask, &job.spec) {
                job.spec = shown;
            }
            if let Some(whole) = &mut job.undivided
                && let Some(shown) = spec(mask, whole)
            {
                *whole = Arc::new(shown);
            }
        }
        Some(plan)
    }
}

/// What a job is to do, without secrets; `None` when it has none.
fn spec(mask: &Mask, spec: &JobSpec) -> Option<JobSpec> {
    let env = variables(mask, &spec.env);
    let work = work(mask, &spec.work);
    if env.is_none() && work.is_none() {
        return None;
    }
    let mut shown = spec.clone();
    shown.env = env.map_or_else(|| Arc::clone(&spec.env), Arc::new);
    shown.work = work.unwrap_or(shown.work);
    Some(shown)
}

fn variables(mask: &Mask, env: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    let is_clean = |value: &String| matches!(mask.text(value), Cow::Borrowed(_));
    if env.values().all(is_clean) {
        return None;
    }
    let shown = env.iter().map(|(name, value)| (name.clone(), mask.text(value).into_owned()));
    Some(shown.collect())
}

fn work(mask: &Mask, work: &Work) -> Option<Work> {
    let mut shown = work.clone();
    let texts: Vec<&mut String> = match &mut shown {
        Work::Command { command, discover, report } => {
            let command = match command {
                CommandLine::Shell(text) => std::slice::from_mut(text),
                CommandLine::Arguments(arguments) => arguments.as_mut_slice(),
            };
            command.iter_mut().chain(discover.iter_mut().flatten()).chain(report).collect()
        }
        Work::Tests { arguments, .. } => arguments.iter_mut().collect(),
    };
    let mut is_changed = false;
    for text in texts {
        if let Cow::Owned(masked) = mask.text(text) {
            debug_assert!(masked.contains(MASK), "only the mask changes a text");
            *text = masked;
            is_changed = true;
        }
    }
    is_changed.then_some(shown)
}
