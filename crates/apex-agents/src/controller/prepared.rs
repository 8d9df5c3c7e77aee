//! A run that is planned and not started: who looks, who helps, where output goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use apex_config::Config;
use apex_config::environment_variables::CI;
use apex_config::model::{Lifetime, Service};
use apex_core::event::RunResult;
use apex_core::plan::PlannedLayer;
use apex_core::{Plan, RunId, Sink, Trace};

use crate::control_group::{Allowance, ControlGroups};
use crate::executor::{Executor, LocalExecutor, LocalSettings, Support};
use crate::guardian::{Guard, GuardSettings};
use crate::orchestrator::{
    self, CategoryRules, Controls, Interrupts, LogName, Parts, WatchdogSettings,
};
use crate::progress::{Feed, SinkTrouble};
use crate::resources::GroupWatch;
use crate::resources::sampling::{self, Sampled};
use crate::secrets::{Secrets, Sources};
use crate::services::{ServiceAgent, ServiceSettings};
use crate::setting;
use crate::staff::{Agent, AgentTrouble, Departure, Staff};

use super::{Purpose, factory};

/// How long those who look at a run may take to write what they hold when it is over.
const WRITING: Duration = Duration::from_secs(30);

/// How long further agents may take to end when the run is over.
const LEAVING: Duration = Duration::from_secs(5);

/// How long an agent may be busy with one thing before it counts as stale.
const PATIENCE_WITH_AGENTS: Duration = Duration::from_secs(30);

/// How long the ring may do nothing before somebody is told.
const PATIENCE_WITH_THE_RING: Duration = Duration::from_secs(30);

/// Time between the request to end and the kill of a service.
const SERVICE_GRACE: Duration = Duration::from_secs(5);

/// A run that is ready to be started.
pub struct PreparedRun {
    plan: Arc<Plan>,
    root: PathBuf,
    variables: BTreeMap<String, String>,
    services: Vec<Service>,
    allowances: Vec<Arc<Allowance>>,
    rules: Vec<CategoryRules>,
    run: RunId,
    trace: Option<Trace>,
    log_name: Option<LogName>,
    output: PathBuf,
    executor: Option<Box<dyn Executor>>,
    feeds: Vec<(Vec<Box<dyn Sink>>, Duration)>,
    agents: Vec<Box<dyn Agent>>,
    agent_patience: Duration,
    sampled_every: Option<Duration>,
    watchdog: WatchdogSettings,
    interrupts: Interrupts,
    controls: Controls,
    guard: Option<GuardSettings>,
    secrets: Secrets,
}

/// What is left when a run is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// What it amounts to.
    pub result: RunResult,
    /// What went wrong with those who looked.
    pub troubles: Vec<SinkTrouble>,
    /// Feeds that had not written everything when their time was over.
    pub late_feeds: usize,
    /// Warnings that came after the last event, of agents and of the guard.
    pub warnings: Vec<String>,
    /// Agents that failed.
    pub agent_troubles: Vec<AgentTrouble>,
    /// Agents that had not ended when their time was over.
    pub late_agents: Vec<String>,
}

/// Why a run could not be started or brought to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The system gave no thread.
    #[error("no thread could be started")]
    Thread(#[source] std::io::Error),
    /// The folder for output could not be made.
    #[error("the folder `{folder}` could not be made")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It ran, and the runtime went away before those who looked had ended.
    #[error("the end of the run could not be waited for: {0}")]
    Closing(String),
}

impl PreparedRun {
    pub(super) fn new(
        config: &Config,
        root: PathBuf,
        variables: BTreeMap<String, String>,
        plan: Plan,
    ) -> Self {
        let planned = plan.services.iter();
        let services =
            planned.filter_map(|service| config.services.get(&service.name).cloned()).collect();
        let allowance = |layer: &PlannedLayer| {
            config.layers.get(&layer.id).map_or_else(Allowance::default, Allowance::of)
        };
        let planned = plan.categories.iter();
        let known = planned.map(|category| config.category(category.name.as_str()));
        let sources = Sources { config, root: &root, variables: &variables };
        Self {
            secrets: Secrets::find(sources),
            allowances: plan.layers.iter().map(|layer| Arc::new(allowance(layer))).collect(),
            rules: CategoryRules::of_all(known),
            plan: Arc::new(plan),
            output: root.join(".apex").join("output"),
            root,
            variables,
            services,
            run: embedded_run(),
            trace: None,
            log_name: None,
            executor: None,
            feeds: Vec::new(),
            agents: Vec::new(),
            agent_patience: PATIENCE_WITH_AGENTS,
            watchdog: WatchdogSettings { patience: PATIENCE_WITH_THE_RING, tell: None },
            sampled_every: config.telemetry.resources.interval,
            interrupts: Interrupts::never(),
            controls: Controls::never(),
            guard: None,
        }
    }

    /// What is neither shown nor kept of the run.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What is going to happen.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Whether some layer of the plan may use no more than a file says.
    #[must_use]
    pub fn has_limits(&self) -> bool {
        self.allowances.iter().any(|allowance| !allowance.is_empty())
    }

    /// Names the run; otherwise its name is made from the process id and a number.
    #[must_use]
    pub fn named(mut self, run: RunId) -> Self {
        self.run = run;
        self
    }

    /// Tells jobs and services their place in this trace, so that what they record hangs below.
    #[must_use]
    pub fn traced(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Where the output of jobs and services goes; otherwise `.apex/output` in the project.
    #[must_use]
    pub fn output(mut self, folder: PathBuf) -> Self {
        self.output = folder;
        self
    }

    /// Names the file for the output of an attempt; otherwise
    /// `<category>-<job>-<attempt>.log` in the output folder.
    #[must_use]
    pub fn log_name(mut self, name: LogName) -> Self {
        self.log_name = Some(name);
        self
    }

    /// Adds somebody who looks.
    #[must_use]
    pub fn sink(self, sink: Box<dyn Sink>) -> Self {
        self.feed(vec![sink], WRITING)
    }

    /// Adds some who look, on a thread of their own; `patience` is how long they may take to
    /// write what they hold when the run is over.
    #[must_use]
    pub fn feed(mut self, sinks: Vec<Box<dyn Sink>>, patience: Duration) -> Self {
        self.feeds.push((sinks, patience));
        self
    }

    /// Adds an agent.
    #[must_use]
    pub fn agent(mut self, agent: Box<dyn Agent>) -> Self {
        self.agents.push(agent);
        self
    }

    /// How long an agent may be busy with one thing before the run says that it may hang; otherwise
    /// 30 seconds.
    #[must_use]
    pub const fn agent_patience(mut self, patience: Duration) -> Self {
        self.agent_patience = patience;
        self
    }

    /// How long the middle of the run may do nothing at all, otherwise 30 seconds, and who is told
    /// of that at once: the stream of events can say it only afterwards.
    #[must_use]
    pub fn watched_over(mut self, settings: WatchdogSettings) -> Self {
        self.watchdog = settings;
        self
    }

    /// How often machine, Apex, jobs and services are looked at for what they use; otherwise as
    /// `telemetry.resources` says. Never with `None`.
    #[must_use]
    pub const fn sampled_every(mut self, distance: Option<Duration>) -> Self {
        self.sampled_every = distance;
        self
    }

    /// Where jobs run; otherwise on this machine.
    #[must_use]
    pub fn executor(mut self, executor: Box<dyn Executor>) -> Self {
        self.executor = Some(executor);
        self
    }

    /// What may stop the run from outside; otherwise nothing.
    #[must_use]
    pub fn interrupts(mut self, interrupts: Interrupts) -> Self {
        self.interrupts = interrupts;
        self
    }

    /// What those who look at the run may wish; otherwise nothing.
    #[must_use]
    pub fn controls(mut self, controls: Controls) -> Self {
        self.controls = controls;
        self
    }

    /// Who takes away what the run started when this process is ended before the run is over.
    ///
    /// Otherwise nobody does: after `kill -9` of this process, or a crash of it, programs and
    /// services of the run go on, its private folders stay, and no later run knows of them.
    #[must_use]
    pub fn guarded_by(mut self, settings: GuardSettings) -> Self {
        self.guard = Some(settings);
        self
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// [`RunError`] when it could not be started, or its runtime went away.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and time.
    pub async fn run(self) -> Result<Outcome, RunError> {
        let began = Instant::now();
        std::fs::create_dir_all(&self.output)
            .map_err(|source| RunError::Folder { folder: self.output.clone(), source })?;
        let mut variables = self.variables;
        variables.entry(CI.to_owned()).or_insert_with(|| "1".to_owned());
        let variables = Arc::new(variables);
        let setting = setting::of(&self.root, &variables).await;
        let guard = self.guard.map(|settings| Arc::new(Guard::of(self.run.clone(), settings)));
        let groups = Arc::new(ControlGroups::guarded_by(guard.clone()));
        let mask = Arc::clone(self.secrets.mask());
        let watch: Arc<GroupWatch> = Arc::default();
        let support = Support { guard: guard.clone(), groups, mask, watch: Arc::clone(&watch) };
        let (services, service_reports) = ServiceAgent::new(ServiceSettings {
            root: self.root.clone(),
            logs: self.output.clone(),
            base_env: Arc::clone(&variables),
            grace: SERVICE_GRACE,
            run: self.run.as_str().to_owned(),
            engine: None,
            keeps: self
                .services
                .iter()
                .any(|service| matches!(service.lifetime, Lifetime::Keep { .. })),
        });
        let services = services
            .guarded_by(guard.clone())
            .masked_by(Arc::clone(&support.mask))
            .watched_by(Arc::clone(&watch));
        let sampled = Sampled { groups: watch, containers: services.containers() };
        let executor = self.executor.unwrap_or_else(|| {
            let sessions = factory(self.root.clone(), Arc::clone(&variables), Purpose::Run);
            let settings = LocalSettings {
                root: self.root.clone(),
                base_env: Arc::clone(&variables),
                temporary: std::env::temp_dir(),
                sessions,
            };
            Box::new(LocalExecutor::with(settings, support.clone()))
        });
        let (sinks, patience): (Vec<_>, Vec<_>) = self.feeds.into_iter().unzip();
        let feeds = sinks.into_iter().map(|sinks| Feed::start(sinks, began));
        let parts = Parts {
            plan: self.plan,
            staff: Staff::start(self.agents, &self.run).map_err(RunError::Thread)?,
            run: self.run,
            trace: self.trace,
            setting,
            began,
            executor,
            services,
            service_reports,
            agent_patience: self.agent_patience,
            watchdog: self.watchdog,
            samples: self.sampled_every.map(|distance| sampling::start(sampled, distance)),
            service_definitions: self.services,
            allowances: self.allowances,
            rules: self.rules,
            log_name: self.log_name.unwrap_or_else(|| plain_log_name(self.output)),
            feeds: feeds.collect::<Result<_, _>>().map_err(RunError::Thread)?,
            interrupts: self.interrupts,
            controls: self.controls,
            secrets: self.secrets,
        };
        let finished = orchestrator::run(parts).await;
        // Waiting for threads: on a thread that may wait, whatever runtime the caller has.
        let closing = tokio::task::spawn_blocking(move || {
            let mut outcome = close(finished, &patience);
            outcome.warnings.extend(support.groups.end());
            outcome.warnings.extend(guard.and_then(|guard| guard.end()));
            outcome
        });
        closing.await.map_err(|error| RunError::Closing(error.to_string()))
    }
}

/// Lets everybody who took part end.
fn close(finished: orchestrator::Finished, patience: &[Duration]) -> Outcome {
    let Departure { warnings, troubles: agent_troubles, late: late_agents } =
        finished.staff.shut_down(LEAVING);
    let warnings = warnings.into_iter().chain(finished.warnings).collect();
    let mut troubles = Vec::new();
    let mut late_feeds = 0;
    for (feed, &limit) in finished.feeds.into_iter().zip(patience) {
        match feed.close(limit) {
            Some(found) => troubles.extend(found),
            None => late_feeds += 1,
        }
    }
    Outcome { result: finished.result, troubles, late_feeds, warnings, agent_troubles, late_agents }
}

/// A run id that no other run of this process has.
fn embedded_run() -> RunId {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    RunId::new(&format!("embedded-{}-{number}", std::process::id()))
}

fn plain_log_name(folder: PathBuf) -> LogName {
    Arc::new(move |plan, job, attempt| {
        let category = &plan.category(plan.job(job).category).name;
        folder.join(format!("{category}-{}-{}.log", job.0, attempt.0))
    })
}
