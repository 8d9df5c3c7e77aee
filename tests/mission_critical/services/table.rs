//! Containers that are missing, sick, slow, silent, greedy, stubborn or loud.

use std::net::TcpListener;

use apex_tests::docker::{assert_nothing_left, docker, has_engine};
use apex_tests::project::finish;

use super::scene::{Row, check, project, require, run};

const ROWS: &[Row] = &[
    Row {
        name: "an image that is not there and may not be fetched",
        services: "demo: {image: 'apex-test/none:1', pull: never}",
        job: "true",
        code: 3,
        words: &[
            "image `apex-test/none:1` is not on this machine",
            "`docker pull apex-test/none:1`",
        ],
    },
    Row {
        name: "an image that cannot be fetched",
        services: "demo: {image: 'localhost:1/none:1'}",
        job: "true",
        code: 3,
        words: &["could not be fetched", "check the name"],
    },
    Row {
        name: "a program that does not exist in the image",
        services: "demo: {image: '{image}', command: [nonsense]}",
        job: "true",
        code: 3,
        words: &["service `demo` did not start", "nonsense"],
    },
    Row {
        name: "a container that ends at once",
        services: "demo: {image: '{image}', command: 'echo no room; exit 3', ports: {main: 80}}",
        job: "true",
        code: 3,
        words: &["ended with exit code 3 before it was ready", "no room"],
    },
    Row {
        name: "a container that ends at once, and comes up when it is started again",
        services: "demo: {image: '{image}', command: 'test -e /v/x && exec httpd -f -p 80; touch /v/x; exit 1', volumes: ['state:/v'], ports: {main: 80}, restart: 1}",
        job: "true",
        code: 0,
        words: &["lost, starting again", "ended with exit code 1"],
    },
    Row {
        name: "a container that never listens",
        services: "demo: {image: '{image}', command: 'echo waiting; sleep 60', ports: {main: 80}, readiness: {timeout_seconds: 1}}",
        job: "true",
        code: 3,
        words: &["was not ready within 1 seconds", "closes them at once", "waiting"],
    },
    Row {
        name: "a server that accepts and says nothing",
        services: "demo: {image: '{image}', command: 'while :; do nc -l -p 6379 -e sleep 60; done', ports: {main: 6379}, readiness: {preset: redis, timeout_seconds: 2}}",
        job: "true",
        code: 3,
        words: &["was not ready within 2 seconds"],
    },
    Row {
        name: "a server that speaks another language",
        services: "demo: {image: '{image}', command: 'while :; do echo hello | nc -l -p 6379; done', ports: {main: 6379}, readiness: {preset: redis, timeout_seconds: 1}}",
        job: "true",
        code: 3,
        words: &["was not ready within 1 seconds", "hello"],
    },
    Row {
        name: "a server that answers with an error for ever",
        services: "demo: {image: '{image}', command: 'httpd -f -p 80', ports: {main: 80}, readiness: {http: {path: /none}, timeout_seconds: 1}}",
        job: "true",
        code: 3,
        words: &["answered with status 404"],
    },
    Row {
        name: "a command inside that never ends with 0",
        services: "demo: {image: '{image}', command: 'sleep 60', readiness: {command: 'echo not yet; exit 7', timeout_seconds: 1}}",
        job: "true",
        code: 3,
        words: &["inside of it ended with exit code 7: not yet"],
    },
    Row {
        name: "a health check that the image does not have",
        services: "demo: {image: '{image}', command: 'sleep 60', readiness: {healthcheck: true, timeout_seconds: 1}}",
        job: "true",
        code: 3,
        words: &["says nothing about its health"],
    },
    Row {
        name: "a server that answers once and is away again",
        services: "demo: {image: '{image}', command: 'while :; do printf \"+PONG\\r\\n\" | nc -l -p 6379; sleep 1; done', ports: {main: 6379}, readiness: {preset: redis, timeout_seconds: 3}}",
        job: "true",
        code: 3,
        words: &["was not ready within 3 seconds"],
    },
    Row {
        name: "a secret that is not there",
        services: "demo: {image: '{image}', command: 'sleep 60', secrets: {TOKEN: {variable: APEX_TEST_NO_SUCH}}}",
        job: "true",
        code: 3,
        words: &["secret `TOKEN` is in the variable APEX_TEST_NO_SUCH, which is not set"],
    },
    Row {
        name: "a secret in the last lines",
        services: "demo: {image: '{image}', command: 'echo token is $TOKEN; exit 3', secrets: {TOKEN: {variable: PATH}}}",
        job: "true",
        code: 3,
        words: &["ended with exit code 3", "token is ***"],
    },
    Row {
        name: "a line that is never written",
        services: "demo: {image: '{image}', command: 'echo almost; sleep 60', readiness: {log: '^ready$', timeout_seconds: 1}}",
        job: "true",
        code: 3,
        words: &["no line of its output matches `^ready$`", "almost"],
    },
    Row {
        name: "a piece of work that fails",
        services: "demo: {image: '{image}', command: 'echo table exists; exit 4', oneshot: true}\nafter: {image: '{image}', command: 'sleep 60', depends_on: [demo]}",
        job: "true",
        code: 3,
        words: &["ended with exit code 4", "table exists", "it needs demo, which failed"],
    },
    Row {
        name: "a piece of work that does not end",
        services: "demo: {image: '{image}', command: 'sleep 60', oneshot: true, readiness: {timeout_seconds: 1}}",
        job: "true",
        code: 3,
        words: &["it had not ended"],
    },
    Row {
        name: "a piece of work that is done",
        services: "demo: {image: '{image}', command: 'echo done', oneshot: true}",
        job: "true",
        code: 0,
        words: &["demo: ready"],
    },
    Row {
        name: "a container that ends while tests run",
        services: "demo: {image: '{image}', command: 'sleep 3; echo gone; exit 5'}",
        job: "sleep 30",
        code: 3,
        words: &["ended with exit code 5", "gone", "a service it needs was lost"],
    },
    Row {
        name: "a container that is killed while tests run",
        services: "demo: {image: '{image}', command: 'sleep 60'}",
        job: "docker kill $(docker ps -q --filter label=apex.run=$APEX_RUN_ID); sleep 30",
        code: 3,
        words: &["was ended by signal 9", "a service it needs was lost"],
    },
    Row {
        name: "a container that somebody removes while tests run",
        services: "demo: {image: '{image}', command: 'sleep 60'}",
        job: "docker rm -f $(docker ps -q --filter label=apex.run=$APEX_RUN_ID); sleep 30",
        code: 3,
        words: &["a service it needs was lost"],
    },
    Row {
        name: "a container that uses too much memory",
        services: "demo: {image: '{image}', command: 'sleep 3; exec tail /dev/zero', memory_mb: 16}",
        job: "sleep 30",
        code: 3,
        words: &["used more than its memory of 16 MiB", "raise `memory_mb`"],
    },
    Row {
        name: "a container that has too many processes",
        services: "demo: {image: '{image}', command: 'sleep 60 & sleep 60 & sleep 60 & sleep 60 & wait', pids: 2, readiness: {log: '^never$'}}",
        job: "true",
        code: 3,
        words: &["can't fork"],
    },
    Row {
        name: "a container that does not end when asked",
        services: "demo: {image: '{image}', command: \"trap '' TERM; while :; do sleep 1; done\"}",
        job: "true",
        code: 0,
        words: &["demo: ready"],
    },
    Row {
        name: "a container that writes without a pause",
        services: "demo: {image: '{image}', command: 'yes', readiness: {log: y}}",
        job: "sleep 1",
        code: 0,
        words: &["demo: ready"],
    },
    Row {
        name: "a path outside of the project",
        services: "demo: {image: '{image}', command: 'sleep 60', volumes: ['/etc:/x']}",
        job: "true",
        code: 2,
        words: &["outside of the project", "consent: [outside_mounts]"],
    },
    Row {
        name: "the socket of the engine",
        services: "demo: {image: '{image}', command: 'sleep 60', volumes: ['/var/run/docker.sock:/x']}",
        job: "true",
        code: 2,
        words: &["every right over this machine", "consent: [engine_socket]"],
    },
    Row {
        name: "a privileged container",
        services: "demo: {image: '{image}', command: 'sleep 60', privileged: true}",
        job: "true",
        code: 2,
        words: &["every right over this machine", "consent: [privileged]"],
    },
    Row {
        name: "a path that is not there",
        services: "demo: {image: '{image}', command: 'sleep 60', volumes: ['./none:/x']}",
        job: "true",
        code: 3,
        words: &["`./none` cannot be mounted"],
    },
    Row {
        name: "a build without a recipe",
        services: "demo: {build: {context: .}, command: 'sleep 60'}",
        job: "true",
        code: 3,
        words: &["there is nothing to build", "Dockerfile does not exist"],
    },
];

#[test]
fn every_fault_of_a_container_is_said_and_leaves_nothing() {
    if !has_engine() {
        return;
    }
    // A few at a time: most of the time of a row is a wait.
    for rows in ROWS.chunks(4) {
        std::thread::scope(|scope| {
            for row in rows {
                scope.spawn(move || check(row));
            }
        });
    }
}

#[test]
fn a_container_that_is_unhealthy_is_told_with_what_its_check_wrote() {
    if !has_engine() {
        return;
    }
    let services = "demo: {build: {context: .}, command: 'sleep 60', readiness: {healthcheck: \
                    true, timeout_seconds: 4}}";
    let project = project(services, "true");
    let recipe = "FROM apex-test/busybox:1\nHEALTHCHECK --interval=1s --retries=1 CMD echo too few \
                  && false\n";
    project.write("Dockerfile", recipe);
    let answer = finish(run(&project, &[]));
    let row = Row {
        name: "an unhealthy container",
        services: "",
        job: "",
        code: 3,
        words: &["its health is unhealthy: too few"],
    };
    require(&row, &answer);
    assert_nothing_left(project.root());
}

#[test]
fn a_port_that_a_program_holds_is_told_with_the_program() {
    if !has_engine() {
        return;
    }
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let services = format!(
        "demo: {{image: '{{image}}', command: 'sleep 60', ports: {{main: 80}}, host_ports: {{main: \
         {port}}}}}"
    );
    let project = project(&services, "true");
    let answer = finish(run(&project, &[]));
    let words = ["is taken by", &format!("(pid {})", std::process::id())];
    for word in words {
        assert!(answer.stderr.contains(word), "no {word:?} in {}", answer.stderr);
    }
    assert_eq!(answer.status.code(), Some(3));
    assert_nothing_left(project.root());
}

#[test]
fn strangers_with_the_same_name_or_port_are_named_and_not_touched() {
    if !has_engine() {
        return;
    }
    let name = format!("apex-test-stranger-{}", std::process::id());
    let publish = ["--publish", "127.0.0.1::80"];
    let mut arguments = vec!["run", "--detach", "--rm", "--name", &name];
    arguments.extend(publish);
    arguments.extend(["apex-test/busybox:1", "sleep", "120"]);
    let stranger = docker(&arguments);
    let address = docker(&["port", &stranger, "80/tcp"]);
    let port = address.rsplit(':').next().unwrap();

    let alike = format!("{name}: {{image: '{{image}}', command: 'sleep 60'}}");
    let first = project(&alike, "true");
    let row = Row { name: "the same name", services: "", job: "", code: 0, words: &["ready"] };
    require(&row, &finish(run(&first, &[])));

    let taken = format!(
        "demo: {{image: '{{image}}', command: 'sleep 60', ports: {{main: 80}}, host_ports: {{main: \
         {port}}}}}"
    );
    let second = project(&taken, "true");
    let answer = finish(run(&second, &[]));
    let said = format!("is taken by the container `{name}`");
    assert!(answer.stderr.contains(&said), "no {said:?} in {}", answer.stderr);

    let runs = docker(&["inspect", "--format", "{{.State.Running}}", &stranger]);
    docker(&["rm", "--force", &stranger]);
    assert_eq!(runs, "true", "the stranger was touched");
    assert_nothing_left(first.root());
    assert_nothing_left(second.root());
}
