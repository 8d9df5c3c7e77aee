//! A service that is a program: started, awaited, watched, ended. One task runs all of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apex_config::model::{CommandLine, Service};
use apex_core::event::ProcessEnd;
use regex::Regex;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::addresses::Addresses;
use super::gauge::Gauge;
use super::output::Output;
use super::readiness::{Conditions, Probing, Surroundings, arguments_of};
use crate::guardian::Guard;
use crate::process::pause::Since;
use crate::process::{
    Common, Ending, Environment, Happening, Launch, Program, READ_SIZE, Source, StopRequest,
};
use crate::secrets::Mask;

/// How long the output of a service that ended is still read.
const REST: Duration = Duration::from_millis(200);

/// How long the kernel may take to remove killed processes.
const REMOVAL: Duration = Duration::from_secs(2);

/// Pause between two looks at processes that are about to be gone.
const LOOK: Duration = Duration::from_millis(5);

/// What a service that is a program needs.
pub(super) struct ProgramService {
    /// Its configuration.
    pub(super) service: Service,
    /// Its program.
    pub(super) command: CommandLine,
    /// Where it runs, absolute.
    pub(super) directory: PathBuf,
    /// Project root, absolute.
    pub(super) root: PathBuf,
    /// Where it answers.
    pub(super) addresses: Addresses,
    /// Its whole environment, words for addresses filled in.
    pub(super) env: Arc<BTreeMap<String, String>>,
    /// File that gets its output.
    pub(super) log: PathBuf,
    /// Time between the request to end and the kill.
    pub(super) grace: Duration,
    /// Who ends it when this process is gone.
    pub(super) guard: Option<Arc<Guard>>,
    /// What of its output is not kept as it is.
    pub(super) mask: Arc<Mask>,
    /// Where it is looked at.
    pub(super) gauge: Gauge,
}

/// A service that runs.
pub(super) struct Up<'a> {
    service: &'a ProgramService,
    stop: &'a StopRequest,
    program: Program,
    output: Output,
    buffer: Vec<u8>,
}

/// Why a service does not run any more.
pub(super) enum Down {
    /// It was asked to end.
    AsAsked,
    /// It never came up, or ended by itself; the text is for people.
    Failed(String),
}

/// What a step of a running service led to.
enum Step {
    Wrote,
    Asked(Ending),
    Ended(ProcessEnd),
}

impl ProgramService {
    /// Runs a one-shot service to its end, which has to be 0. Nothing of it runs any more then.
    pub(super) async fn run_once(&self, stop: &StopRequest) -> Result<(), Down> {
        let mut up = self.begin(stop, Vec::new())?;
        let (begun, limit) = (Since::now(), self.service.readiness.timeout);
        loop {
            let step = tokio::select! {
                biased;
                () = begun.passed(limit) => {
                    let missing = vec!["it had not ended".to_owned()];
                    return Err(Down::Failed(up.fail_late(missing).await));
                }
                step = up.step() => step,
            };
            match step {
                Step::Wrote => {}
                Step::Asked(ending) => {
                    up.end(ending).await;
                    return Err(Down::AsAsked);
                }
                Step::Ended(ProcessEnd::Exited(0)) => {
                    up.clear(Instant::now()).await;
                    return Ok(());
                }
                Step::Ended(end) => return Err(Down::Failed(up.fail_ended(&end, "").await)),
            }
        }
    }

    /// Starts it and waits until it is ready. The error says how it ceased to run before that;
    /// nothing of it runs any more then.
    pub(super) async fn come_up<'a>(&'a self, stop: &'a StopRequest) -> Result<Up<'a>, Down> {
        let around = Surroundings { root: &self.root, env: Arc::clone(&self.env) };
        let conditions =
            Conditions::of(&self.service, &self.addresses, &around, None).map_err(Down::Failed)?;
        let mut up = self.begin(stop, conditions.patterns)?;
        let mut probing = Probing::begin(conditions.probes, self.service.readiness.interval);
        let ready = up.await_readiness(&mut probing).await;
        let missing = probing.missing();
        probing.end().await;
        match ready {
            Readied::Yes => Ok(up),
            Readied::Late => Err(Down::Failed(up.fail_late(missing).await)),
            Readied::Asked(ending) => {
                up.end(ending).await;
                Err(Down::AsAsked)
            }
            Readied::Ended(end) => {
                Err(Down::Failed(up.fail_ended(&end, " before it was ready").await))
            }
        }
    }

    /// Starts its program, whose output has to match these patterns.
    fn begin<'a>(&'a self, stop: &'a StopRequest, patterns: Vec<Regex>) -> Result<Up<'a>, Down> {
        let name = &self.service.name;
        let arguments = arguments_of(&self.command, &self.addresses);
        let common = Common::new(Arc::clone(&self.env)).guarded_by(self.guard.clone());
        let launch = Launch {
            common: &common,
            arguments: &arguments,
            directory: &self.directory,
            env: &Environment::of(&common, Vec::new()),
            own_env: &BTreeMap::new(),
            group: None,
        };
        let program = Program::start(&launch, None)
            .map_err(|why| Down::Failed(format!("service `{name}` did not start: {why}")))?;
        Ok(Up {
            service: self,
            stop,
            program,
            output: Output::into_file(self.log.clone(), patterns, &self.mask),
            buffer: Vec::with_capacity(READ_SIZE),
        })
    }
}

/// How the wait for readiness ended.
enum Readied {
    Yes,
    Late,
    Asked(Ending),
    Ended(ProcessEnd),
}

impl Up<'_> {
    /// Watches it until it is asked to end, or ends by itself.
    pub(super) async fn stay_up(mut self) -> Down {
        let _watched = self.service.gauge.program(self.program.kin().group());
        loop {
            match self.step().await {
                Step::Wrote => {}
                Step::Asked(ending) => {
                    self.end(ending).await;
                    return Down::AsAsked;
                }
                Step::Ended(end) => return Down::Failed(self.fail_ended(&end, "").await),
            }
        }
    }

    async fn await_readiness(&mut self, probing: &mut Probing) -> Readied {
        let (begun, limit) = (Since::now(), self.service.service.readiness.timeout);
        while !(probing.is_done() && self.output.has_all_wanted()) {
            let step = tokio::select! {
                // Output comes last: a service that writes without a pause is ready all the same.
                biased;
                () = probing.next(), if !probing.is_done() => continue,
                () = begun.passed(limit) => return Readied::Late,
                step = self.step() => step,
            };
            match step {
                Step::Wrote => {}
                Step::Asked(ending) => return Readied::Asked(ending),
                Step::Ended(end) => return Readied::Ended(end),
            }
        }
        Readied::Yes
    }

    /// Waits for what happens next; output is taken.
    async fn step(&mut self) -> Step {
        let happening = tokio::select! {
            biased;
            ending = self.stop.stronger_than(None) => return Step::Asked(ending),
            happening = self.program.next(&mut self.buffer) => happening,
        };
        match happening {
            Happening::Ended(end) => Step::Ended(end),
            Happening::Wrote(Source::Output(stream)) => {
                self.output.take(stream, &self.buffer);
                Step::Wrote
            }
            Happening::Wrote(Source::Channel) => Step::Wrote,
        }
    }

    /// Ends it: asks first unless it has to be killed, kills it after the grace.
    async fn end(&mut self, ending: Ending) {
        self.program.kin().end(ending);
        let mut asked = ending;
        let mut kill_at = Instant::now() + self.service.grace;
        loop {
            let happening = tokio::select! {
                biased;
                stronger = self.stop.stronger_than(Some(asked)) => {
                    asked = stronger;
                    self.program.kin().end(stronger);
                    continue;
                }
                () = sleep_until(kill_at), if asked == Ending::Terminate => {
                    asked = Ending::Kill;
                    self.program.kin().end(Ending::Kill);
                    continue;
                }
                happening = self.program.next(&mut self.buffer) => happening,
            };
            match happening {
                Happening::Ended(_) => break,
                Happening::Wrote(Source::Output(stream)) => {
                    self.output.take(stream, &self.buffer);
                }
                Happening::Wrote(Source::Channel) => {}
            }
        }
        if asked == Ending::Kill {
            kill_at = Instant::now();
        }
        self.clear(kill_at).await;
    }

    async fn fail_late(&mut self, missing: Vec<String>) -> String {
        self.end(Ending::Terminate).await;
        let readiness = &self.service.service.readiness;
        let missing: Vec<String> = missing.into_iter().chain(self.output.missing()).collect();
        format!(
            "service `{}` was not ready within {} seconds: {}; {}\nnext: start `{}` by hand, or \
             raise `readiness.timeout_seconds`",
            self.service.service.name,
            readiness.timeout.as_secs_f64(),
            missing.join("; "),
            self.output.last_lines(),
            self.command_line()
        )
    }

    async fn fail_ended(&mut self, end: &ProcessEnd, when: &str) -> String {
        // Members of its group are no use without it: they get no grace.
        self.clear(Instant::now()).await;
        let next = if self.service.service.oneshot {
            "a one-shot service has to end with 0"
        } else {
            "a service has to stay in the foreground"
        };
        let how = match end {
            ProcessEnd::Exited(code) => format!("ended with exit code {code}"),
            ProcessEnd::Signalled(signal) => format!("was ended by signal {signal}"),
            ProcessEnd::NotStarted(why) => format!("was lost: {why}"),
        };
        format!(
            "service `{}` {how}{when}; {}\nnext: start `{}` by hand; {next}",
            self.service.service.name,
            self.output.last_lines(),
            self.command_line()
        )
    }

    /// After the leader ended: what it started may end until `kill_at`, then it is killed; what they wrote is read.
    async fn clear(&mut self, kill_at: Instant) {
        let kin = self.program.kin();
        while !kin.is_gone() && Instant::now() < kill_at {
            sleep(LOOK).await;
        }
        let removed_by = Instant::now() + REMOVAL;
        while !kin.is_gone() && Instant::now() < removed_by {
            kin.end(Ending::Kill);
            sleep(LOOK).await;
        }
        let read_until = Instant::now() + REST;
        while let Ok(Some(stream)) =
            timeout_at(read_until, self.program.rest(&mut self.buffer)).await
        {
            self.output.take(stream, &self.buffer);
        }
        self.output.finish();
    }

    fn command_line(&self) -> String {
        arguments_of(&self.service.command, &self.service.addresses).join(" ")
    }
}
