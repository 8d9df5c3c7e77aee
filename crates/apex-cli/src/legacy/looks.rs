//! Requests for information: each prints, none starts a framework or looks at a selection.

use apex_config::show;
use apex_monitor::dialect;
use apex_monitor::legacy;

use super::asked::Asked;
use super::background;
use super::flag::Flag;
use super::setting;
use crate::commands::status;
use crate::failure::Failure;
use crate::out;
use crate::project::Project;

/// Answers every request for information, in their fixed order; the exit code, or nothing when
/// there was none.
pub(crate) fn answer(asked: &Asked, project: &Project) -> Result<Option<u8>, Failure> {
    let config = &project.loaded.config;
    let is_verbose = setting::global(asked).verbose > 0;
    let mut code = None;
    if asked.is_on(Flag::ListCategories) || asked.is_on(Flag::List) {
        out::data(&legacy::category_list(config, is_verbose));
        code = Some(0);
    }
    if asked.is_on(Flag::List) {
        out::data(&legacy::lists_of_categories(config));
    }
    if asked.is_on(Flag::ShowCategoryStats) {
        out::data(&legacy::category_statistics(config, 0, None));
        code = Some(0);
    }
    if asked.is_on(Flag::ShowLayers) {
        let only: Vec<String> =
            asked.values(Flag::Layers).into_iter().map(super::choice_names::plain).collect();
        out::data(&legacy::layer_list(config, &only));
        code = Some(0);
    }
    if asked.is_on(Flag::ShowConfig) {
        let display = show::Display { origin: true, defaults: true };
        out::data(&show::to_yaml(&project.loaded.tree, display));
        code = Some(0);
    }
    if asked.is_on(Flag::OrchestrationStatus) {
        out::data(&orchestration(asked, project)?);
        code = Some(0);
    }
    Ok(match background::asked(asked, project) {
        Some(own) => Some(code.unwrap_or(0).max(own)),
        None => code,
    })
}

/// Runs of which the state of the project tells, beside those that go on.
const RECENT: usize = 5;

/// How the runs of the project stand: a page, or an object with `--progress-mode json`.
fn orchestration(asked: &Asked, project: &Project) -> Result<String, Failure> {
    let status = status::of_project(project, RECENT)?;
    Ok(if asked.value(Flag::ProgressMode) == Some("json") {
        format!("{}\n", dialect::orchestration_object(&status))
    } else {
        dialect::orchestration_page(&status)
    })
}
