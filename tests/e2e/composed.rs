//! Services of a compose file in a run, with a real engine.

use apex_tests::docker::{assert_nothing_left, has_databases, has_engine};
use apex_tests::project::Project;
use apex_tests::tool::tool;

const LAYERS: &str = r#"apex: 1
layers:
  quick:
    categories:
      - name: greeting
        command: [python3, test.py]
        services: [site]
services:
  site: {compose: {file: deploy/compose.yaml, service: web}}
"#;

const COMPOSE: &str = r#"services:
  store:
    image: apex-test/redis:${TAG:-1}
    command: redis-server --save "" --protected-mode no
    ports: ["6379"]
    ulimits: {nofile: 4096}
    stop_signal: SIGKILL
  seed:
    image: apex-test/redis:1
    command: [redis-cli, -h, store, set, greeting, "hello $$HOME"]
    depends_on: {store: {condition: service_healthy}}
  web:
    image: apex-test/busybox:1
    command: sh -c 'ulimit -n > /limit; exec httpd -f -p 7000 -h /'
    depends_on: {seed: {condition: service_completed_successfully}}
    healthcheck: {test: [CMD, wget, -q, -O, /dev/null, "http://localhost:7000/ok"]}
    ulimits: {nofile: 77}
    stop_signal: SIGKILL
    expose: [7000]
    dns: 1.1.1.1
"#;

const TEST: &str = r#"import os, socket

def at(name):
    prefix = "APEX_SERVICE_" + name
    return socket.create_connection((os.environ[prefix + "_HOST"], int(os.environ[prefix + "_PORT"])))

store = at("STORE")
store.sendall(b"GET greeting\r\n")
assert b"hello $HOME" in store.recv(99)
web = at("SITE")
web.sendall(b"GET /limit HTTP/1.0\r\n\r\n")
assert web.makefile().read().endswith("77\n")
"#;

#[test]
fn a_layer_file_runs_against_services_of_a_compose_file() {
    if !has_engine() || !has_databases() {
        return;
    }
    let Some(_) = tool("python3") else { return };
    let project =
        Project::new(&[("apex.yaml", LAYERS), ("deploy/compose.yaml", COMPOSE), ("test.py", TEST)]);
    let plan = project.run(&["plan"]);
    let order =
        ["ready within 30 s; required by greeting", "after store; ready within 30 s; site depends"];
    for line in order {
        assert!(plan.stdout.contains(line), "{}", plan.stdout);
    }
    let run = project.run(&["run"]);
    assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
    let left_out = "deploy/compose.yaml:20:5: services.web.dns: `dns` is not supported";
    assert!(run.stderr.contains(left_out), "{}", run.stderr);
    assert_nothing_left(project.root());
}
