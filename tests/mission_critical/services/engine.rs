//! An engine that is not there, does not answer, answers nonsense, is slow, or goes away.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use apex_tests::docker::{assert_nothing_left, has_engine, of_project};
use apex_tests::processes::wait_until;
use apex_tests::project::{Project, finish};
use apex_tests::watchdog::Finished;

use super::proxy::{Manner, Proxy};
use super::scene::{project, run};

const SERVICE: &str = "demo: {image: '{image}', command: 'sleep 60'}";

/// Two layers, of which one needs a container.
const TWO_LAYERS: &str = "apex: 1
layers:
  needing:
    required_services: [demo]
    categories: [{name: with, command: 'true'}]
  free:
    categories: [{name: without, command: 'echo it ran'}]
services:
  demo: {image: 'apex-test/busybox:1', command: 'sleep 60'}
";

fn require(answer: &Finished, code: i32, words: &[&str]) {
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
}

#[test]
fn an_engine_that_does_not_answer_is_told_with_the_next_step_and_other_layers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let refused = folder.path().join("refused.sock");
    drop(UnixListener::bind(&refused).unwrap());
    let at = |name: &str| {
        let inner = folder.path().join(name);
        std::fs::create_dir(&inner).unwrap();
        inner
    };
    let silent = Proxy::start(&at("silent"), Manner::Silent);
    let garbage = Proxy::start(&at("garbage"), Manner::Garbage);
    let rude = Proxy::start(&at("rude"), Manner::Rude);
    let rows = [
        ("unix:///none/docker.sock".to_owned(), "install and start Docker or podman"),
        (format!("unix://{}", refused.display()), "start the engine"),
        ("tcp://127.0.0.1:1".to_owned(), "start the engine"),
        ("ssh://somewhere".to_owned(), "only `unix://` and `tcp://` are spoken"),
        (silent.address(), "look whether the engine hangs"),
        (garbage.address(), "start the engine"),
        (rude.address(), "start the engine"),
    ];
    for (host, next) in rows {
        let project = Project::new(&[("apex.yaml", TWO_LAYERS)]);
        let answer = finish(run(&project, &[("DOCKER_HOST", &host)]));
        require(&answer, 3, &["service `demo` did not start", next, "without: passed"]);
    }
}

#[test]
fn a_slow_engine_only_takes_longer() {
    if !has_engine() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(folder.path(), Manner::Slow(Duration::from_millis(200)));
    let project = project(SERVICE, "true");
    let answer = finish(run(&project, &[("DOCKER_HOST", &proxy.address())]));
    require(&answer, 0, &["demo: ready"]);
    assert_nothing_left(project.root());
}

#[test]
fn an_engine_that_goes_away_takes_its_services_with_it() {
    if !has_engine() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(folder.path(), Manner::Slow(Duration::ZERO));
    let project = project(SERVICE, "touch started; sleep 30");
    let host = proxy.address();
    let command = run(&project, &[("DOCKER_HOST", &host)]);
    let answer = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| finish(command));
        wait_until("the job runs", || project.root().join("started").exists());
        proxy.cut();
        waiting.join().unwrap()
    });
    require(&answer, 3, &["was lost with the container engine", "a service it needs was lost"]);
    // Nobody could take it away through this socket; the next run does.
    assert!(!of_project(project.root()).is_empty());
    sweep_by_next_run();
    wait_until("the next run has swept", || of_project(project.root()).is_empty());
}

#[test]
fn an_engine_that_comes_back_with_its_containers_loses_no_test() {
    if !has_engine() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(folder.path(), Manner::Slow(Duration::ZERO));
    let project = project(SERVICE, "touch started; sleep 3");
    let host = proxy.address();
    let command = run(&project, &[("DOCKER_HOST", &host)]);
    let answer = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| finish(command));
        wait_until("the job runs", || project.root().join("started").exists());
        proxy.cut();
        std::thread::sleep(Duration::from_millis(500));
        proxy.mend();
        waiting.join().unwrap()
    });
    require(&answer, 0, &["demo: ready"]);
    assert_nothing_left(project.root());
}

/// Any run that needs the engine takes away what dead ones left.
pub(super) fn sweep_by_next_run() {
    let next = project(SERVICE, "true");
    let answer = finish(run(&next, &[]));
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert_nothing_left(next.root());
}
