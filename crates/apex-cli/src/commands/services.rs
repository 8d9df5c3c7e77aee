//! `apex services`: containers that stand between runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use apex_agents::services::ServiceReport;
use apex_agents::services::docker::EngineError;
use apex_agents::services::standing::{self, Place, Standing};
use apex_config::Overlay;
use apex_config::model::{Service, ServiceName, ServiceSource};

use crate::args::{GlobalArgs, ServicesCommand};
use crate::assemble;
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, render};

pub(super) fn services(
    global: &GlobalArgs,
    command: &ServicesCommand,
) -> Result<ExitCode, Failure> {
    let project = Project::load(global, None, Overlay::flags())?;
    let place = place(&project);
    let runtime = assemble::runtime()?;
    match command {
        ServicesCommand::Up { names } => runtime.block_on(up(global, &project, &place, names)),
        ServicesCommand::Down { run } => runtime.block_on(down(&place, run.as_deref())),
        ServicesCommand::Status { json } => runtime.block_on(status(&project, &place, *json)),
        ServicesCommand::Logs { name, follow } => {
            let service = find(&project, name)?;
            runtime.block_on(logs(&place, service.name.as_str(), *follow))
        }
        ServicesCommand::Env { json } => runtime.block_on(env(&project, &place, *json)),
    }
}

fn place(project: &Project) -> Place {
    Place {
        root: project.loaded.root.clone(),
        variables: Arc::new(project.variables.clone()),
        logs: assemble::state_folder(project).join("services"),
    }
}

fn find<'p>(project: &'p Project, name: &str) -> Result<&'p Service, Failure> {
    let config = &project.loaded.config;
    config.service(name).ok_or_else(|| {
        let known: Vec<&str> = config.services.keys().map(ServiceName::as_str).collect();
        let hint = match known[..] {
            [] => "add it under `services` of the layer file".to_owned(),
            _ => format!("known: {}", known.join(", ")),
        };
        Failure::usage(format!("unknown service `{name}`"), hint)
    })
}

async fn up(
    global: &GlobalArgs,
    project: &Project,
    place: &Place,
    names: &[String],
) -> Result<ExitCode, Failure> {
    let all: Vec<Service> = project.loaded.config.services.values().cloned().collect();
    let wanted: Vec<ServiceName> = if names.is_empty() {
        let is_container = |service: &&Service| {
            matches!(service.source, ServiceSource::Container(_)) && !service.oneshot
        };
        all.iter().filter(is_container).map(|service| service.name.clone()).collect()
    } else {
        let found = names.iter().map(|name| find(project, name).map(|found| found.name.clone()));
        found.collect::<Result<_, _>>()?
    };
    let order = standing::in_order(&all, &wanted)
        .map_err(|why| Failure::usage(why, "name a service with `image` or `build`"))?;
    if order.is_empty() {
        return Err(Failure::usage(
            "no service of this project is a container",
            "add one under `services` of the layer file, with `image` or `build`",
        ));
    }
    let exports = standing::up(place, order, |service, report| {
        if !global.quiet {
            out::people(&told(service, report));
        }
    });
    let exports = exports
        .await
        .map_err(|why| Failure::environment(why, "`apex services status` shows what is up"))?;
    out::data(&render::variables(&exports));
    Ok(ExitCode::Passed)
}

fn told(service: &str, report: &ServiceReport) -> String {
    match report {
        ServiceReport::Ready { addresses, .. } => {
            let places: Vec<&str> = addresses.iter().map(|(_, place)| place.as_str()).collect();
            format!("service {service}: ready {}\n", places.join(", "))
        }
        ServiceReport::Preparing { what } => format!("service {service}: {what}\n"),
        ServiceReport::Lost { .. } => format!("service {service}: lost\n"),
        ServiceReport::Failed { .. } => format!("service {service}: failed\n"),
        ServiceReport::Stopped => format!("service {service}: stopped\n"),
    }
}

async fn down(place: &Place, run: Option<&str>) -> Result<ExitCode, Failure> {
    let swept = standing::down(place, run).await.map_err(|error| unreachable(&error))?;
    if swept.problems.is_empty() {
        out::people(&format!("{} taken away\n", render::count(swept.removed, "thing")));
        return Ok(ExitCode::Passed);
    }
    Err(Failure::environment(swept.problems.join("\n"), "try again, or look with `docker ps -a`"))
}

async fn status(project: &Project, place: &Place, json: bool) -> Result<ExitCode, Failure> {
    let standing = standing::list(place).await.map_err(|error| unreachable(&error))?;
    let services = &project.loaded.config.services;
    out::data(&if json {
        format!("{:#}\n", render::standing_json(&standing))
    } else {
        render::standing_page(&standing, services.values())
    });
    Ok(ExitCode::Passed)
}

async fn logs(place: &Place, service: &str, follow: bool) -> Result<ExitCode, Failure> {
    let printed = standing::logs(place, service, follow, |_, bytes| {
        out::data(&String::from_utf8_lossy(bytes));
    });
    match printed.await {
        Ok(()) => Ok(ExitCode::Passed),
        Err(EngineError::Missing(why)) => {
            let folder = Path::new(".apex").join("runs");
            let hint = format!(
                "bring it up with `apex services up {service}`; what runs wrote is in {}",
                folder.display()
            );
            Err(Failure::environment(why, hint))
        }
        Err(error) => Err(unreachable(&error)),
    }
}

async fn env(project: &Project, place: &Place, json: bool) -> Result<ExitCode, Failure> {
    let standing = standing::list(place).await.map_err(|error| unreachable(&error))?;
    let mut variables = BTreeMap::new();
    for one in standing.iter().filter(|one| one.facts.runs && one.is_kept()) {
        if let Some(service) = project.loaded.config.service(&one.service) {
            variables.extend(Standing::exports(one, service));
        }
    }
    out::data(&if json {
        format!("{:#}\n", serde_json::json!(variables))
    } else {
        render::variables(&variables)
    });
    Ok(ExitCode::Passed)
}

fn unreachable(error: &EngineError) -> Failure {
    let text = error.to_string();
    match text.split_once("\nnext: ") {
        Some((message, next)) => Failure::environment(message, next),
        None => Failure::environment(text, "look whether the engine works: `docker version`"),
    }
}
