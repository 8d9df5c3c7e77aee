//! The example with real services: containers, programs, and `apex services`.

use apex_tests::apex::apex;
use apex_tests::docker::{assert_nothing_left, has_databases};
use apex_tests::project::{Project, finish};
use apex_tests::tool::{tool, tool_answers};
use apex_tests::watchdog::Finished;

const IMAGES: [(&str, &str); 2] =
    [("POSTGRES_IMAGE", "apex-test/postgres:1"), ("REDIS_IMAGE", "apex-test/redis:1")];

fn has_python() -> bool {
    tool_answers("pytest", "python3", &["-c", "import pytest, psycopg, redis"])
}

fn call(project: &Project, arguments: &[&str]) -> Finished {
    let mut command = apex();
    command.current_dir(project.root()).args(arguments).envs(IMAGES);
    finish(command)
}

#[test]
fn tests_write_and_read_with_containers() {
    if !has_databases() || !has_python() {
        return;
    }
    let project = Project::copy_of("examples/orders");
    let answer = call(&project, &["run"]);
    assert_eq!(answer.status.code(), Some(0), "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stderr.contains("4 tests") || answer.stdout.contains("4 tests"), "{answer:?}");
    assert_nothing_left(project.root());
}

#[test]
fn tests_write_and_read_with_programs_and_without_any_engine() {
    let servers = "command -v redis-check-rdb && ls /usr/lib/postgresql/*/bin/postgres";
    if !tool_answers("docker", "sh", &["-c", servers]) || !has_python() {
        return;
    }
    // The server and its check of files are one program, and the smaller package has only this.
    let programs = tempfile::tempdir().unwrap();
    let server = tool("redis-check-rdb").unwrap();
    std::os::unix::fs::symlink(server, programs.path().join("redis-server")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", programs.path().display());
    let project = Project::copy_of("examples/orders");
    let mut command = apex();
    command.current_dir(project.root()).args(["run", "--config", "processes.yaml"]);
    command.env("DOCKER_HOST", "unix:///none").env("PATH", path);
    let answer = finish(command);
    assert_eq!(answer.status.code(), Some(0), "{}{}", answer.stdout, answer.stderr);
}

#[test]
fn services_stand_between_runs_until_they_are_taken_away() {
    if !has_databases() {
        return;
    }
    let project = Project::copy_of("examples/orders");
    let up = call(&project, &["services", "up", "postgres", "redis"]);
    assert_eq!(up.status.code(), Some(0), "{}", up.stderr);
    assert!(up.stdout.contains("DATABASE_URL=postgresql://postgres@127.0.0.1:"), "{}", up.stdout);
    let again = call(&project, &["services", "up", "redis", "postgresql"]);
    assert_eq!(again.stdout, up.stdout, "the same containers");
    let env = call(&project, &["services", "env"]);
    assert_eq!(env.stdout, up.stdout);
    let status = call(&project, &["services", "ps"]);
    for word in ["postgresql", "redis", "kept", "not up", "a program of each run"] {
        assert!(status.stdout.contains(word), "no {word:?} in {}", status.stdout);
    }
    let json = call(&project, &["services", "status", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["services"].as_array().unwrap().len(), 2, "{}", json.stdout);
    let logs = call(&project, &["services", "logs", "postgres"]);
    assert!(logs.stdout.contains("ready to accept connections"), "{}", logs.stdout);
    let down = call(&project, &["services", "down"]);
    assert_eq!(down.status.code(), Some(0), "{}", down.stderr);
    assert_nothing_left(project.root());
    let logs = call(&project, &["services", "logs", "postgres"]);
    assert_eq!(logs.status.code(), Some(3), "{}", logs.stderr);
    let unknown = call(&project, &["services", "up", "nobody"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(unknown.stderr.contains("unknown service `nobody`"), "{}", unknown.stderr);
    let program = call(&project, &["services", "up", "backend"]);
    assert_eq!(program.status.code(), Some(2));
    assert!(program.stderr.contains("only containers stand"), "{}", program.stderr);
}
