//! How the jobs of a category are watched, and which language model their tests meet.

use super::Work;
use super::view::View;
use crate::model::{ModelAccess, Oversight};
use crate::shape::EXECUTION;

/// The language model that the tests of a category meet. What the layer says beats what the
/// category says, and both beat the default of the file.
pub(super) fn model(view: View<'_>, layer: &View<'_>, work: &Work<'_, '_>) -> ModelAccess {
    let required = layer.inner("llm_requirements");
    let wants_real = view.text("llm") == "real"
        || view.inner("resource_requirements").flag("requires_real_llm")
        || view.texts("requires").iter().any(|word| word == "real_llm");
    let is_real = match (required.optional_text("mode"), view.text("llm")) {
        (Some("real"), _) => true,
        (Some("mock"), _) => false,
        (Some(_), _) => wants_real,
        (None, "real") => true,
        (None, "mock") => false,
        (None, _) => {
            let execution = View::new(work.scene.tree.get("execution"), &EXECUTION);
            execution.flag("use_real_llm")
        }
    };
    ModelAccess {
        is_real,
        timeout: required.seconds("timeout_seconds"),
        falls_back: required.flag("fallback_to_mock"),
    }
}

/// How the jobs of a category are watched.
pub(super) fn oversight(view: View<'_>) -> Oversight {
    let silence = "no_output_timeout_seconds";
    Oversight {
        output_limit_mb: view.whole("output_limit_mb"),
        test_output_limit_kb: view.whole("test_output_limit_kb"),
        slow_after: view.seconds("slow_after_seconds"),
        quiet_after: view.seconds("quiet_after_seconds"),
        no_output_timeout: view.node(silence).map(|_| view.seconds(silence)),
        keep_temporary: view.flag("keep_temporary"),
    }
}
