//! How the tests of a category are dealt to jobs: what flags set in the configuration, and what
//! earlier runs are taken to have taught.

use std::time::Duration;

use apex_config::model::RunnerKind;
use apex_config::{Config, Overlay};
use apex_core::History;

use super::asked::Asked;
use super::flag::Flag;

/// Workers when nobody says how many.
const WORKERS: i64 = 4;

/// What flags set of the cutting of categories.
pub(crate) fn flags(asked: &Asked, config: &Config) -> Overlay {
    let mut flags = Overlay::flags();
    if let Some(minutes) = asked.number(Flag::WindowSize) {
        flags = flags.with_flag(
            "--window-size",
            &["categories", "*", "split", "window_minutes"],
            minutes,
        );
    }
    if is_whole(asked) {
        flags = flags.with_flag("--disable-auto-split", &["categories", "*", "shards"], 1);
    }
    if asked.is_on(Flag::CypressParallel) || asked.is_given(Flag::CypressWorkers) {
        let typed = asked.whole(Flag::CypressWorkers).or_else(|| asked.whole(Flag::Workers));
        let workers = typed.map_or(WORKERS, i64::from);
        for category in config.categories.values() {
            let is_meant = category.name.as_str() == "cypress"
                || category.recipe.runner == Some(RunnerKind::Cypress);
            if is_meant {
                let path = ["categories", category.name.as_str(), "shards"];
                flags = flags.with_flag("--cypress-workers", &path, workers);
            }
        }
    }
    flags
}

/// Whether no category is cut.
fn is_whole(asked: &Asked) -> bool {
    asked.is_on(Flag::DisableAutoSplit)
        || asked.value(Flag::SplittingStrategy) == Some("category_based")
}

/// What earlier runs are taken to have taught: with `count_based` every test of a category takes
/// the same, with `complexity_based` nothing was measured and what is in the files decides.
pub(crate) fn seen(asked: &Asked, mut history: History) -> History {
    match asked.value(Flag::SplittingStrategy) {
        Some("count_based") => {
            for category in history.categories.values_mut() {
                let samples = || category.tests.values().flat_map(|test| &test.samples);
                let measured = samples().filter_map(|sample| sample.duration);
                let count = u32::try_from(measured.clone().count()).unwrap_or(u32::MAX);
                let mean = measured.sum::<Duration>() / count.max(1);
                let samples = category.tests.values_mut().flat_map(|test| &mut test.samples);
                samples.for_each(|sample| sample.duration = sample.duration.map(|_| mean));
            }
        }
        Some("complexity_based") => {
            history.categories.values_mut().for_each(|category| category.tests.clear());
        }
        _ => {}
    }
    history
}
