//! Which categories need not run, because nothing changed that concerns them.
//!
//! Only a category that declares its inputs can be spared: of any other, nobody knows what
//! concerns it. That a declaration is complete is not believed but checked: some of what could be
//! spared is run anyway, and a failure there ends the trust in that declaration.
//!
//! It is pure: which files changed and what the inputs amount to is found out elsewhere.

mod fingerprint;

use std::collections::HashMap;

use apex_config::model::CategoryName;

use crate::history::{CategoryHistory, History};
use crate::plan::{CategoryWork, Plan, Since, Sparing};

pub use fingerprint::Fingerprint;

/// What changed, as far as it concerns categories.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Since what, for people, for example `main`.
    pub since: String,
    /// How many files changed in the project.
    pub files: u32,
    /// Decides which of the categories that could be spared run all the same.
    pub seed: u64,
    /// Categories that declare inputs.
    pub inputs: HashMap<CategoryName, InputState>,
}

/// The inputs of a category.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputState {
    /// Those that changed, in order.
    pub changed: Vec<String>,
    /// What everything that its outcome depends on amounts to; none when it could not be read.
    pub fingerprint: Option<Fingerprint>,
}

/// What a look at a category says.
enum Finding {
    /// It runs, and why.
    Runs(String),
    /// It runs to check its declaration.
    Sample,
    /// It is spared.
    Spared(Sparing, String),
}

/// The plan without the categories that no change concerns, but for a sample of so many percent
/// of them.
#[must_use]
pub fn spare(mut plan: Plan, changes: &Changes, history: &History, percent: u8) -> Plan {
    let mut spared: HashMap<usize, CategoryWork> = HashMap::new();
    for position in 0..plan.categories.len() {
        let category = &mut plan.categories[position];
        if !matches!(category.work, CategoryWork::Jobs { .. }) {
            continue;
        }
        let state = changes.inputs.get(&category.name);
        category.fingerprint = state.and_then(|state| state.fingerprint.clone());
        let past = history.category(&category.name);
        let is_drawn = is_drawn(category.name.as_str(), changes.seed, percent);
        match look_at(state, past, &changes.since, is_drawn) {
            Finding::Runs(why) => {
                category.reason = format!("{}; {why}", category.reason).into();
            }
            Finding::Sample => {
                category.is_sample = true;
                category.reason =
                    format!("{}; a sample: none of its inputs changed", category.reason).into();
            }
            Finding::Spared(by, reason) => {
                spared.insert(position, CategoryWork::Spared { by, reason });
            }
        }
    }
    plan.notes.push(note(changes, &plan, spared.len()));
    plan.since = Some(Since { base: changes.since.clone(), files: changes.files });
    let of: Vec<usize> = plan.jobs.iter().map(|job| job.category.position()).collect();
    plan.with_jobs(
        |job| !spared.contains_key(&of[job.position()]),
        |category| {
            let nothing = || CategoryWork::Empty { looked: String::new() };
            spared.get(&category.position()).cloned().unwrap_or_else(nothing)
        },
    )
}

fn note(changes: &Changes, plan: &Plan, spared: usize) -> String {
    let files = match changes.files {
        1 => "1 file".to_owned(),
        files => format!("{files} files"),
    };
    let samples = plan.categories.iter().filter(|category| category.is_sample).count();
    let sample = match samples {
        0 => String::new(),
        samples => format!(", {samples} run as a sample"),
    };
    format!("{files} changed since {}: {spared} categories are spared{sample}", changes.since)
}

fn look_at(
    state: Option<&InputState>,
    past: Option<&CategoryHistory>,
    since: &str,
    is_drawn: bool,
) -> Finding {
    let Some(state) = state else {
        return Finding::Runs("it declares no `inputs`, so any change may concern it".to_owned());
    };
    let earlier = state
        .fingerprint
        .as_ref()
        .and_then(|fingerprint| past?.passes.iter().find(|pass| pass.fingerprint == *fingerprint));
    if earlier.is_none()
        && let Some(first) = state.changed.first()
    {
        return Finding::Runs(match state.changed.len() {
            1 => format!("its input {first} changed"),
            count => format!("{count} of its inputs changed, the first is {first}"),
        });
    }
    let declaration = state.fingerprint.as_ref().map(Fingerprint::declaration);
    let missed = past.is_some_and(|past| {
        past.misses.iter().any(|miss| Some(miss.fingerprint.declaration()) == declaration)
    });
    if missed {
        return Finding::Runs(
            "it failed once although none of its `inputs` had changed: they say too little"
                .to_owned(),
        );
    }
    if is_drawn {
        return Finding::Sample;
    }
    match earlier {
        Some(pass) => Finding::Spared(
            Sparing::Cached,
            format!("it passed with the same inputs in run {}", pass.run),
        ),
        None => Finding::Spared(
            Sparing::Unaffected,
            format!("none of its inputs changed since {since}"),
        ),
    }
}

/// Whether a category is part of a sample. Only the seed and its name decide, so that a plan
/// says what a run will do. (FNV-1a, Fowler, Noll and Vo, 1991.)
pub(crate) fn is_drawn(name: &str, seed: u64, percent: u8) -> bool {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().into_iter().chain(name.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // The upper bits are mixed best.
    (hash >> 33) % 100 < u64::from(percent)
}
