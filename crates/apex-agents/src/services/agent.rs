//! Owns the services of a run: one task each, and what they report.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{Service, ServiceSource};
use apex_core::id::ServiceIx;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::addresses::Addresses;
use super::external::ExternalService;
use super::ports;
use super::program::{Down, ProgramService};
use crate::guardian::Guard;
use crate::panics::catch_panic;
use crate::process::{Ending, StopRequest};

/// Reports that wait for the reader; a service makes two in its life.
const REPORTS: usize = 64;

/// What happened to a service. After its start there is at most one [`ServiceReport::Ready`] and
/// then exactly one of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceReport {
    /// It answers.
    Ready {
        /// Label → `host:port`.
        addresses: Vec<(String, String)>,
        /// Variables for the jobs that need it.
        exports: BTreeMap<String, String>,
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
    /// Folder of the logs, one file a service: `<name>.log`. Made when needed.
    pub logs: PathBuf,
    /// The environment that every program gets.
    pub base_env: Arc<BTreeMap<String, String>>,
    /// Time between the request to end and the kill.
    pub grace: Duration,
}

/// Brings services up and takes them away.
pub struct ServiceAgent {
    settings: ServiceSettings,
    guard: Option<Arc<Guard>>,
    reports: mpsc::Sender<(ServiceIx, ServiceReport)>,
    running: HashMap<ServiceIx, Running>,
    given_ports: HashSet<u16>,
}

struct Running {
    stop: Arc<StopRequest>,
    task: JoinHandle<()>,
}

/// A service that can be brought up.
enum Startable {
    Program(ProgramService),
    External(ExternalService),
}

impl ServiceAgent {
    /// An agent without services, and where its reports arrive.
    #[must_use]
    pub fn new(settings: ServiceSettings) -> (Self, mpsc::Receiver<(ServiceIx, ServiceReport)>) {
        let (reports, receiver) = mpsc::channel(REPORTS);
        let agent = Self {
            settings,
            guard: None,
            reports,
            running: HashMap::new(),
            given_ports: HashSet::new(),
        };
        (agent, receiver)
    }

    /// Lists services for a guardian, who takes them away when this process is gone.
    #[must_use]
    pub fn guarded_by(mut self, guard: Option<Arc<Guard>>) -> Self {
        self.guard = guard;
        self
    }

    /// Brings a service up; does not wait. `env` are variables beyond its own: the run's, and
    /// the exports of the services it depends on.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(&mut self, ix: ServiceIx, service: &Service, env: &BTreeMap<String, String>) {
        let startable = self.prepare(service, env);
        let stop = Arc::new(StopRequest::default());
        let reports = self.reports.clone();
        let task_stop = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let work = catch_panic(Box::pin(run(ix, startable, &task_stop, &reports)));
            let last = work.await.unwrap_or_else(|cause| ServiceReport::Failed {
                reason: format!(
                    "internal error while the service ran: {cause}; this is a fault of Apex, \
                     report it with the log of the run"
                ),
            });
            // Without a reader there is nobody to tell.
            let _ = reports.send((ix, last)).await;
        });
        self.running.insert(ix, Running { stop, task });
    }

    /// Asks a service to end; it is killed after the grace. Does nothing when it does not run.
    pub fn stop(&mut self, ix: ServiceIx) {
        self.ask(ix, Ending::Terminate);
    }

    /// Kills a service. Does nothing when it does not run.
    pub fn kill(&mut self, ix: ServiceIx) {
        self.ask(ix, Ending::Kill);
    }

    /// Kills what still runs and waits for its end, until `deadline`. The answer is how many
    /// services did not end in time.
    pub async fn shutdown(self, deadline: Instant) -> usize {
        for running in self.running.values() {
            running.stop.ask(Ending::Kill);
        }
        let mut unfinished = 0;
        for (_, mut running) in self.running {
            if timeout_at(deadline, &mut running.task).await.is_err() {
                running.task.abort();
                unfinished += 1;
            }
        }
        unfinished
    }

    fn ask(&self, ix: ServiceIx, ending: Ending) {
        if let Some(running) = self.running.get(&ix) {
            running.stop.ask(ending);
        }
    }

    /// Everything that has to be decided before the start: ports, environment, folders.
    fn prepare(
        &mut self,
        service: &Service,
        env: &BTreeMap<String, String>,
    ) -> Result<Startable, String> {
        let name = &service.name;
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
                    log: self.settings.logs.join(format!("{name}.log")),
                    grace: self.settings.grace,
                    guard: self.guard.clone(),
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
            ServiceSource::Container { kind } => Err(format!(
                "service `{name}` is a container (`{kind}`), and this version drives no container \
                 engine; start it yourself and write `external: {{url: ...}}`, or give a `process`"
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

/// The life of a service; the answer is its last report.
async fn run(
    ix: ServiceIx,
    startable: Result<Startable, String>,
    stop: &StopRequest,
    reports: &mpsc::Sender<(ServiceIx, ServiceReport)>,
) -> ServiceReport {
    let down = match startable {
        Err(reason) => Down::Failed(reason),
        Ok(Startable::Program(program)) => match program.come_up(stop).await {
            Err(down) => down,
            Ok(up) => {
                report_ready(ix, &program.service, &program.addresses, reports).await;
                up.stay_up().await
            }
        },
        Ok(Startable::External(external)) => match external.answers(stop).await {
            Err(reason) => Down::Failed(reason),
            Ok(false) => Down::AsAsked,
            Ok(true) => {
                report_ready(ix, &external.service, &external.addresses, reports).await;
                stop.stronger_than(None).await;
                Down::AsAsked
            }
        },
    };
    match down {
        Down::AsAsked => ServiceReport::Stopped,
        Down::Failed(reason) => ServiceReport::Failed { reason },
    }
}

async fn report_ready(
    ix: ServiceIx,
    service: &Service,
    addresses: &Addresses,
    reports: &mpsc::Sender<(ServiceIx, ServiceReport)>,
) {
    let ready =
        ServiceReport::Ready { addresses: addresses.listed(), exports: addresses.exports(service) };
    // Without a reader there is nobody to tell.
    let _ = reports.send((ix, ready)).await;
}
