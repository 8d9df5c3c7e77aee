//! Flags that are accepted and do nothing, or nothing here, each with the reason that is said once.

use super::asked::Asked;
use super::flag::Flag;
use super::table;

/// Flags that never do anything, with the reason.
const ALWAYS: [(Flag, &str); 4] = [
    (Flag::ParallelCollection, "collection is always concurrent"),
    (Flag::Watch, "a run ends; watching belongs to the framework"),
    (Flag::CypressOpen, "no window is opened for a person; it counts as --cypress-headed"),
    (Flag::PlatformAware, "it is always on"),
];

/// Flags whose part of Apex is arranged in another way, with the reason.
const ARRANGED: [(Flag, &str); 2] = [
    (Flag::NoRebuild, "an image is built only when what it is made of has changed"),
    (Flag::RebuildAll, "an image is built whenever what it is made of has changed"),
];

/// One note for each flag that was given and does nothing.
pub(crate) fn notes(asked: &Asked) -> Vec<String> {
    let all = ALWAYS.iter().chain(&ARRANGED);
    all.filter(|(flag, _)| asked.is_given(*flag))
        .map(|(flag, why)| format!("{} has no effect: {why}", table::spelling(*flag)))
        .chain(alone(asked))
        .collect()
}

/// Whether a flag does nothing.
pub(crate) fn reason(flag: Flag) -> Option<&'static str> {
    ALWAYS.iter().chain(&ARRANGED).find(|(one, _)| *one == flag).map(|(_, why)| *why)
}

/// Flags that need another one.
fn alone(asked: &Asked) -> Option<String> {
    let is_idle = asked.is_on(Flag::Fix) && !asked.is_on(Flag::Lint);
    is_idle.then(|| "--fix has no effect without --lint".to_owned())
}
