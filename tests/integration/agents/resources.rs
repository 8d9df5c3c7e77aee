//! What machine, Apex, jobs and services use, as a real run tells it.

use std::path::PathBuf;
use std::time::Duration;

use apex_core::event::{JobEvent, RunResult};
use apex_core::resource::{ResourceSample, Use};
use apex_core::{Envelope, Event, RunView, Sink};

use super::project::{Project, Record};
use apex_tests::docker::has_engine;

/// The one category works until the file `seen` is there.
fn working(telemetry: &str, service: &str) -> String {
    format!(
        "
apex: 1
telemetry: {{resources: {{{telemetry}}}}}
services:
  helper: {service}
layers:
  only:
    name: Only
    required_services: []
    categories:
      - name: unit
        timeout_seconds: 60
        services: [helper]
        command: [sh, -c, 'until [ -e seen ]; do :; done']
"
    )
}

/// Ends the work when a look has seen everybody.
struct Release {
    seen: PathBuf,
}

impl Sink for Release {
    fn name(&self) -> &'static str {
        "release"
    }

    fn accept(&mut self, batch: &[Envelope], _: &RunView) -> Result<(), String> {
        let is_whole = batch.iter().any(
            |envelope| matches!(&envelope.event, Event::Resources(sample) if saw_everybody(sample)),
        );
        if is_whole {
            std::fs::write(&self.seen, "").map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

fn saw_everybody(sample: &ResourceSample) -> bool {
    let works = |used: &Use| {
        used.memory_mb > Some(0) && used.cpus > Some(0.0) && used.cpu_time > Some(Duration::ZERO)
    };
    let rests = |used: &Use| used.memory_mb > Some(0) && used.cpu_time.is_some();
    sample.jobs.iter().any(|(_, used)| works(used) && used.read_mb.is_some())
        && sample.services.iter().any(|(_, used)| rests(used))
        && sample.apex.memory_mb > Some(0)
        && sample.host.memory_available_mb > Some(0)
        && sample.host.cpu > Some(0.0)
}

/// The events of a run that ends only when everybody was seen.
async fn events_of(layer_file: &str) -> Vec<Event> {
    let project = Project::new(layer_file);
    let record = Record::default();
    let release = Box::new(Release { seen: project.root().join("seen") });
    let prepared = project.open().full_layered().unwrap();
    let outcome = prepared.sink(release).sink(record.sink()).run().await.unwrap();
    assert_eq!(outcome.result, RunResult::default(), "{:#?}", record.events());
    record.events()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_sees_machine_apex_jobs_and_services_that_are_programs() {
    let service = "{process: {command: [sleep, '100']}}";
    let events = events_of(&working("interval_seconds: 0.1", service)).await;
    let used = events.iter().find_map(|event| match event {
        Event::Job(_, JobEvent::AttemptFinished { peak_memory_mb, cpu_time, .. }) => {
            Some((*peak_memory_mb, *cpu_time))
        }
        _ => None,
    });
    let (memory, time) = used.unwrap();
    assert!(memory > Some(0) && time > Some(Duration::ZERO), "{memory:?} {time:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_sees_services_that_are_containers() {
    if !has_engine() {
        return;
    }
    let service = "{image: 'apex-test/busybox:1', pull: never, command: [sleep, '100']}";
    events_of(&working("interval_seconds: 0.2", service)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_looks_when_the_layer_file_says_so() {
    let project = Project::new(
        "
apex: 1
telemetry: {resources: {enabled: false, interval_seconds: 0.1}}
layers:
  only: {name: Only, required_services: [], categories: [{name: unit, command: [sleep, '0.5']}]}
",
    );
    let record = Record::default();
    let prepared = project.open().full_layered().unwrap();
    prepared.sink(record.sink()).run().await.unwrap();
    let is_sample = |event: &Event| matches!(event, Event::Resources(_));
    assert!(!record.events().iter().any(is_sample), "{:#?}", record.events());
}
