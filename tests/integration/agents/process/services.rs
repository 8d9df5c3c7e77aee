//! Services that are programs, and services that run elsewhere.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use apex_agents::services::{ServiceAgent, ServiceReport, ServiceSettings};
use apex_config::model::{CommandLine, ReadinessCheck, Service, ServiceName, ServiceSource};
use apex_core::id::ServiceIx;
use apex_tests::tool::tool;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::scene::{exists, path_only};

const IX: ServiceIx = ServiceIx(0);

struct Scene {
    folder: TempDir,
    agent: ServiceAgent,
    reports: mpsc::Receiver<(ServiceIx, ServiceReport)>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (agent, reports) = ServiceAgent::new(ServiceSettings {
            root: folder.path().to_owned(),
            logs: folder.path().join("logs"),
            base_env: path_only().into(),
            grace: Duration::from_millis(200),
            run: "test".to_owned(),
            engine: None,
            keeps: false,
        });
        Self { folder, agent, reports }
    }

    fn start(&mut self, service: &Service) {
        self.agent.start(IX, service, &BTreeMap::new());
    }

    async fn next(&mut self) -> ServiceReport {
        let (ix, report) = self.reports.recv().await.unwrap();
        assert_eq!(ix, IX);
        report
    }

    async fn ready(&mut self) -> (Vec<(String, String)>, BTreeMap<String, String>) {
        match self.next().await {
            ServiceReport::Ready { addresses, exports, .. } => (addresses, exports),
            other => panic!("{other:?}"),
        }
    }

    async fn failed(&mut self, words: &[&str]) -> String {
        let ServiceReport::Failed { reason } = self.next().await else { panic!("not failed") };
        for word in words {
            assert!(reason.contains(word), "no {word:?} in {reason}");
        }
        reason
    }

    /// The process id that the service wrote first.
    fn written_id(&self) -> u32 {
        let log = std::fs::read_to_string(self.folder.path().join("logs/demo.log")).unwrap();
        log.lines().next().unwrap().parse().unwrap()
    }
}

fn shell(script: &str, checks: Vec<ReadinessCheck>) -> Service {
    service(CommandLine::Shell(script.to_owned()), checks)
}

fn service(command: CommandLine, checks: Vec<ReadinessCheck>) -> Service {
    let source = ServiceSource::Process { command, working_directory: None };
    let mut service = Service::new(ServiceName::new("demo").unwrap(), source);
    service.readiness.checks = checks;
    service.readiness.interval = Duration::from_millis(10);
    service
}

fn external(url: &str) -> Service {
    let source = ServiceSource::External { url: url.to_owned() };
    let mut service = Service::new(ServiceName::new("demo").unwrap(), source);
    service.readiness.interval = Duration::from_millis(10);
    service.readiness.timeout = Duration::from_millis(200);
    service
}

fn http_server() -> CommandLine {
    let arguments = ["python3", "-m", "http.server", "--bind", "127.0.0.1", "{port}"];
    CommandLine::Arguments(arguments.map(str::to_owned).to_vec())
}

#[tokio::test]
async fn a_program_gets_a_free_port_and_is_ready_when_it_answers() {
    if tool("python3").is_none() {
        return;
    }
    let port = "web".to_owned();
    for checks in [
        vec![ReadinessCheck::Tcp { port: port.clone() }],
        vec![ReadinessCheck::Http {
            port: port.clone(),
            path: "/".to_owned(),
            status: None,
            body: None,
            tls: None,
        }],
        vec![ReadinessCheck::Http {
            port,
            path: "/none".to_owned(),
            status: Some(404),
            body: None,
            tls: None,
        }],
    ] {
        let mut scene = Scene::new();
        let mut service = service(http_server(), checks);
        service.ports.insert("web".to_owned(), 0);
        service.exports.insert("BASE".to_owned(), "{url}/x?{host}:{port}".to_owned());
        scene.start(&service);
        let (addresses, exports) = scene.ready().await;
        let [(label, address)] = &*addresses else { panic!("{addresses:?}") };
        let port = address.strip_prefix("127.0.0.1:").unwrap();
        assert_eq!(label, "web");
        assert_eq!(exports["APEX_SERVICE_DEMO_HOST"], "127.0.0.1");
        assert_eq!(exports["APEX_SERVICE_DEMO_PORT"], port);
        assert!(exports["APEX_SERVICE_DEMO_URL"].ends_with(&format!("://127.0.0.1:{port}")));
        assert!(exports["BASE"].ends_with(&format!("/x?127.0.0.1:{port}")));
        std::net::TcpStream::connect(address).unwrap();
        scene.agent.stop(IX);
        assert_eq!(scene.next().await, ServiceReport::Stopped);
        std::net::TcpStream::connect(address).unwrap_err();
    }
}

#[tokio::test]
async fn every_sort_of_check_is_waited_for() {
    let command = CommandLine::Shell("test -e by-command".to_owned());
    let mut scene = Scene::new();
    scene.start(&shell(
        "touch by-command; sleep 0.05; touch by-file; sleep 0.05; echo 'now ready: 7'; sleep 300",
        vec![
            ReadinessCheck::Command(command),
            ReadinessCheck::File("by-file".to_owned()),
            ReadinessCheck::Log(r"ready: \d+$".to_owned()),
        ],
    ));
    scene.ready().await;
    scene.agent.stop(IX);
    assert_eq!(scene.next().await, ServiceReport::Stopped);
}

#[tokio::test]
async fn a_service_that_writes_without_a_pause_is_ready_and_stopped_all_the_same() {
    let mut scene = Scene::new();
    scene.start(&shell(
        "trap '' TERM; touch up; while :; do yes | head -c 1000000; done",
        vec![ReadinessCheck::File("up".to_owned())],
    ));
    scene.ready().await;
    scene.agent.stop(IX);
    assert_eq!(scene.next().await, ServiceReport::Stopped);
}

#[tokio::test]
async fn ports_and_environment_are_filled_in() {
    let mut scene = Scene::new();
    let mut service = shell(
        "echo \"command={port.a} variable=$B_PORT\"; sleep 300",
        vec![ReadinessCheck::Log("command=".to_owned())],
    );
    service.ports.insert("a".to_owned(), 0);
    service.ports.insert("b".to_owned(), 0);
    service.env.insert("B_PORT".to_owned(), "{port.b}".to_owned());
    scene.start(&service);
    let (addresses, _) = scene.ready().await;
    let port = |index: usize| addresses[index].1.rsplit(':').next().unwrap();
    let log = std::fs::read_to_string(scene.folder.path().join("logs/demo.log")).unwrap();
    assert_eq!(log, format!("command={} variable={}\n", port(0), port(1)));
    scene.agent.kill(IX);
    assert_eq!(scene.next().await, ServiceReport::Stopped);
}

#[tokio::test]
async fn a_service_that_is_never_ready_fails_with_what_is_missing() {
    let mut scene = Scene::new();
    let mut service = shell(
        "echo $$; echo last words; sleep 300",
        vec![
            ReadinessCheck::Tcp { port: "main".to_owned() },
            ReadinessCheck::Log("never".to_owned()),
            ReadinessCheck::Command(CommandLine::Shell("exit 9".to_owned())),
        ],
    );
    service.ports.insert("main".to_owned(), 0);
    service.readiness.timeout = Duration::from_millis(300);
    scene.start(&service);
    let words = [
        "not ready within 0.3 seconds",
        "does not accept connections",
        "matches `never`",
        "exit code 9",
        "last words",
        "demo.log",
        "readiness.timeout_seconds",
    ];
    scene.failed(&words).await;
    assert!(!exists(scene.written_id()));
}

#[tokio::test]
async fn a_service_that_ends_by_itself_fails_at_once_with_its_last_lines() {
    let mut scene = Scene::new();
    scene.start(&shell(
        "for i in $(seq 20); do echo line $i; done; printf unfinished >&2; exit 3",
        vec![ReadinessCheck::Log("never".to_owned())],
    ));
    let words = ["exit code 3 before it was ready", "line 20", "unfinished", "line 12", "next: "];
    let reason = scene.failed(&words).await;
    assert!(!reason.contains("line 10\n"), "{reason}");

    scene.start(&shell("read wait < /dev/null; sleep 0.1; kill -9 $$", Vec::new()));
    scene.ready().await;
    scene.failed(&["was ended by signal 9;", "wrote nothing"]).await;
}

#[tokio::test]
async fn a_service_that_cannot_start_fails() {
    let mut scene = Scene::new();
    let command = CommandLine::Arguments(vec!["no-such-server".to_owned()]);
    scene.start(&service(command, Vec::new()));
    scene.failed(&["service `demo` did not start", "no-such-server", "install it"]).await;
}

#[tokio::test]
async fn a_fixed_port_that_is_taken_names_its_holder() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut scene = Scene::new();
    let mut service = shell("sleep 300", Vec::new());
    service.host_ports.insert("main".to_owned(), port);
    scene.start(&service);
    let (port, id) = (port.to_string(), format!("pid {}", std::process::id()));
    scene.failed(&["is taken by", &port, &id]).await;
    drop(listener);
    scene.start(&service);
    let (addresses, _) = scene.ready().await;
    assert_eq!(addresses[0].1, format!("127.0.0.1:{port}"));
    assert_eq!(scene.agent.shutdown(Instant::now() + Duration::from_secs(30)).await, [""; 0]);
}

#[tokio::test]
async fn a_stubborn_service_and_its_children_are_killed_after_the_grace() {
    let mut scene = Scene::new();
    scene.start(&shell(
        "trap '' TERM; echo $$; sleep 300 & echo ready; while :; do sleep 0.02; done",
        vec![ReadinessCheck::Log("ready".to_owned())],
    ));
    scene.ready().await;
    scene.agent.stop(IX);
    assert_eq!(scene.next().await, ServiceReport::Stopped);
    assert!(!exists(scene.written_id()));
}

#[tokio::test]
async fn a_service_can_be_stopped_before_it_is_ready() {
    let mut scene = Scene::new();
    scene.start(&shell("sleep 300", vec![ReadinessCheck::Log("never".to_owned())]));
    scene.agent.stop(IX);
    assert_eq!(scene.next().await, ServiceReport::Stopped);
}

#[tokio::test]
async fn an_external_service_is_checked_and_never_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let url = format!("redis://user:secret@{at}/0");
    let mut scene = Scene::new();
    scene.start(&external(&url));
    let (addresses, exports) = scene.ready().await;
    assert_eq!(addresses, [("main".to_owned(), at.to_string())]);
    assert_eq!(exports["APEX_SERVICE_DEMO_URL"], url);
    scene.agent.stop(IX);
    assert_eq!(scene.next().await, ServiceReport::Stopped);
    std::net::TcpStream::connect(at).unwrap();
}

#[tokio::test]
async fn an_external_service_that_does_not_answer_fails() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut scene = Scene::new();
    scene.start(&external(&format!("http://127.0.0.1:{port}")));
    scene.failed(&["did not answer within 0.2 seconds", "start it yourself"]).await;
    scene.start(&external("somewhere"));
    scene.failed(&["names no host and port"]).await;
}

#[tokio::test]
async fn services_that_cannot_come_up_say_what_to_write() {
    let mut scene = Scene::new();
    let name = || ServiceName::new("demo").unwrap();
    scene.start(&Service::new(name(), ServiceSource::Undefined));
    scene.failed(&["services.demo", "process", "external"]).await;
    let (file, service) = ("compose.yaml".to_owned(), "db".to_owned());
    scene.start(&Service::new(name(), ServiceSource::Compose { file, service }));
    scene.failed(&["`db` of compose.yaml", "bring_in_composed"]).await;
}
