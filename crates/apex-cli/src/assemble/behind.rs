//! What a run leaves to the supervisor of background tasks: its background layers, or all of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use apex_agents::setting;
use apex_config::Config;
use apex_config::environment_variables::{
    CI, DOCKER_CONFIG, DOCKER_CONTEXT, DOCKER_HOST, PATH, TMPDIR, VIRTUAL_ENV,
};
use apex_config::model::{LayerConflict, LayerId, Mode};
use apex_core::Plan;
use apex_core::background::{Order, TaskId, Weight};

use crate::args::{GlobalArgs, PartArgs, RunArgs};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::project::Project;
use crate::{out, recorded, render};

use super::background::{Tasks, exit_code};
use super::request::{DEFAULT_MODE, in_project};

/// A task that needs no services and is expected to take at most this long is light.
const LIGHT: Duration = Duration::from_secs(60);

/// Variables that a task takes from where it was asked for: which programs it finds, and how they
/// speak. Not all of them, because the queue is a file and variables may be secrets; the others
/// are those of the command that started the supervisor.
const TAKEN_ALONG: [&str; 8] =
    [PATH, "HOME", TMPDIR, VIRTUAL_ENV, DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, CI];

/// Whether the background layers of a run are left to a task.
pub(super) fn leaves_background(config: &Config, args: &RunArgs) -> bool {
    if args.no_wait || args.background.background_e2e {
        return true;
    }
    let is_alone = args.background.wait || args.share.shard.is_some();
    !is_alone && mode(config, args).is_some_and(|mode| !mode.wait || mode.waive_dependencies)
}

/// The mode of a run, if one decides its layers.
fn mode<'a>(config: &'a Config, args: &RunArgs) -> Option<&'a Mode> {
    let PartArgs { mode, layers, categories, .. } = &args.target.part;
    let is_by_mode = layers.is_empty() && categories.is_empty() && args.target.paths.is_empty();
    let word = mode.as_deref().unwrap_or(DEFAULT_MODE);
    config.modes.get(word).filter(|_| is_by_mode)
}

/// The background layers of a run, and where it finds its project.
pub(super) struct Behind {
    pub(super) place: Place,
    pub(super) layers: Vec<LayerId>,
    /// Whether the layers start with the run, and not after it.
    pub(super) starts_at_once: bool,
    /// Whether the exit code of the run waits for them.
    pub(super) is_waited_for: bool,
    pub(super) tasks: Tasks,
}

/// Where a task finds its project, and what the layer file says of background tasks.
pub(super) struct Place {
    pub(super) root: PathBuf,
    pub(super) file: Option<PathBuf>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) retries: u32,
    pub(super) patience: Duration,
}

impl Place {
    /// That of a loaded project.
    pub(super) fn of(project: &Project) -> Self {
        Self {
            root: project.loaded.root.clone(),
            file: project.loaded.file.clone(),
            variables: project.variables.clone(),
            retries: project.loaded.config.execution.background_retries,
            patience: project.loaded.config.execution.background_patience,
        }
    }
}

impl Behind {
    /// What a plan leaves to a task.
    pub(super) fn of(
        plan: &Plan,
        config: &Config,
        args: &RunArgs,
        place: Place,
        tasks: Tasks,
    ) -> Self {
        let mode = mode(config, args);
        let waives = mode.is_some_and(|mode| mode.waive_dependencies);
        let is_left = args.no_wait || args.background.background_e2e;
        Self {
            place,
            layers: plan.handed_over.clone(),
            starts_at_once: waives && !conflict(config, plan),
            is_waited_for: !is_left && mode.is_some_and(|mode| mode.wait),
            tasks,
        }
    }

    /// Puts the layers into the queue.
    pub(super) fn start(
        &self,
        global: &GlobalArgs,
        args: &RunArgs,
    ) -> Result<Option<TaskId>, Failure> {
        let names = self.names();
        if names.is_empty() {
            return Ok(None);
        }
        let what = ["--layers", &names, "--no-dependencies"].map(str::to_owned).to_vec();
        let asked = Asked { global, args, place: &self.place };
        let order = asked.order(names.clone(), what, Weight::Heavy)?;
        let placed = self.tasks.enqueue(order)?;
        let task = &placed.task;
        let what = if placed.is_new { "goes on behind" } else { "is behind already" };
        out::people(&format!(
            "{names} {what}: task {task}\n  progress: apex bg logs -f {task}\n  log: {}\n",
            recorded::shown(&self.tasks.log(task))
        ));
        Ok(Some(placed.task))
    }

    /// Leaves the layers to a task where the run has nothing else to do.
    pub(super) fn alone(&self, global: &GlobalArgs, args: &RunArgs) -> Result<ExitCode, Failure> {
        let task = self.start(global, args)?;
        self.wait(task, ExitCode::Passed)
    }

    /// What follows when the run in front has ended with a code, and with which code that ends:
    /// layers that did not start with it start now, if the run allows it, and may be waited for.
    pub(super) fn finish(
        &self,
        global: &GlobalArgs,
        args: &RunArgs,
        task: Option<TaskId>,
        front: ExitCode,
    ) -> Result<ExitCode, Failure> {
        let task = match task {
            None if front == ExitCode::Passed => self.start(global, args)?,
            None => {
                self.tell_not_started();
                None
            }
            started => started,
        };
        self.wait(task, front)
    }

    /// Says what background tasks found since a run said so last. It changes no verdict.
    pub(super) fn tell_news(&self) {
        let Ok(news) = self.tasks.news() else { return };
        for task in news {
            let found = self.tasks.found(&task);
            out::people(&format!("{}\n", render::background::news(&task, found.summary.as_ref())));
        }
    }

    fn tell_not_started(&self) {
        if !self.layers.is_empty() {
            let names = self.names();
            out::people(&format!("{names} is not started: the layers before it did not pass\n"));
        }
    }

    /// Waits for the layers where that is wanted, and says how they ended.
    fn wait(&self, task: Option<TaskId>, front: ExitCode) -> Result<ExitCode, Failure> {
        let Some(task) = task.filter(|_| self.is_waited_for) else {
            return Ok(front);
        };
        out::people(&format!("waiting for {} (an interrupt leaves it running)\n", self.names()));
        let mut code = front;
        for task in self.tasks.wait(&[task], false)? {
            let found = self.tasks.found(&task);
            out::people(&format!("{}\n", render::background::line(&task, found.summary.as_ref())));
            code = code.worse(exit_code(&task));
        }
        Ok(code)
    }

    fn names(&self) -> String {
        self.layers.iter().map(LayerId::as_str).collect::<Vec<_>>().join(",")
    }
}

/// Whether a layer that is left must not run beside one that is not.
fn conflict(config: &Config, plan: &Plan) -> bool {
    let in_front = |layer: &LayerId| plan.layers.iter().any(|one| one.id == *layer);
    let is_behind = |layer: &LayerId| plan.handed_over.contains(layer);
    let runs = |layer: &LayerId, wanted: &LayerConflict| match wanted {
        LayerConflict::Layer(id) => id == layer,
        LayerConflict::Category(name) => config
            .layers
            .get(layer.as_str())
            .is_some_and(|layer| layer.categories.iter().any(|category| category.name == *name)),
    };
    let front: Vec<&LayerId> = config.layers.keys().filter(|id| in_front(id)).collect();
    let behind: Vec<&LayerId> = config.layers.keys().filter(|id| is_behind(id)).collect();
    let hinders = |one: &LayerId, others: &[&LayerId]| {
        config.layers.get(one.as_str()).is_some_and(|layer| {
            layer.conflicts.iter().any(|wanted| others.iter().any(|other| runs(other, wanted)))
        })
    };
    front.iter().any(|one| hinders(one, &behind)) || behind.iter().any(|one| hinders(one, &front))
}

/// Leaves a whole run to a task, and says its name on standard output.
pub(super) fn whole(global: &GlobalArgs, args: &RunArgs) -> Result<ExitCode, Failure> {
    let task = left_behind(global, args)?;
    out::data(&format!("{task}\n"));
    Ok(ExitCode::Passed)
}

/// Leaves a whole run to a task, and tells people; the name of the task.
pub(crate) fn left_behind(global: &GlobalArgs, args: &RunArgs) -> Result<TaskId, Failure> {
    let project = Project::for_target(global, &args.target.part)?;
    super::refuse_production(&project, args)?;
    // A request that means nothing is refused here, where somebody reads it.
    let plan = super::plan_whole(
        &project,
        &args.target,
        &super::wish(&project.loaded.root, &args.target, false),
    )?;
    let is_short = plan.prediction.as_ref().is_some_and(|prediction| prediction.high <= LIGHT);
    let weight = if is_short && plan.services.is_empty() { Weight::Light } else { Weight::Heavy };
    super::record::prepare_state(&project)?;
    let place = Place::of(&project);
    let asked = Asked { global, args, place: &place };
    let what = asked.request();
    let title = title(&what);
    let order = asked.order(title.clone(), what, weight)?;
    let tasks = Tasks::of(&project);
    let placed = tasks.enqueue(order)?;
    let task = &placed.task;
    let what = if placed.is_new { "goes on behind" } else { "is behind already" };
    out::people(&format!("{title} {what}; `apex bg logs -f {task}` shows its progress\n"));
    Ok(placed.task)
}

/// A request as people read it.
fn title(words: &[String]) -> String {
    let shown: Vec<&str> = words.iter().map(|word| word.trim_start_matches("--")).collect();
    shown.join(" ")
}

/// What was typed, and where.
struct Asked<'a> {
    global: &'a GlobalArgs,
    args: &'a RunArgs,
    place: &'a Place,
}

impl Asked<'_> {
    /// What was asked for, in the words of `apex run`.
    fn request(&self) -> Vec<String> {
        let part = &self.args.target.part;
        let mut words = Vec::new();
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        if !part.layers.is_empty() {
            option("--layers", part.layers.join(","));
        } else if !part.categories.is_empty() {
            option("--categories", part.categories.join(","));
        } else if self.args.target.paths.is_empty() {
            option("--mode", part.mode.clone().unwrap_or_else(|| DEFAULT_MODE.to_owned()));
        }
        if let Some(base) = &part.affected {
            words.push(format!("--affected={base}"));
        }
        if part.no_dependencies {
            words.push("--no-dependencies".to_owned());
        }
        let paths = self.args.target.paths.iter();
        words.extend(paths.map(|path| in_project(&self.place.root, path)));
        words
    }

    /// The order for a request.
    fn order(&self, title: String, what: Vec<String>, weight: Weight) -> Result<Order, Failure> {
        let mut arguments = what;
        self.add_options(&mut arguments);
        let variables = &self.place.variables;
        let checkout = super::runtime()?.block_on(setting::checkout(&self.place.root, variables));
        let taken = TAKEN_ALONG.into_iter();
        let minutes = self.args.background.background_timeout;
        Ok(Order {
            task: TaskId::new(super::new_run_id().as_str()),
            title,
            selection: arguments.join(" "),
            arguments,
            env: taken
                .filter_map(|name| Some((name.to_owned(), variables.get(name)?.clone())))
                .collect(),
            is_changed: checkout.as_ref().is_none_or(|one| one.is_changed.unwrap_or(true)),
            commit: checkout.map(|one| one.commit.to_string()),
            weight,
            priority: self.args.background.background_priority,
            retries: self.place.retries,
            time_limit: minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
            patience: self.place.patience,
        })
    }

    /// What holds for the run beside what it runs.
    fn add_options(&self, arguments: &mut Vec<String>) {
        let shown = |path: &Path| path.display().to_string();
        let part = &self.args.target.part;
        let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        option("--progress-mode", "simple".to_owned());
        option("--color", "never".to_owned());
        option("--project", shown(&self.place.root));
        if let (Some(_), Some(file)) = (&self.global.config, &self.place.file) {
            option("--config", shown(file));
        }
        if let Some(environment) = &part.env {
            option("--env", environment.clone());
        }
        if let Some(jobs) = part.jobs {
            option("--jobs", jobs.to_string());
        }
        if let Some(rule) = part.fail_fast {
            option("--fail-fast", rule.word());
        }
        arguments.extend(["--wait", "--isolated"].map(str::to_owned));
        if self.args.allow_prod {
            arguments.push("--allow-prod".to_owned());
        }
    }
}
