//! Owns the services of a run: one task each, and what they report.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{Container, Service, ServiceName, ServiceSource};
use apex_core::id::ServiceIx;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::addresses::Addresses;
use super::circle::Circles;
use super::docker::{ContainerService, Engine, Ground, Owned};
use super::external::ExternalService;
use super::gauge::{ContainerGauges, Gauge};
use super::life::{self, Reports, Startable};
use super::ports;
use super::program::ProgramService;
use super::secrets;
use crate::guardian::Guard;
use crate::panics::catch_panic;
use crate::process::{Ending, StopRequest};
use crate::resources::GroupWatch;
use crate::secrets::Mask;

/// Reports that wait for the reader; a service makes a few in its life.
const REPORTS: usize = 64;

/// What happened to a service. Each start is followed by at most one [`ServiceReport::Ready`];
/// [`ServiceReport::Lost`] begins the next start, [`ServiceReport::Failed`] and
/// [`ServiceReport::Stopped`] are the last report, of which there is exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceReport {
    /// It answers.
    Ready {
        /// Label → `host:port`.
        addresses: Vec<(String, String)>,
        /// Variables for the jobs that need it.
        exports: BTreeMap<String, String>,
        /// The same variables for containers of the run, which see it at another address.
        inside: BTreeMap<String, String>,
    },
    /// Something is done before it can start, such as fetching its image. Told at most every
    /// second.
    Preparing {
        /// What.
        what: String,
    },
    /// It ended by itself and starts again.
    Lost {
        /// What happened, with the last lines it wrote.
        reason: String,
    },
    /// It did not become ready, or ended by itself. Nothing of it runs any more.
    Failed {
        /// What happened, why, the last lines it wrote, and what to do.
        reason: String,
    },
    /// It was taken away as asked. Nothing of it runs any more.
    Stopped,
}

/// What the agent needs to know.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Project root, absolute.
    pub root: PathBuf,
    /// Folder of the logs, one file a service: `<name>.log`, of a layer's or category's own
    /// one `<whose>-<name>.log`. Made when needed.
    pub logs: PathBuf,
    /// The environment that every program gets.
    pub base_env: Arc<BTreeMap<String, String>>,
    /// Time between the request to end and the kill.
    pub grace: Duration,
    /// The run, whose name is on everything that is made in a container engine.
    pub run: String,
    /// The container engine; none means the one that `base_env` names, found when it is needed.
    pub engine: Option<Arc<dyn Engine>>,
    /// Whether some of the services outlive the run.
    pub keeps: bool,
}

/// Brings services up and takes them away.
pub struct ServiceAgent {
    settings: ServiceSettings,
    guard: Option<Arc<Guard>>,
    mask: Arc<Mask>,
    reports: mpsc::Sender<(ServiceIx, ServiceReport)>,
    running: HashMap<ServiceIx, Running>,
    given_ports: HashSet<u16>,
    ground: Arc<Ground>,
    /// Whether the guardian knows that there are containers.
    lists_containers: bool,
    groups: Arc<GroupWatch>,
    containers: ContainerGauges,
}

struct Running {
    name: ServiceName,
    stop: Arc<StopRequest>,
    task: JoinHandle<()>,
}

impl ServiceAgent {
    /// An agent without services, and where its reports arrive.
    #[must_use]
    pub fn new(settings: ServiceSettings) -> (Self, mpsc::Receiver<(ServiceIx, ServiceReport)>) {
        let (reports, receiver) = mpsc::channel(REPORTS);
        let owned =
            Owned { run: settings.run.clone(), root: settings.root.clone(), keeps: settings.keeps };
        let base_env = Arc::clone(&settings.base_env);
        let ground = Arc::new(Ground::new(owned, base_env, settings.engine.clone()));
        let agent = Self {
            settings,
            guard: None,
            mask: Arc::default(),
            reports,
            running: HashMap::new(),
            given_ports: HashSet::new(),
            ground,
            lists_containers: false,
            groups: Arc::default(),
            containers: ContainerGauges::default(),
        };
        (agent, receiver)
    }

    /// Lists services for a guardian, who takes them away when this process is gone.
    #[must_use]
    pub fn guarded_by(mut self, guard: Option<Arc<Guard>>) -> Self {
        self.guard = guard;
        self
    }

    /// Keeps no secret that services write.
    #[must_use]
    pub fn masked_by(mut self, mask: Arc<Mask>) -> Self {
        self.mask = mask;
        self
    }

    /// Enters services that are programs into this watch.
    #[must_use]
    pub(crate) fn watched_by(mut self, groups: Arc<GroupWatch>) -> Self {
        self.groups = groups;
        self
    }

    /// The containers that run, for who looks at what they use.
    pub(crate) fn containers(&self) -> ContainerGauges {
        self.containers.clone()
    }

    /// Brings a service up; does not wait. `env` are variables beyond its own: the run's, and
    /// the exports of the services it depends on.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(&mut self, ix: ServiceIx, service: &Service, env: &BTreeMap<String, String>) {
        self.start_among(ix, service, env, &Circles::default());
    }

    /// The same for a service that is not for the whole run.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start_among(
        &mut self,
        ix: ServiceIx,
        service: &Service,
        env: &BTreeMap<String, String>,
        circles: &Circles,
    ) {
        let secrets = secrets::read(service, &self.settings.root, &self.settings.base_env)
            .map_err(|why| format!("service `{}` did not start: {why}", service.name));
        let hidden = secrets.as_ref().ok().into_iter().flat_map(BTreeMap::values);
        let mask = self.mask.and(hidden.map(String::as_str)).map(Arc::new);
        let shown = mask.as_ref().map_or_else(|_| Arc::clone(&self.mask), Arc::clone);
        let startable = secrets.and_then(|secrets| {
            let mask = mask?;
            // They are variables like any other from here on; what is shown is masked.
            let mut service = service.clone();
            service.env.extend(secrets);
            self.prepare(ix, &service, (env, circles), &mask)
        });
        let name = service.name.clone();
        let stop = Arc::new(StopRequest::default());
        let reports = Reports { ix, to: self.reports.clone(), mask: shown };
        let service = service.clone();
        let task_stop = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let work = catch_panic(Box::pin(life::run(&service, startable, &task_stop, &reports)));
            let last = work.await.unwrap_or_else(|cause| {
                let reason = format!(
                    "internal error while the service ran: {cause}; this is a fault of Apex, \
                     report it with the log of the run"
                );
                Some(ServiceReport::Failed { reason })
            });
            if let Some(last) = last {
                reports.send(last).await;
            }
        });
        self.running.insert(ix, Running { name, stop, task });
    }

    /// Asks a service to end; it is killed after the grace. Does nothing when it does not run.
    pub fn stop(&mut self, ix: ServiceIx) {
        self.ask(ix, Ending::Terminate);
    }

    /// Kills a service. Does nothing when it does not run.
    pub fn kill(&mut self, ix: ServiceIx) {
        self.ask(ix, Ending::Kill);
    }

    /// Kills what still runs, waits for its end and takes away what the run made in a container
    /// engine, until `deadline`. The answer is what is left, for people.
    pub async fn shutdown(self, deadline: Instant) -> Vec<String> {
        for running in self.running.values() {
            running.stop.ask(Ending::Kill);
        }
        let mut left = Vec::new();
        for (_, mut running) in self.running {
            if timeout_at(deadline, &mut running.task).await.is_err() {
                running.task.abort();
                left.push(format!(
                    "service `{}` did not end in time; look for what is left of it",
                    running.name
                ));
            }
        }
        match timeout_at(deadline, self.ground.clear()).await {
            Ok(problems) => left.extend(problems),
            Err(_) => left.push(format!(
                "the container engine did not take away everything of this run in time; `apex \
                 services down --run {}` tries again",
                self.settings.run
            )),
        }
        left
    }

    fn ask(&self, ix: ServiceIx, ending: Ending) {
        if let Some(running) = self.running.get(&ix) {
            running.stop.ask(ending);
        }
    }

    /// Everything that has to be decided before the start: ports, environment, folders.
    fn prepare(
        &mut self,
        ix: ServiceIx,
        service: &Service,
        (env, circles): (&BTreeMap<String, String>, &Circles),
        mask: &Arc<Mask>,
    ) -> Result<Startable, String> {
        let name = &service.name;
        let log = format!("{}.log", circles.own.name(name.as_str()));
        let log = self.settings.logs.join(log);
        let gauge = Gauge {
            service: ix,
            groups: Arc::clone(&self.groups),
            containers: self.containers.clone(),
        };
        match &service.source {
            ServiceSource::Process { command, working_directory } => {
                let ports = ports::choose(service, &self.given_ports)
                    .map_err(|why| format!("service `{name}` did not start: {why}"))?;
                self.given_ports.extend(ports.values());
                let addresses = Addresses::of_program(service, &ports);
                let root = self.settings.root.clone();
                Ok(Startable::Program(ProgramService {
                    command: command.clone(),
                    directory: root.join(working_directory.as_deref().unwrap_or_default()),
                    root,
                    env: self.environment(service, &addresses, env),
                    addresses,
                    log,
                    grace: self.settings.grace,
                    guard: self.guard.clone(),
                    mask: Arc::clone(mask),
                    gauge,
                    service: service.clone(),
                }))
            }
            ServiceSource::External { url } => {
                let addresses = Addresses::of_url(url, &service.ports);
                Ok(Startable::External(ExternalService {
                    url: url.clone(),
                    root: self.settings.root.clone(),
                    env: self.environment(service, &addresses, env),
                    addresses,
                    service: service.clone(),
                }))
            }
            ServiceSource::Undefined => Err(format!(
                "service `{name}` is known by name only; say under `services.{name}` of the layer \
                 file how it comes up: `process: {{command: [...]}}`, or `external: {{url: ...}}` \
                 when it already runs"
            )),
            ServiceSource::Container(container) => {
                if !std::mem::replace(&mut self.lists_containers, true)
                    && let Some(guard) = &self.guard
                {
                    guard.list_containers(&self.settings.base_env);
                }
                Ok(Startable::Container(Box::new(ContainerService {
                    service: service.clone(),
                    container: Container::clone(container),
                    ground: Arc::clone(&self.ground),
                    root: self.settings.root.clone(),
                    env: env.clone(),
                    host_env: Arc::clone(&self.settings.base_env),
                    log,
                    grace: self.settings.grace,
                    circles: circles.clone(),
                    gauge,
                    mask: Arc::clone(mask),
                })))
            }
            ServiceSource::Compose { file, service: inner } => Err(format!(
                "service `{name}` is `{inner}` of {file}, which was not read when the \
                 configuration was loaded; load it with `apex_config::bring_in_composed`"
            )),
            other => Err(format!(
                "service `{name}` comes up in a way that this version does not know ({other:?}); \
                 use `process` or `external`"
            )),
        }
    }

    fn environment(
        &self,
        service: &Service,
        addresses: &Addresses,
        env: &BTreeMap<String, String>,
    ) -> Arc<BTreeMap<String, String>> {
        let mut whole = BTreeMap::clone(&self.settings.base_env);
        whole.extend(env.clone());
        let own = service.env.iter();
        whole.extend(own.map(|(name, value)| (name.clone(), addresses.fill(value))));
        Arc::new(whole)
    }
}
