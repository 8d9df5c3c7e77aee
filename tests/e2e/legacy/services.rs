//! Flags that say which services start, where they are, and which have to answer.

use std::net::TcpListener;

use apex_tests::project::{Project, finish};

/// A call with variables: the code, and everything that was said.
fn answer(project: &Project, line: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let words = super::words(line);
    let mut command = project.apex(&words.iter().map(String::as_str).collect::<Vec<_>>());
    command.envs(variables.iter().copied());
    let answer = finish(command);
    (answer.status.code(), format!("{}{}", answer.stdout, answer.stderr))
}

/// A port at which nobody listens.
const DEAD: &str = "redis://127.0.0.1:1";

#[test]
fn services_that_have_to_be_real_have_to_answer() {
    let file =
        "apex: 1\ncategories:\n  websocket: {command: \"true\"}\n  unit: {command: \"true\"}\n";
    let project = Project::new(&[("apex.yaml", file)]);
    let line = "--categories websocket unit --real-services";
    let (code, text) = answer(&project, line, &[("REDIS_URL", DEAD)]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("redis does not answer at 127.0.0.1:1"), "{text}");
    assert!(text.contains("unit            PASSED"), "what needs no service runs: {text}");
    assert!(text.contains("note: --real-services: backend_service is defined nowhere"), "{text}");
    let fine = format!("{line} --exit-codes fine");
    assert_eq!(answer(&project, &fine, &[("REDIS_URL", DEAD)]).0, Some(3));
    let without = format!("{line} --no-services");
    assert_eq!(answer(&project, &without, &[("REDIS_URL", DEAD)]).0, Some(0));
    let mocked = format!("{line} --mock-services");
    assert_eq!(answer(&project, &mocked, &[("REDIS_URL", DEAD)]).0, Some(0));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let (code, text) = answer(&project, line, &[("REDIS_PORT", &port)]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn containers_of_a_category_that_never_wants_them_start_when_they_are_asked_for() {
    let file = "apex: 1\ncategories:\n  mine: {command: \"true\", services: [cache], docker: never}\n\
                services:\n  cache: {image: \"cache:7\", ports: {main: 6379}}\n";
    let project = Project::new(&[("apex.yaml", file)]);
    let line = "--category mine --dry-run --progress-mode json";
    let (_, text) = answer(&project, line, &[]);
    assert!(!text.contains(r#""services":[0]"#), "{text}");
    assert!(
        text.contains("note: mine says `docker: never`: cache is not started for it"),
        "{text}"
    );
    for flag in ["--auto-services", "--start-docker", "--real-services"] {
        let (_, text) = answer(&project, &format!("{line} {flag}"), &[]);
        assert!(text.contains(r#""services":[0]"#), "{flag}: {text}");
    }
    let (_, text) = answer(&project, &format!("{line} --auto-services --no-docker"), &[]);
    assert!(text.contains("note: no container is started: cache"), "{text}");
}

#[test]
fn a_missing_engine_ends_the_run_before_the_first_test_when_it_was_asked_for() {
    let project =
        Project::new(&[("apex.yaml", "apex: 1\ncategories:\n  unit: {command: \"true\"}\n")]);
    let nowhere = [("DOCKER_HOST", "unix:///nonexistent/engine.sock")];
    let (code, text) = answer(&project, "--category unit --start-docker", &nowhere);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("error: no container engine answers"), "{text}");
    assert!(!text.contains("unit started"), "{text}");
    let (code, text) = answer(&project, "--category unit", &nowhere);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_service_that_answers_elsewhere_is_taken_from_there() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let file = |url: &str| {
        format!(
            "apex: 1\ncategories:\n  mine:\n    command: 'test \"$APEX_SERVICE_CACHE_URL\" = \"{url}\"'\n    \
             services: [cache]\nservices:\n  cache: {{image: \"absent:0\", pull: never, remote_url: \"{url}\", \
             ports: {{main: 6379}}}}\n"
        )
    };
    let alive = format!("redis://127.0.0.1:{port}");
    let project = Project::new(&[("apex.yaml", &file(&alive))]);
    let (code, text) = answer(&project, "--category mine --prefer-staging", &[]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = answer(&project, "--category mine --docker-bypass", &[]);
    assert_eq!(code, Some(0), "{text}");
    let project = Project::new(&[("apex.yaml", &file(DEAD))]);
    let (code, text) = answer(&project, "--category mine --prefer-staging", &[]);
    assert_eq!(code, Some(1), "the engine comes second, and has no such image: {text}");
}
