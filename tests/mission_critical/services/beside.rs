//! Two runs of the same project at the same time, with containers and with programs: each has its
//! own ports, networks, volumes and names.

use apex_tests::docker::{assert_nothing_left, has_engine};
use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;

use super::scene::{project, run};

/// Serves a folder in which each run writes what only it knows.
const CONTAINER: &str = "demo: {image: '{image}', command: 'exec httpd -f -p 80 -h /', \
                         volumes: ['data:/data'], ports: {main: 80}, \
                         exports: {BASE: 'http://{host}:{port}'}}
fill: {image: '{image}', command: 'wget -q -O - http://demo/ok && echo seen', oneshot: true, \
                         depends_on: [demo]}";

const PROGRAM: &str = "demo: {process: {command: [python3, -m, http.server, --bind, 127.0.0.1, \
                       '{port}']}, ports: {main: 0}, exports: {BASE: 'http://{host}:{port}'}, \
                       readiness: {http: {path: /}}}";

/// Waits until the other run is as far, so that both have their services at once.
fn meet(own: &str, other: &str) -> String {
    format!(
        "echo $BASE > {own}; for i in $(seq 300); do test -s {other} && exit 0; sleep 0.1; done; \
         exit 1"
    )
}

fn two_at_once(services: &str) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (one, other) = (place("one"), place("other"));
    let first = project(services, &meet(&one, &other));
    let second = project(services, &meet(&other, &one));
    let of = |project: &Project| finish(run(project, &[]));
    let answers = std::thread::scope(|scope| {
        let (a, b) = (scope.spawn(|| of(&first)), scope.spawn(|| of(&second)));
        [a.join().unwrap(), b.join().unwrap()]
    });
    for answer in &answers {
        assert_eq!(answer.status.code(), Some(0), "{}{}", answer.stdout, answer.stderr);
    }
    let base = |path: &str| std::fs::read_to_string(path).unwrap();
    assert!(base(&one).starts_with("http://127.0.0.1:"), "{}", base(&one));
    assert_ne!(base(&one), base(&other), "the same address for both");
    if has_engine() {
        assert_nothing_left(first.root());
        assert_nothing_left(second.root());
    }
}

#[test]
fn two_runs_at_once_with_the_same_containers_do_not_meet() {
    if has_engine() {
        two_at_once(CONTAINER);
    }
}

#[test]
fn two_runs_at_once_with_the_same_programs_do_not_meet() {
    if tool("python3").is_some() {
        two_at_once(PROGRAM);
    }
}
