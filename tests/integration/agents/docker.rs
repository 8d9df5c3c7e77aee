//! Services that are containers, with a real engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use apex_agents::services::{ServiceAgent, ServiceReport, ServiceSettings};
use apex_config::model::{
    CommandLine, Container, ContainerNetwork, ImageSource, Lifetime, Mount, Preset, ReadinessCheck,
    Service, ServiceName, ServiceSource,
};
use apex_core::id::ServiceIx;
use apex_tests::docker::{assert_nothing_left, docker, has_databases, has_engine, of_project};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::Instant;

struct Scene {
    folder: TempDir,
    agent: ServiceAgent,
    reports: mpsc::Receiver<(ServiceIx, ServiceReport)>,
}

impl Scene {
    fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), false)
    }

    fn in_folder(folder: TempDir, keeps: bool) -> Self {
        let variables: BTreeMap<String, String> = std::env::vars().collect();
        let (agent, reports) = ServiceAgent::new(ServiceSettings {
            root: folder.path().to_owned(),
            logs: folder.path().join("logs"),
            base_env: Arc::new(variables),
            grace: Duration::from_secs(1),
            run: format!("test-{}-{}", std::process::id(), folder.path().display())
                .replace(['/', '.'], "-"),
            engine: None,
            keeps,
        });
        Self { folder, agent, reports }
    }

    fn start(&mut self, ix: u32, service: &Service) {
        self.agent.start(ServiceIx(ix), service, &BTreeMap::new());
    }

    /// The exports of the next service that is ready, as tests and as containers see them.
    async fn ready(&mut self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        loop {
            match self.reports.recv().await.unwrap().1 {
                ServiceReport::Ready { exports, inside, .. } => return (exports, inside),
                ServiceReport::Preparing { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(format!("logs/{name}.log"))).unwrap()
    }

    /// Ends everything; nothing may be left.
    async fn end(self) -> TempDir {
        let left = self.agent.shutdown(Instant::now() + Duration::from_secs(30)).await;
        assert_eq!(left, [""; 0]);
        self.folder
    }

    async fn end_with_nothing_left(self) {
        let folder = self.end().await;
        assert_nothing_left(folder.path());
    }

    /// Asks the engine about the container of this project.
    fn inspect(&self, format: &str) -> String {
        let filter = format!("label=apex.project={}", self.folder.path().display());
        let id = docker(&["ps", "--all", "--quiet", "--filter", &filter]);
        docker(&["inspect", "--format", format, &id])
    }
}

fn container(image: &str, script: &str) -> Container {
    let mut container = Container::new(ImageSource::Named(image.to_owned()));
    container.command = (!script.is_empty()).then(|| CommandLine::Shell(script.to_owned()));
    container
}

fn service(name: &str, container: Container) -> Service {
    Service::new(ServiceName::new(name).unwrap(), ServiceSource::Container(Box::new(container)))
}

fn busybox(name: &str, script: &str) -> Service {
    service(name, container("apex-test/busybox:1", script))
}

fn container_of(service: &mut Service) -> &mut Container {
    let ServiceSource::Container(container) = &mut service.source else { panic!("no container") };
    container
}

#[tokio::test]
async fn a_port_is_published_on_this_machine_alone_and_its_exports_say_where() {
    if !has_engine() {
        return;
    }
    let mut scene = Scene::new();
    let mut web = busybox("web", "exec httpd -f -p 8000 -h /");
    web.ports.insert("main".to_owned(), 8000);
    web.exports.insert("BASE".to_owned(), "{url}/x".to_owned());
    let path = "/ok".to_owned();
    web.readiness.checks = vec![ReadinessCheck::Http {
        port: "main".to_owned(),
        path,
        status: Some(200),
        body: None,
        tls: None,
    }];
    scene.start(0, &web);
    let (outside, inside) = scene.ready().await;
    assert_eq!(outside["APEX_SERVICE_WEB_HOST"], "127.0.0.1");
    assert!(outside["BASE"].starts_with("http://127.0.0.1:"), "{outside:?}");
    assert_eq!(inside["BASE"], "http://web:8000/x");
    let bound = scene.inspect("{{(index (index .NetworkSettings.Ports \"8000/tcp\") 0).HostIp}}");
    assert_eq!(bound, "127.0.0.1");
    scene.end_with_nothing_left().await;
}

#[tokio::test]
async fn services_see_each_other_by_name_and_by_alias() {
    if !has_engine() {
        return;
    }
    let mut scene = Scene::new();
    let mut first = busybox("first_one", "exec httpd -f -p 80 -h /");
    first.aliases.push("other".to_owned());
    first.ports.insert("main".to_owned(), 80);
    first.readiness.checks = vec![ReadinessCheck::Tcp { port: "main".to_owned() }];
    scene.start(0, &first);
    scene.ready().await;
    let mut second = busybox(
        "second",
        "for name in first_one first-one other; do wget -q -O - http://$name/ok; done",
    );
    second.oneshot = true;
    scene.start(1, &second);
    scene.ready().await;
    assert_eq!(scene.log("second"), "ok\nok\nok\n");
    scene.end_with_nothing_left().await;
}

#[tokio::test]
async fn services_see_only_those_with_which_they_share_a_network() {
    if !has_engine() {
        return;
    }
    let within = |service: &mut Service, names: &[(&str, &str)]| {
        let network = |(name, alias): &(&str, &str)| ContainerNetwork {
            name: (*name).to_owned(),
            aliases: vec![(*alias).to_owned()],
        };
        container_of(service).details.networks = names.iter().map(network).collect();
    };
    let mut scene = Scene::new();
    let mut server = busybox("server", "exec httpd -f -p 80 -h /");
    server.ports.insert("main".to_owned(), 80);
    server.readiness.checks = vec![ReadinessCheck::Tcp { port: "main".to_owned() }];
    within(&mut server, &[("front", "web"), ("back", "store")]);
    scene.start(0, &server);
    scene.ready().await;
    let sees = "for name in server store; do wget -q -O - http://$name/ok || exit 1; done";
    let mut friend = busybox("friend", &format!("{sees}; ! wget -q -O - http://web/ok"));
    within(&mut friend, &[("back", "friend")]);
    let mut stranger = busybox("stranger", "! wget -q -T 2 -O - http://server/ok");
    for (ix, service) in [(1, &mut friend), (2, &mut stranger)] {
        service.oneshot = true;
        scene.start(ix, service);
        scene.ready().await;
    }
    scene.end_with_nothing_left().await;
}

#[tokio::test]
async fn limits_labels_and_mounts_arrive_in_the_engine() {
    if !has_engine() {
        return;
    }
    let mut scene = Scene::new();
    std::fs::write(scene.folder.path().join("seed.txt"), "from the project").unwrap();
    let mut demo =
        busybox("demo", "cat /seed.txt; touch /keep/x /anon/x /mem/x && id -u && pwd; sleep 60");
    let own = container_of(&mut demo);
    own.limits.memory_mb = Some(64);
    own.limits.cpus = Some(0.5);
    own.limits.pids = Some(50);
    own.working_directory = Some("/tmp".to_owned());
    let text = str::to_owned;
    own.mounts = vec![
        Mount::Path { source: text("./seed.txt"), target: text("/seed.txt"), read_only: true },
        Mount::Volume { name: Some(text("data")), target: text("/keep"), read_only: false },
        Mount::Volume { name: None, target: text("/anon"), read_only: false },
        Mount::Memory { target: text("/mem"), options: text("size=1m") },
    ];
    demo.readiness.checks = vec![ReadinessCheck::Log("^/tmp$".to_owned())];
    scene.start(0, &demo);
    scene.ready().await;
    assert_eq!(scene.log("demo"), "from the project0\n/tmp\n");
    let limits =
        scene.inspect("{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}");
    assert_eq!(limits, "67108864 500000000 50");
    let labels = scene.inspect("{{json .Config.Labels}}");
    for name in ["run", "project", "service", "owner", "expires", "lifetime"] {
        assert!(labels.contains(&format!("\"apex.{name}\"")), "{name}: {labels}");
    }
    let things = of_project(scene.folder.path());
    assert_eq!(things.len(), 3, "a container, a network and a volume: {things:?}");
    scene.end_with_nothing_left().await;
}

#[tokio::test]
async fn an_image_is_built_from_its_context_without_what_is_ignored() {
    if !has_engine() {
        return;
    }
    let mut scene = Scene::new();
    let write = |path: &str, text: &str| {
        let path = scene.folder.path().join("app").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "Dockerfile",
        "FROM apex-test/busybox:1 AS base\nARG WORD\nCOPY . /app\nRUN echo $WORD >/word\nFROM base AS last\nRUN echo last >>/word\n",
    );
    write(".dockerignore", "secret\nlogs\n!logs/kept.txt\n**/*.tmp\n");
    write("secret", "x");
    write("logs/a.txt", "x");
    write("logs/kept.txt", "x");
    write("deep/b.tmp", "x");
    write("deep/c.txt", "x");
    let mut demo = busybox("demo", "cat /word; cd /app; find . -type f | sort");
    container_of(&mut demo).image = ImageSource::Built {
        context: "app".to_owned(),
        dockerfile: None,
        target: Some("base".to_owned()),
        arguments: BTreeMap::from([("WORD".to_owned(), "hello".to_owned())]),
    };
    demo.oneshot = true;
    scene.start(0, &demo);
    scene.ready().await;
    assert_eq!(
        scene.log("demo"),
        "hello\n./.dockerignore\n./Dockerfile\n./deep/c.txt\n./logs/kept.txt\n"
    );
    let image = scene_image(&scene);
    scene.end_with_nothing_left().await;
    docker(&["rmi", "--force", &image]);
}

fn scene_image(scene: &Scene) -> String {
    scene.inspect("{{.Config.Image}}")
}

#[tokio::test]
async fn the_health_check_of_an_image_is_waited_for() {
    if !has_engine() {
        return;
    }
    let mut scene = Scene::new();
    let recipe = "FROM apex-test/busybox:1\nHEALTHCHECK --interval=200ms CMD test -e /healthy\n";
    std::fs::write(scene.folder.path().join("Dockerfile"), recipe).unwrap();
    let mut demo = busybox("demo", "sleep 0.5; touch /healthy; sleep 60");
    container_of(&mut demo).image = ImageSource::Built {
        context: ".".to_owned(),
        dockerfile: None,
        target: None,
        arguments: BTreeMap::new(),
    };
    demo.readiness.checks = vec![ReadinessCheck::Healthy];
    scene.start(0, &demo);
    scene.ready().await;
    assert_eq!(scene.inspect("{{.State.Health.Status}}"), "healthy");
    let image = scene_image(&scene);
    scene.end_with_nothing_left().await;
    docker(&["rmi", "--force", &image]);
}

#[tokio::test]
async fn a_kept_service_is_used_again_while_its_definition_is_the_same() {
    if !has_engine() {
        return;
    }
    let mut folder = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    for script in ["sleep 61", "sleep 61", "sleep 62"] {
        let mut demo = busybox("demo", script);
        demo.lifetime = Lifetime::Keep { for_at_most: Duration::from_secs(60) };
        let mut scene = Scene::in_folder(folder, true);
        scene.start(0, &demo);
        scene.ready().await;
        scene.agent.stop(ServiceIx(0));
        folder = scene.end().await;
        let filter = format!("label=apex.project={}", folder.path().display());
        ids.push(docker(&["ps", "--quiet", "--filter", &filter]));
    }
    assert_eq!(ids[0], ids[1], "the same definition, the same container");
    assert_eq!(ids[2].lines().count(), 2, "another definition, another container: {ids:?}");
    let variables = Arc::new(std::env::vars().collect());
    let place = apex_agents::services::standing::Place {
        root: folder.path().to_owned(),
        variables,
        logs: folder.path().join("logs"),
    };
    let swept = apex_agents::services::standing::down(&place, None).await.unwrap();
    assert_eq!(swept.problems, [""; 0]);
    assert_nothing_left(folder.path());
}

#[tokio::test]
async fn databases_are_ready_when_they_answer_in_their_language() {
    if !has_databases() {
        return;
    }
    let mut scene = Scene::new();
    for (ix, name, preset) in [(0, "postgres", Preset::Postgres), (1, "redis", Preset::Redis)] {
        let mut database = service(name, container(&format!("apex-test/{name}:1"), ""));
        database.ports.insert("main".to_owned(), preset.usual_port());
        database.readiness.checks =
            vec![ReadinessCheck::Preset { preset, port: "main".to_owned() }];
        scene.start(ix, &database);
    }
    let urls: Vec<String> = [scene.ready().await.0, scene.ready().await.0]
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| name.ends_with("_URL").then_some(value))
        .collect();
    assert!(urls.iter().any(|url| url.starts_with("postgresql://127.0.0.1:")), "{urls:?}");
    assert!(urls.iter().any(|url| url.starts_with("redis://127.0.0.1:")), "{urls:?}");
    scene.end_with_nothing_left().await;
}

#[tokio::test]
async fn a_service_that_may_start_again_does_so_and_says_what_it_lost() {
    if !has_engine() {
        return;
    }
    let mut scene = Scene::new();
    let mut demo = busybox("demo", "sleep 0.3; echo over; exit 9");
    demo.restarts = 1;
    scene.start(0, &demo);
    scene.ready().await;
    let ServiceReport::Lost { reason } = scene.reports.recv().await.unwrap().1 else {
        panic!("not lost")
    };
    assert!(reason.contains("exit code 9") && reason.contains("over"), "{reason}");
    scene.ready().await;
    let ServiceReport::Failed { .. } = scene.reports.recv().await.unwrap().1 else {
        panic!("one restart only")
    };
    scene.end_with_nothing_left().await;
}
