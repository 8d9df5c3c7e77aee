//! Background layers that go on behind, when nobody waits for them.

use std::path::{Path, PathBuf};

use apex_agents::background;
use apex_config::model::LayerId;
use apex_core::RunId;

use crate::args::{GlobalArgs, RunArgs};
use crate::failure::Failure;
use crate::out;

/// Where a run behind this one finds its project.
pub(super) struct Behind {
    pub(super) root: PathBuf,
    pub(super) state: PathBuf,
    pub(super) file: Option<PathBuf>,
    pub(super) layers: Vec<LayerId>,
    /// Whether the layers start without waiting for those before them.
    pub(super) waives_dependencies: bool,
}

impl Behind {
    /// Hands the layers over to a run of their own, if the run in front allows it.
    pub(super) fn start(
        &self,
        global: &GlobalArgs,
        args: &RunArgs,
        front_passed: bool,
    ) -> Result<(), Failure> {
        let names = self.layers.iter().map(LayerId::as_str).collect::<Vec<_>>().join(",");
        if names.is_empty() {
            return Ok(());
        }
        if !front_passed && !self.waives_dependencies {
            out::people(&format!("{names} is not started: the layers before it did not pass\n"));
            return Ok(());
        }
        let run = super::new_run_id();
        let log = self.state.join("background").join(format!("{run}.log"));
        let arguments = self.arguments(global, args, &names, &run);
        let pid = std::env::current_exe()
            .and_then(|program| background::hand_over(&program, &arguments, &self.root, &log))
            .map_err(|error| {
                Failure::environment(
                    format!("{names} could not be handed over: {error}"),
                    format!("run it yourself: apex run --layers {names} --no-dependencies"),
                )
            })?;
        out::people(&format!(
            "{names} goes on behind: process {pid}, run {run}\n  progress: {}\n  record: {}\n",
            log.display(),
            self.state.join("runs").join(run.as_str()).display()
        ));
        Ok(())
    }

    fn arguments(
        &self,
        global: &GlobalArgs,
        args: &RunArgs,
        layers: &str,
        run: &RunId,
    ) -> Vec<String> {
        let shown = |path: &Path| path.display().to_string();
        let mut arguments = vec!["run".to_owned(), "--no-dependencies".to_owned()];
        let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        option("--layers", layers.to_owned());
        option("--run-id", run.to_string());
        option("--progress-mode", "simple".to_owned());
        option("--color", "never".to_owned());
        option("--project", shown(&self.root));
        if let (Some(_), Some(file)) = (&global.config, &self.file) {
            option("--config", shown(file));
        }
        if let Some(environment) = &args.target.part.env {
            option("--env", environment.clone());
        }
        if let Some(jobs) = args.target.part.jobs {
            option("--jobs", jobs.to_string());
        }
        if args.allow_prod {
            arguments.push("--allow-prod".to_owned());
        }
        arguments
    }
}
