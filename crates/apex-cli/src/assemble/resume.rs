//! A run that goes on with earlier ones: `--resume`.

use std::collections::BTreeMap;
use std::path::Path;

use apex_agents::changes::Earlier;
use apex_core::event::{Event, RunEvent, RunStarted};
use apex_core::plan::Done;
use apex_core::{Plan, RunId};
use apex_monitor::run_dir::{JournalReader, RunDirectory, Runs, read_view};

use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::{out, recorded};

/// What a run goes on with, and in which project.
pub(super) struct Resume<'a> {
    pub(super) global: &'a GlobalArgs,
    pub(super) runs: &'a Runs,
    pub(super) root: &'a Path,
    pub(super) file: Option<&'a Path>,
    pub(super) variables: &'a BTreeMap<String, String>,
}

impl Resume<'_> {
    /// The plan without what passed in the run that a word means and in those with which that one
    /// went on; and the names of these runs. Where the project is not the same any more, the plan
    /// stays whole, and people are told why.
    pub(super) fn apply(&self, word: &str, plan: Plan) -> Result<(Plan, Vec<RunId>), Failure> {
        let latest = recorded::directory(self.global, word)?;
        let shown = recorded::shown(latest.path());
        let mut chain: Vec<RunDirectory> =
            latest.resumed().iter().filter_map(|run| self.runs.open(run).ok()).collect();
        chain.push(latest);
        let mut done = Done::default();
        let mut names = Vec::new();
        for directory in &chain {
            let unreadable = |error| recorded::unreadable(&shown, &error);
            let Some(began) = first(directory).map_err(unreadable)? else { continue };
            self.check_environment(&plan, &began)?;
            if let Some(difference) = self.difference(&began, &plan) {
                out::people(&format!(
                    "run {} cannot be gone on with, because {difference} since; what it did is \
                     repeated\n",
                    began.run
                ));
                continue;
            }
            done.add(&read_view(directory).map_err(unreadable)?);
            names.push(began.run.clone());
        }
        match names.last() {
            Some(name) => Ok((plan.going_on_with(&done, name.as_str()), names.clone())),
            None => Ok((plan, names)),
        }
    }

    fn difference(&self, began: &RunStarted, plan: &Plan) -> Option<String> {
        let Self { root, file, variables, .. } = *self;
        let checkout = began.setting.checkout.as_ref();
        Earlier { root, file, variables, checkout, began: began.unix_millis }.difference(plan)
    }

    fn check_environment(&self, plan: &Plan, began: &RunStarted) -> Result<(), Failure> {
        let (now, then) = (&plan.request.environment, &began.plan.request.environment);
        if now == then {
            return Ok(());
        }
        let name = then.as_ref().map_or("test", |name| name.as_str());
        Err(Failure::usage(
            format!("run {} was in the environment `{name}`, and this one is not", began.run),
            format!("add `--env {name}`, or leave `--resume` out"),
        ))
    }
}

/// The first event of a run; none when it left none.
fn first(
    directory: &RunDirectory,
) -> Result<Option<RunStarted>, apex_monitor::run_dir::JournalError> {
    let first = JournalReader::open(&directory.events())?.next().transpose()?;
    Ok(first.and_then(|envelope| match envelope.event {
        Event::Run(RunEvent::Started(started)) => Some(*started),
        _ => None,
    }))
}
