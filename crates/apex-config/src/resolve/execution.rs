//! What holds for a run as a whole, and the free text about the file.

use std::time::Duration;

use super::Work;
use super::view::View;
use crate::model::{
    ConflictResolution, Dialect, Execution, FailFast, FailureLimits, Metadata, Retention, RunMode,
    WithoutLayers,
};
use crate::node::Node;
use crate::shape::{EXECUTION, EXECUTION_CONFIG, METADATA, RETENTION};

/// `execution_config`, with the width of `execution`.
pub(super) fn execution(work: &Work<'_, '_>) -> Execution {
    let view = View::new(work.scene.tree.get("execution_config"), &EXECUTION_CONFIG);
    let categories = View::new(work.scene.tree.get("execution"), &EXECUTION);
    let background = view.inner("background_execution");
    let width = view.whole("max_global_parallel_tests");
    Execution {
        affected_sample_percent: u8::try_from(view.whole("affected_sample_percent")).unwrap_or(100),
        run_mode: match view.text("layer_execution_mode") {
            "sequential" => RunMode::Sequential,
            "waterfall" => RunMode::Waterfall,
            "parallel" => RunMode::Parallel,
            _ => RunMode::WaterfallWithBackground,
        },
        global_timeout: view.minutes("global_timeout_minutes"),
        startup_timeout: view.seconds("layer_startup_timeout_seconds"),
        inter_layer_delay: view.seconds("inter_layer_delay_seconds"),
        max_parallel: categories
            .optional_whole("max_parallel_workers")
            .map_or(width, |workers| workers.min(width)),
        max_memory_mb: view.whole("max_memory_usage_mb"),
        max_cpu_percent: u8::try_from(view.whole("max_cpu_usage_percent")).unwrap_or(100),
        conflict_resolution: match view.text("resource_conflict_resolution") {
            "first_come_first_serve" => ConflictResolution::FirstComeFirstServe,
            "round_robin" => ConflictResolution::RoundRobin,
            _ => ConflictResolution::PriorityBased,
        },
        background_enabled: background.flag("enabled"),
        max_background_layers: background.whole("max_background_layers"),
        background_retries: background.whole("retries"),
        background_patience: Duration::from_secs(
            u64::from(background.whole("expire_hours")) * 3_600,
        ),
        failure_limits: FailureLimits {
            critical_failures: categories.whole("critical_failure_count"),
            in_a_row: categories.whole("consecutive_failures"),
            share: categories.number("failure_rate_threshold"),
            window: categories.minutes("evaluation_window_minutes"),
            least_results: categories.whole("min_sample_size"),
        },
        without_layers: without_layers(categories, work.scene.dialect),
    }
}

/// `execution`. Its time limit holds in native files only: in older ones it was never kept.
fn without_layers(view: View<'_>, dialect: Dialect) -> WithoutLayers {
    let timeout = view.node("timeout_minutes").map(|_| view.minutes("timeout_minutes"));
    WithoutLayers {
        fail_fast: FailFast::from_word(view.text("fail_fast_mode")).unwrap_or_default(),
        timeout: timeout.filter(|_| dialect == Dialect::Native),
        max_memory_mb: view.optional_whole("memory_limit_mb"),
    }
}

/// `metadata`.
pub(super) fn metadata(tree: &Node) -> Metadata {
    let view = View::new(tree.get("metadata"), &METADATA);
    let text = |name| view.optional_text(name).map(str::to_owned);
    Metadata {
        version: text("version"),
        description: text("description"),
        created_at: text("created_at"),
        config_schema_version: text("config_schema_version"),
    }
}

/// `retention`.
pub(super) fn retention(tree: &Node) -> Retention {
    let view = View::new(tree.get("retention"), &RETENTION);
    Retention {
        runs: view.whole("runs"),
        run_days: view.whole("run_days"),
        runs_megabytes: view.whole("runs_megabytes"),
        background_days: view.whole("background_days"),
        history_days: view.whole("history_days"),
        history_megabytes: view.whole("history_megabytes"),
    }
}
