//! The life of a container with an engine that only remembers what it was asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apex_agents::services::docker::{
    Answer, BuildOrder, ContainerFacts, ContainerOrder, Engine, EngineError, InsideEnd, Labels,
    OutputPieces, Owner, Progress, Thing, ThingKind, labels, remove_abandoned, remove_run,
};
use apex_agents::services::{ServiceAgent, ServiceReport, ServiceSettings};
use apex_config::model::{Container, ImageSource, PullPolicy, Service, ServiceName, ServiceSource};
use apex_core::event::Stream;
use apex_core::id::ServiceIx;
use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;

/// An engine that does what it is told at once.
#[derive(Debug, Default)]
struct Fake {
    /// Whether the image is there from the beginning.
    has_image: bool,
    /// Why a container does not start.
    start_fails: Option<&'static str>,
    /// What it was asked for.
    calls: Mutex<Vec<String>>,
    /// What is in it.
    things: Mutex<Vec<Thing>>,
}

impl Fake {
    fn note(&self, call: impl Into<String>) {
        self.calls.lock().unwrap().push(call.into());
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

fn now<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    async move { Ok(value) }.boxed()
}

impl Engine for Fake {
    fn remote_host(&self) -> Option<&str> {
        None
    }
    fn image<'a>(&'a self, _: &'a str) -> Answer<'a, Option<String>> {
        now(self.has_image.then(|| "id".to_owned()))
    }
    fn pull<'a>(&'a self, name: &'a str, progress: Progress<'a>) -> Answer<'a, ()> {
        self.note(format!("pull {name}"));
        progress("a layer");
        now(())
    }
    fn build<'a>(&'a self, _: BuildOrder, _: Progress<'a>) -> Answer<'a, String> {
        now("built".to_owned())
    }
    fn create_network<'a>(&'a self, name: &'a str, _: &'a Labels) -> Answer<'a, String> {
        self.note(format!("network {name}"));
        now(name.replacen("apex-r1", "net", 1))
    }
    fn create_volume<'a>(&'a self, name: &'a str, _: &'a Labels) -> Answer<'a, ()> {
        self.note(format!("volume {name}"));
        now(())
    }
    fn create<'a>(&'a self, order: &'a ContainerOrder) -> Answer<'a, String> {
        self.note(format!("create {} in {}", order.image, order.network));
        now("c1".to_owned())
    }
    fn connect<'a>(&'a self, network: &'a str, id: &'a str, names: &'a [String]) -> Answer<'a, ()> {
        self.note(format!("connect {id} to {network} as {}", names.join(" ")));
        now(())
    }
    fn start<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.note(format!("start {id}"));
        let answer = self.start_fails.map_or(Ok(()), |why| Err(EngineError::Refused(why.into())));
        async move { answer }.boxed()
    }
    fn inspect<'a>(&'a self, _: &'a str) -> Answer<'a, ContainerFacts> {
        now(ContainerFacts { runs: true, ..ContainerFacts::default() })
    }
    fn wait<'a>(&'a self, _: &'a str) -> Answer<'a, i64> {
        std::future::pending().boxed()
    }
    fn output(&self, _: &str, _: bool) -> OutputPieces {
        let hello = futures_util::stream::iter([Ok((Stream::Stdout, b"hello\n".to_vec()))]);
        hello.boxed()
    }
    fn run_inside<'a>(&'a self, _: &'a str, _: &'a [String]) -> Answer<'a, InsideEnd> {
        now(InsideEnd { code: 0, output: String::new() })
    }
    fn stop<'a>(&'a self, id: &'a str, _: Duration) -> Answer<'a, ()> {
        self.note(format!("stop {id}"));
        now(())
    }
    fn remove<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.note(format!("remove {id}"));
        now(())
    }
    fn remove_network<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        self.note(format!("remove network {id}"));
        now(())
    }
    fn remove_volume<'a>(&'a self, name: &'a str) -> Answer<'a, ()> {
        self.note(format!("remove volume {name}"));
        now(())
    }
    fn list<'a>(&'a self, kind: ThingKind, label: &'a str) -> Answer<'a, Vec<Thing>> {
        let carries = |thing: &Thing| match label.split_once('=') {
            Some((name, value)) => thing.labels.get(name).is_some_and(|found| found == value),
            None => thing.labels.contains_key(label),
        };
        let things = self.things.lock().unwrap();
        now(things.iter().filter(|one| one.kind == kind && carries(one)).cloned().collect())
    }
}

fn demo(pull: PullPolicy) -> Service {
    let mut container = Container::new(ImageSource::Named("img:1".to_owned()));
    container.pull = pull;
    let source = ServiceSource::Container(Box::new(container));
    Service::new(ServiceName::new("demo").unwrap(), source)
}

/// Starts a service in a fake engine, and stops it when it is ready; the answer is what was
/// reported and what the engine was asked for.
async fn live(fake: Fake, service: &Service) -> (Vec<ServiceReport>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let fake = Arc::new(fake);
    let engine: Arc<dyn Engine> = fake.clone();
    let (mut agent, mut reports) = ServiceAgent::new(ServiceSettings {
        root: folder.path().to_owned(),
        logs: folder.path().join("logs"),
        base_env: Arc::default(),
        grace: Duration::from_secs(1),
        run: "r1".to_owned(),
        engine: Some(engine),
        keeps: false,
    });
    agent.start(ServiceIx(0), service, &BTreeMap::new());
    let mut seen = Vec::new();
    while let Some((_, report)) = reports.recv().await {
        let is_last = matches!(report, ServiceReport::Failed { .. } | ServiceReport::Stopped);
        if matches!(report, ServiceReport::Ready { .. }) {
            agent.stop(ServiceIx(0));
        }
        seen.push(report);
        if is_last {
            break;
        }
    }
    let left = agent.shutdown(Instant::now() + Duration::from_secs(30)).await;
    assert_eq!(left, [""; 0]);
    (seen, fake.calls())
}

#[tokio::test]
async fn an_image_is_fetched_as_its_policy_says_and_the_wait_is_told() {
    for (policy, has_image, is_pulled) in [
        (PullPolicy::Missing, false, true),
        (PullPolicy::Missing, true, false),
        (PullPolicy::Always, true, true),
        (PullPolicy::Never, true, false),
    ] {
        let fake = Fake { has_image, ..Fake::default() };
        let (reports, calls) = live(fake, &demo(policy)).await;
        assert_eq!(calls.contains(&"pull img:1".to_owned()), is_pulled, "{policy:?}: {calls:?}");
        let told = reports.iter().any(|report| matches!(report, ServiceReport::Preparing { .. }));
        assert_eq!(told, is_pulled, "{policy:?}: {reports:?}");
        assert_eq!(reports.last(), Some(&ServiceReport::Stopped));
        let made = calls.iter().filter(|call| !call.starts_with("pull"));
        let made: Vec<&str> = made.map(String::as_str).take(3).collect();
        assert_eq!(made, ["network apex-r1", "create img:1 in net", "start c1"]);
        assert!(calls.contains(&"remove c1".to_owned()), "{calls:?}");
    }
}

#[tokio::test]
async fn a_container_that_does_not_start_is_removed() {
    let fake = Fake { has_image: true, start_fails: Some("no such program"), ..Fake::default() };
    let (reports, calls) = live(fake, &demo(PullPolicy::Missing)).await;
    let [ServiceReport::Failed { reason }] = &reports[..] else { panic!("{reports:?}") };
    assert!(reason.contains("did not start: no such program"), "{reason}");
    assert_eq!(calls.last().unwrap(), "remove c1");
}

fn thing(id: &str, kind: ThingKind, pairs: &[(&str, &str)]) -> Thing {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Thing {
        kind,
        id: id.to_owned(),
        name: id.to_owned(),
        labels: pairs.collect(),
        runs: true,
        ports: BTreeMap::new(),
    }
}

#[tokio::test]
async fn a_sweep_removes_by_label_alone_containers_first() {
    let this = Owner::this_process();
    let dead = Owner { pid: 4_194_305, ..this.clone() }.to_string();
    let of_dead = [(labels::RUN, "old"), (labels::OWNER, dead.as_str())];
    let this = this.to_string();
    let of_this = [(labels::RUN, "r1"), (labels::OWNER, this.as_str())];
    let kept = [(labels::RUN, "r1"), (labels::LIFETIME, labels::KEEP)];
    let things = vec![
        thing("stranger", ThingKind::Container, &[]),
        thing("of dead", ThingKind::Volume, &of_dead),
        thing("net of dead", ThingKind::Network, &of_dead),
        thing("box of dead", ThingKind::Container, &of_dead),
        thing("of this", ThingKind::Container, &of_this),
        thing("kept", ThingKind::Container, &kept),
    ];
    let fake = Arc::new(Fake { things: Mutex::new(things), ..Fake::default() });
    let engine: Arc<dyn Engine> = fake.clone();
    assert_eq!(remove_abandoned(&engine).await.removed, 3);
    let expected = ["remove box of dead", "remove network net of dead", "remove volume of dead"];
    assert_eq!(fake.calls(), expected);
    remove_run(&engine, "r1").await;
    assert_eq!(fake.calls().last().unwrap(), "remove of this");
}
