//! The library face of a run: opens a project, plans, and runs with the parts of this crate.
//!
//! ```no_run
//! use std::collections::BTreeMap;
//! use std::path::Path;
//! use apex_agents::Controller;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let variables: BTreeMap<String, String> = std::env::vars().collect();
//! let controller = Controller::open(Path::new("examples/shop"), None, variables)?;
//! let outcome = controller.fast_feedback()?.run().await?;
//! assert!(!outcome.result.tests_failed);
//! # Ok(())
//! # }
//! ```

mod prepared;
mod sessions;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apex_config::{Config, LoadFailure, LoadRequest, Loaded, Overlay};
use apex_core::Plan;
use apex_core::history::History;
use apex_core::select::{Request, Target};

use crate::changes::{self, GitError, Look};
use crate::machine;
use crate::planning::{self, PlanningError, Wish};

pub use prepared::{Outcome, PreparedRun, RunError};
pub(crate) use sessions::{Purpose, factory};

/// Why no plan could be made for what changed.
#[derive(Debug, thiserror::Error)]
pub enum AffectedError {
    /// No plan could be made at all.
    #[error(transparent)]
    Planning(#[from] PlanningError),
    /// Git cannot say what changed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// A project that can be planned and run.
#[derive(Clone, Debug)]
pub struct Controller {
    config: Config,
    root: PathBuf,
    /// The layer file.
    file: Option<PathBuf>,
    variables: BTreeMap<String, String>,
    history: Arc<History>,
}

impl Controller {
    /// Opens the project in a folder, for an environment (`None` for the configured one). The
    /// variables are what jobs inherit and what the configuration may refer to.
    ///
    /// # Errors
    /// Every problem of its configuration.
    pub fn open(
        folder: &Path,
        environment: Option<&str>,
        variables: BTreeMap<String, String>,
    ) -> Result<Self, LoadFailure> {
        let loaded = apex_config::load(&LoadRequest {
            project: Some(folder),
            start: folder,
            config: None,
            environment,
            variables: &variables,
            today: Some(&machine::today()),
            flags: Overlay::flags(),
        })?;
        Ok(Self::of(loaded, variables))
    }

    /// A project whose configuration is loaded.
    #[must_use]
    pub fn of(loaded: Loaded, variables: BTreeMap<String, String>) -> Self {
        let Loaded { config, root, file, .. } = loaded;
        Self { config, root, file, variables, history: Arc::default() }
    }

    /// Plans with what earlier runs taught; otherwise as if there had been none.
    #[must_use]
    pub fn with_history(mut self, history: Arc<History>) -> Self {
        self.history = history;
        self
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What a wish means, without running anything.
    ///
    /// # Errors
    /// As [`planning::plan`].
    pub fn plan(&self, wish: &Wish) -> Result<Plan, PlanningError> {
        planning::plan(&self.config, &self.root, &self.variables, &self.history, wish)
    }

    /// What a wish means, without the categories that no change since `base` concerns (where the
    /// current branch left the main one when not given).
    ///
    /// # Errors
    /// As [`planning::plan`], or when Git cannot say what changed.
    pub fn plan_affected(&self, wish: &Wish, base: Option<&str>) -> Result<Plan, AffectedError> {
        let at = Look {
            config: &self.config,
            root: &self.root,
            file: self.file.as_deref(),
            variables: &self.variables,
            base,
        };
        let percent = self.config.execution.affected_sample_percent;
        Ok(changes::spare(at, self.plan(wish)?, &self.history, percent)?)
    }

    /// A run of a wish, ready to be started.
    ///
    /// # Errors
    /// As [`planning::plan`].
    pub fn prepare(&self, wish: &Wish) -> Result<PreparedRun, PlanningError> {
        Ok(self.with_plan(self.plan(wish)?))
    }

    /// A run of a plan of this project, ready to be started.
    #[must_use]
    pub fn with_plan(&self, plan: Plan) -> PreparedRun {
        PreparedRun::new(&self.config, self.root.clone(), self.variables.clone(), plan)
    }

    /// The layers of a mode.
    ///
    /// # Errors
    /// As [`planning::plan`].
    pub fn mode(&self, mode: &str) -> Result<PreparedRun, PlanningError> {
        self.prepare(&Wish::Request(Request::new(Target::Mode(mode.to_owned()))))
    }

    /// The first layer: an answer while the change is still in mind.
    ///
    /// # Errors
    /// As [`planning::plan`].
    pub fn fast_feedback(&self) -> Result<PreparedRun, PlanningError> {
        self.mode("fast_feedback")
    }

    /// Every layer, background ones behind the others.
    ///
    /// # Errors
    /// As [`planning::plan`].
    pub fn full_layered(&self) -> Result<PreparedRun, PlanningError> {
        self.mode("nightly")
    }

    /// The background layers alone. A run of the library waits for them.
    ///
    /// # Errors
    /// As [`planning::plan`].
    pub fn background_only(&self) -> Result<PreparedRun, PlanningError> {
        self.mode("background")
    }

    /// Every layer, the background ones beside the others from the beginning.
    ///
    /// # Errors
    /// As [`planning::plan`].
    pub fn hybrid(&self) -> Result<PreparedRun, PlanningError> {
        self.mode("hybrid")
    }

    /// These categories, and those they depend on.
    ///
    /// # Errors
    /// As [`planning::plan`].
    pub fn categories(&self, names: &[&str]) -> Result<PreparedRun, PlanningError> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.prepare(&Wish::Request(Request::new(Target::Categories(names))))
    }
}
