//! Which session runs a job, with the tools of its folder.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use apex_config::model::{CommandLine, RunnerKind};

use crate::executor::{SessionFactory, Submission};
use crate::machine::Machine;
use crate::runners::{self, Session, SessionContext, Tools};

/// What sessions are made for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// To run tests.
    Run,
    /// To name tests; with the program that lists them, by category.
    List(HashMap<String, CommandLine>),
}

/// A factory of sessions for a project.
pub(crate) fn factory(
    root: PathBuf,
    variables: Arc<BTreeMap<String, String>>,
    purpose: Purpose,
) -> SessionFactory {
    let toolbox = Toolbox { root, variables, none: Arc::default(), found: Mutex::default() };
    Arc::new(move |submission: &Submission| toolbox.session(submission, &purpose))
}

struct Toolbox {
    root: PathBuf,
    variables: Arc<BTreeMap<String, String>>,
    /// What a command needs of them.
    none: Arc<Tools>,
    /// Tools by working directory: looking them up costs as much as a small test.
    found: Mutex<HashMap<Arc<str>, Arc<Tools>>>,
}

impl Toolbox {
    fn session(&self, submission: &Submission, purpose: &Purpose) -> Box<dyn Session> {
        let tools = match submission.spec.runner {
            RunnerKind::Command => Arc::clone(&self.none),
            _ => self.tools(&submission.spec.working_directory),
        };
        let context = SessionContext {
            spec: &submission.spec,
            category: &submission.category,
            only: submission.only.as_deref(),
            tools: &tools,
            env: &self.variables,
            project_root: &self.root,
        };
        match purpose {
            Purpose::Run => runners::session_for(&context),
            Purpose::List(discover) => runners::list(&context, discover.get(&*submission.category)),
        }
    }

    fn tools(&self, folder: &Arc<str>) -> Arc<Tools> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tools) = found.get(folder) {
            return Arc::clone(tools);
        }
        let machine = Machine { variables: &self.variables, folder: &self.root };
        let lookup = |name: &str| machine.lookup(name);
        let tools = Arc::new(Tools::find(&self.root, folder, machine.virtual_env(), &lookup));
        found.insert(Arc::clone(folder), Arc::clone(&tools));
        tools
    }
}
