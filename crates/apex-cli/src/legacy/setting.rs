//! The project that a command line is about, with what its flags set in the configuration.

use std::path::PathBuf;

use apex_config::model::Telemetry;
use apex_config::{Node, Overlay, Place, SourceKind};

use super::asked::Asked;
use super::choice_names::plain;
use super::flag::Flag;
use super::refusal::Refusal;
use super::{services, splitting};
use crate::args::{ColorWord, GlobalArgs};
use crate::failure::Failure;
use crate::project::Project;

/// The folder of the logs that people follow with `tail -f`.
const LOGS: &str = "logs/orchestration";

/// The file of metrics in it.
const METRICS: &str = "metrics.prom";

/// The options that hold for every command, as these flags mean them.
pub(crate) fn global(asked: &Asked) -> GlobalArgs {
    let latest = asked.latest_of(&[Flag::Verbose, Flag::Quiet]);
    let is_plain = asked.is_on(Flag::CiMode);
    GlobalArgs {
        project: asked.value(Flag::ProjectRoot).map(PathBuf::from),
        config: asked.value(Flag::Config).map(PathBuf::from),
        verbose: u8::from(latest == Some(Flag::Verbose)),
        quiet: latest == Some(Flag::Quiet),
        color: match asked.value(Flag::Color) {
            Some("always") => ColorWord::Always,
            Some("never") => ColorWord::Never,
            _ if is_plain => ColorWord::Never,
            _ => ColorWord::Auto,
        },
    }
}

/// The environment that the flags name; of several, the last.
pub(crate) fn environment(asked: &Asked) -> Result<Option<&str>, Refusal> {
    let flags = [Flag::Env, Flag::StagingE2e];
    let named = match asked.latest_of(&flags) {
        Some(Flag::StagingE2e) => Some("staging"),
        _ => asked.value(Flag::Env),
    };
    match named {
        Some(name) if name.contains(',') => Err(Refusal::new(
            format!("argument --env: invalid choice: '{name}' (a run has one environment)"),
            "run once for each of them",
        )),
        other => Ok(other),
    }
}

/// Why a project cannot be loaded.
pub(crate) enum Unloadable {
    Refused(Refusal),
    Failed(Failure),
}

/// Loads the project without a word.
pub(crate) fn load(asked: &Asked) -> Result<Project, Unloadable> {
    let environment = environment(asked).map_err(Unloadable::Refused)?;
    let global = global(asked);
    let load =
        |flags| Project::load_silently(&global, environment, flags).map_err(Unloadable::Failed);
    let project = load(flags(asked))?;
    let more = depending(asked, &project).map_err(Unloadable::Refused)?;
    let mut project = if more.is_empty() { project } else { load(flags(asked).merged(more))? };
    telemetry(asked, &mut project.loaded.config.telemetry);
    services::relocate(asked, &mut project);
    Ok(project)
}

/// The log is where people follow it, unless the project says another folder; with monitoring,
/// the metrics stand beside it while the run goes on, and without any, there is no log.
fn telemetry(asked: &Asked, telemetry: &mut Telemetry) {
    let folder = telemetry.logs.dir.get_or_insert_with(|| LOGS.to_owned());
    if asked.is_on(Flag::EnableMonitoring) || asked.is_on(Flag::MasterOrchestration) {
        telemetry.metrics_file.get_or_insert_with(|| format!("{folder}/{METRICS}"));
    }
    if asked.is_off(Flag::EnableMonitoring) {
        telemetry.logs.level = "off".to_owned();
    }
}

/// What flags set whose meaning depends on what is configured.
fn depending(asked: &Asked, project: &Project) -> Result<Overlay, Refusal> {
    let config = &project.loaded.config;
    let mut flags = splitting::flags(asked, config);
    if let Some(word) = asked.value(Flag::ServiceCategory) {
        let Some(category) = config.category(&plain(word)) else {
            let known: Vec<&str> = config.categories.keys().map(|name| name.as_str()).collect();
            return Err(Refusal::choice("--service-category", word, &known));
        };
        let services: Vec<Node> = category
            .services
            .iter()
            .map(|name| {
                Node::new(name.as_str(), &Place::whole(SourceKind::Flag, "--service-category"))
            })
            .collect();
        flags = flags.with_flag("--service-category", &["categories", "*", "services"], services);
    }
    let images = project.loaded.tree.get("services").and_then(Node::as_map);
    for (name, _, service) in images.into_iter().flat_map(apex_config::Map::iter) {
        let path = ["services", name];
        let is_built = service.get("image").is_some() || service.get("build").is_some();
        let image = |word: &str| service.get("image")?.get(word)?.as_text().map(str::to_owned);
        let wanted = [(Flag::DockerProduction, "production"), (Flag::NoAlpine, "default")];
        for (flag, word) in wanted {
            if let (true, Some(image)) = (asked.is_on(flag), image(word)) {
                flags = flags.with_flag(word, &[path[0], path[1], "image"], image.as_str());
                break;
            }
        }
        if let (true, Some(rule)) = (is_built, asked.value(Flag::DockerPullPolicy)) {
            flags = flags.with_flag("--docker-pull-policy", &[path[0], path[1], "pull"], rule);
        }
        let keeps = asked.is_on(Flag::NoServiceCleanup) || asked.is_on(Flag::DockerNoCleanup);
        let renews = asked.is_on(Flag::DockerDedicated) || asked.is_on(Flag::DockerForceRestart);
        if is_built && (keeps || renews) {
            let scope = if keeps { "keep" } else { "run" };
            flags = flags.with_flag("--no-service-cleanup", &[path[0], path[1], "scope"], scope);
        }
    }
    Ok(flags)
}

/// What flags set in the configuration.
fn flags(asked: &Asked) -> Overlay {
    let mut flags = Overlay::flags();
    if let Some(seconds) =
        asked.value(Flag::ServiceTimeout).and_then(|text| text.parse::<i64>().ok())
    {
        let path = ["services", "*", "readiness", "timeout_seconds"];
        flags = flags.with_flag("--service-timeout", &path, seconds);
    }
    flags
}
