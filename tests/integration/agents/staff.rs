//! Agents of a user: what they say reaches the stream, and what they do wrong harms nobody.

use std::time::Duration;

use apex_agents::orchestrator::WatchdogSettings;
use apex_agents::staff::Successors;
use apex_agents::{Agent, AgentContext, Health};
use apex_core::event::{AgentEvent, RunResult};
use apex_core::{Envelope, Event, RunView};

use super::project::{Project, Record};

/// The one category ends only when the file `agent-heard` is there, or after ten seconds.
const WAITING: &str = "
apex: 1
layers:
  only:
    name: Only
    required_services: []
    categories:
      - name: unit
        timeout_seconds: 60
        command: [sh, -c, 'i=0; until [ -e agent-heard ] || [ $i -gt 200 ]; do sleep 0.05; i=$((i+1)); done']
";

/// What an agent does.
#[derive(Clone, Copy, PartialEq)]
enum Conduct {
    FailsToInitialise,
    FailsToExecute,
    Panics,
    IsDone,
    Warns,
    IsImpaired,
    FailsToShutDown,
    Hangs,
    Dozes,
}

struct Actor {
    conduct: Conduct,
    context: Option<AgentContext>,
    batches: u32,
    /// The agent that dozes wakes up when this file is there.
    alarm: std::path::PathBuf,
}

impl Agent for Actor {
    fn name(&self) -> &str {
        "actor"
    }

    fn initialise(&mut self, context: &AgentContext) -> Result<(), String> {
        if self.conduct == Conduct::FailsToInitialise {
            return Err("no key".to_owned());
        }
        self.context = Some(context.clone());
        Ok(())
    }

    fn execute(&mut self, _: &[Envelope], view: &RunView) -> Result<(), String> {
        self.batches += 1;
        assert!(view.identity().is_some(), "the view holds the batch");
        match self.conduct {
            Conduct::FailsToExecute => Err("no answer".to_owned()),
            Conduct::Panics => panic!("a mistake"),
            Conduct::Hangs => loop {
                std::thread::park();
            },
            Conduct::Dozes => {
                while !self.alarm.exists() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Ok(())
            }
            Conduct::Warns if self.batches == 1 => {
                if let Some(context) = &self.context {
                    context.warn(&format!("run {} is watched", context.run()));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn health(&self) -> Health {
        match self.conduct {
            Conduct::IsDone => Health::Done,
            Conduct::IsImpaired => Health::Impaired("slow network".to_owned()),
            _ => Health::Fit,
        }
    }

    fn shut_down(&mut self, _: &RunView) -> Result<(), String> {
        match self.conduct {
            Conduct::FailsToShutDown => Err("could not write".to_owned()),
            _ => Ok(()),
        }
    }
}

/// What a run with such an agent left behind: lines about agents and warnings, and the outcome.
async fn run_with(conduct: Conduct) -> (Vec<String>, apex_agents::controller::Outcome) {
    let project = Project::new(WAITING);
    let record = Record::default();
    let heard = project.root().join("agent-heard");
    let prepared = project.open().full_layered().unwrap();
    let alarm = project.root().join("alarm");
    let release = Box::new(Release { conduct, heard, alarm: alarm.clone() });
    let actor = Box::new(Actor { conduct, context: None, batches: 0, alarm });
    let prepared = match conduct {
        Conduct::Hangs | Conduct::Dozes => prepared.agent_patience(Duration::from_millis(100)),
        _ => prepared,
    };
    let outcome = prepared.agent(actor).sink(release).sink(record.sink()).run().await.unwrap();
    (lines_of(&record), outcome)
}

/// Lines about agents and warnings.
fn lines_of(record: &Record) -> Vec<String> {
    let lines = record.events().into_iter().filter_map(|event| match event {
        Event::Agent(AgentEvent::Started { agent }) => Some(format!("{agent} started")),
        Event::Agent(AgentEvent::Stopped { agent }) => Some(format!("{agent} stopped")),
        Event::Agent(AgentEvent::Stale { agent, .. }) => Some(format!("{agent} stale")),
        Event::Agent(AgentEvent::Recovered { agent }) => Some(format!("{agent} recovered")),
        Event::Agent(AgentEvent::Restarted { agent, reason }) => {
            Some(format!("{agent} restarted: {reason}"))
        }
        Event::Agent(AgentEvent::Failed { agent, reason }) => {
            Some(format!("{agent} failed: {reason}"))
        }
        Event::Warning(text) => Some(text),
        _ => None,
    });
    lines.collect()
}

/// Lets the run end once the agent has shown in the stream; at once when it shows only afterwards.
struct Release {
    conduct: Conduct,
    heard: std::path::PathBuf,
    alarm: std::path::PathBuf,
}

impl apex_core::Sink for Release {
    fn name(&self) -> &'static str {
        "release"
    }

    fn accept(&mut self, batch: &[Envelope], _: &RunView) -> Result<(), String> {
        let shown = batch.iter().any(|envelope| match &envelope.event {
            Event::Agent(AgentEvent::Stale { .. }) => {
                std::fs::write(&self.alarm, "").is_ok() && self.conduct == Conduct::Hangs
            }
            Event::Agent(
                AgentEvent::Stopped { .. }
                | AgentEvent::Failed { .. }
                | AgentEvent::Recovered { .. },
            ) => true,
            Event::Warning(_) => true,
            _ => self.conduct == Conduct::FailsToShutDown,
        });
        if shown {
            std::fs::write(&self.heard, "").map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_does_is_in_the_stream_and_the_run_passes() {
    for (conduct, expected) in [
        (Conduct::FailsToInitialise, "actor failed: no key"),
        (Conduct::FailsToExecute, "actor failed: no answer"),
        (Conduct::Panics, "actor failed: it panicked: a mistake"),
        (Conduct::IsDone, "actor stopped"),
        (Conduct::IsImpaired, "actor: slow network"),
    ] {
        let (lines, outcome) = run_with(conduct).await;
        assert_eq!(lines, ["actor started", expected]);
        assert_eq!(outcome.result, RunResult::default(), "{expected}");
        let failed = expected.strip_prefix("actor failed: ");
        let troubles: Vec<&str> =
            outcome.agent_troubles.iter().map(|trouble| trouble.reason.as_str()).collect();
        assert_eq!(troubles, failed.into_iter().collect::<Vec<_>>());
        assert!(outcome.late_agents.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_of_an_agent_carries_its_name_and_reaches_the_stream() {
    let (lines, outcome) = run_with(Conduct::Warns).await;
    assert_eq!(outcome.result, RunResult::default());
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].starts_with("actor: run embedded-"), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_fails_after_the_last_event_is_in_the_outcome() {
    let (lines, outcome) = run_with(Conduct::FailsToShutDown).await;
    assert_eq!(lines, ["actor started"]);
    let [trouble] = &outcome.agent_troubles[..] else { panic!("{outcome:?}") };
    assert_eq!((trouble.agent.as_str(), trouble.reason.as_str()), ("actor", "could not write"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_hangs_is_told_and_the_run_ends_without_it() {
    let (lines, outcome) = run_with(Conduct::Hangs).await;
    assert_eq!(lines, ["actor started", "actor stale"]);
    assert_eq!(outcome.result, RunResult::default());
    assert_eq!(outcome.late_agents, ["actor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_works_on_is_told_too() {
    let (lines, outcome) = run_with(Conduct::Dozes).await;
    assert_eq!(lines, ["actor started", "actor stale", "actor recovered"]);
    assert!(outcome.late_agents.is_empty(), "{outcome:?}");
}

/// An agent whose place another one may take.
struct Phoenix {
    /// What each of them does, the last one first.
    lives: Vec<Conduct>,
    heard: std::path::PathBuf,
}

impl Agent for Phoenix {
    fn name(&self) -> &str {
        "phoenix"
    }

    fn execute(&mut self, _: &[Envelope], view: &RunView) -> Result<(), String> {
        assert!(view.identity().is_some(), "a successor knows the run so far");
        match self.lives.last() {
            Some(Conduct::Panics) => panic!("a mistake"),
            Some(Conduct::FailsToExecute) => Err("no answer".to_owned()),
            Some(Conduct::Hangs) => loop {
                std::thread::park();
            },
            _ => std::fs::write(&self.heard, "").map_err(|error| error.to_string()),
        }
    }

    fn successors(&self) -> Option<Successors> {
        let (mut lives, heard) = (self.lives.clone(), self.heard.clone());
        Some(Box::new(move || {
            lives.pop();
            Box::new(Self { lives: lives.clone(), heard: heard.clone() })
        }))
    }
}

/// What a run with such an agent left behind.
async fn run_with_successors(lives: &[Conduct]) -> (Vec<String>, apex_agents::controller::Outcome) {
    let project = Project::new(WAITING);
    let record = Record::default();
    let heard = project.root().join("agent-heard");
    let lives = lives.iter().rev().copied().collect();
    let agent = Box::new(Phoenix { lives, heard: heard.clone() });
    let prepared = project.open().full_layered().unwrap().agent(agent);
    let prepared = prepared.agent_patience(Duration::from_millis(100));
    let give_up = Box::new(GiveUp { heard });
    let outcome = prepared.sink(give_up).sink(record.sink()).run().await.unwrap();
    assert_eq!(outcome.result, RunResult::default());
    (lines_of(&record), outcome)
}

/// Lets the run end when no agent is left.
struct GiveUp {
    heard: std::path::PathBuf,
}

impl apex_core::Sink for GiveUp {
    fn name(&self) -> &'static str {
        "give up"
    }

    fn accept(&mut self, batch: &[Envelope], _: &RunView) -> Result<(), String> {
        let is_over = batch
            .iter()
            .any(|envelope| matches!(envelope.event, Event::Agent(AgentEvent::Failed { .. })));
        match is_over {
            true => std::fs::write(&self.heard, "").map_err(|error| error.to_string()),
            false => Ok(()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agent_takes_the_place_of_one_that_failed_where_it_says_that_this_is_safe() {
    let (lines, outcome) =
        run_with_successors(&[Conduct::Panics, Conduct::FailsToExecute, Conduct::Warns]).await;
    assert_eq!(
        lines,
        [
            "phoenix started",
            "phoenix restarted: it panicked: a mistake",
            "phoenix restarted: no answer",
        ]
    );
    assert_eq!(outcome.agent_troubles, []);
    assert!(outcome.late_agents.is_empty(), "{:?}", outcome.late_agents);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agent_takes_the_place_of_one_that_hangs() {
    let (lines, outcome) = run_with_successors(&[Conduct::Hangs, Conduct::Warns]).await;
    assert_eq!(lines[..2], ["phoenix started", "phoenix stale"]);
    assert!(lines[2].starts_with("phoenix restarted: it gave no sign of life for "), "{lines:?}");
    assert_eq!(lines.len(), 3);
    assert_eq!(outcome.late_agents, ["phoenix (replaced)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_replaced_three_times_and_not_for_ever() {
    let (lines, outcome) = run_with_successors(&[Conduct::FailsToExecute; 9]).await;
    let restarted = "phoenix restarted: no answer";
    let expected =
        ["phoenix started", restarted, restarted, restarted, "phoenix failed: no answer"];
    assert_eq!(lines, expected);
    assert_eq!(outcome.agent_troubles.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_that_stands_still_is_told_at_once_and_in_the_stream_when_it_goes_on() {
    let project = Project::new(
        "
apex: 1
layers:
  only: {name: Only, required_services: [], categories: [{name: unit, command: ['true']}]}
",
    );
    let record = Record::default();
    let (told, tellings) = std::sync::mpsc::channel();
    let root = project.root().to_owned();
    let tellings = std::sync::Mutex::new(tellings);
    // The ring asks for the name of a log: here it does not get it before somebody was told.
    let hanging = move |_: &apex_core::Plan, job: apex_core::JobIx, _| {
        let tellings = tellings.lock().unwrap();
        tellings.recv_timeout(Duration::from_secs(20)).expect("somebody is told");
        root.join(format!("{}.log", job.0))
    };
    let watchdog = WatchdogSettings {
        patience: Duration::from_millis(1_200),
        tell: Some(Box::new(move |stood| told.send(stood).unwrap_or_default())),
    };
    let prepared = project.open().full_layered().unwrap().watched_over(watchdog);
    let prepared = prepared.log_name(std::sync::Arc::new(hanging)).sink(record.sink());
    let outcome = prepared.run().await.unwrap();
    assert_eq!(outcome.result, RunResult::default());
    assert_eq!(lines_of(&record), ["orchestrator stale", "orchestrator recovered"]);
}
