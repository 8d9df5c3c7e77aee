//! A secret of the environment is in nothing that Apex writes or prints.

use std::fs;
use std::path::Path;

use apex_tests::project::{Project, finish};

const TOKEN: &str = "tok-9f8e7d6c5b4a";

/// A job that writes a secret in every way it can, and a service that does so too.
const LAYERS: &str = r#"apex: 1
secrets:
  files: [keys.env]
layers:
  fast_feedback:
    required_services: [echo]
    categories:
      - name: leaky
        env: {LEAK: "${DEPLOY_TOKEN:-}"}
        command: ["./leak.sh"]
services:
  echo:
    process: {command: "echo service says $DEPLOY_TOKEN; printenv DEPLOY_TOKEN | base64; exec sleep 60"}
    readiness: {log: "service says"}
"#;

const SCRIPT: &str = r#"#!/bin/sh
echo "plain $DEPLOY_TOKEN"
printf %s "user:$DEPLOY_TOKEN" | base64
printf %s "${DEPLOY_TOKEN%5b4a}"; sleep 0.1; echo 5b4a
echo "error: $DEPLOY_TOKEN was refused, and from-a-file-42" >&2
exit 3
"#;

#[test]
fn a_secret_is_in_nothing_that_is_printed_or_kept() {
    let project = Project::new(&[
        ("apex.yaml", LAYERS),
        ("leak.sh", SCRIPT),
        ("keys.env", "# for deployment\nKEY_OF_FILE=from-a-file-42\n"),
    ]);
    make_executable(&project.root().join("leak.sh"));
    for arguments in [
        &["run", "--mode", "fast_feedback"][..],
        &["run", "--mode", "fast_feedback", "--progress-mode", "json"],
        &["plan", "--mode", "fast_feedback", "--json"],
        &["explain", "leaky"],
    ] {
        let mut command = project.apex(arguments);
        command.env("DEPLOY_TOKEN", TOKEN);
        let said = finish(command);
        assert!(!said.stdout.is_empty() || !said.stderr.is_empty(), "{arguments:?} said nothing");
        assert_clean(&said.stdout, "standard output");
        assert_clean(&said.stderr, "standard error");
    }
    let run = project.last_run();
    let output = fs::read_to_string(run.join("output/leaky-0-1.log")).unwrap_or_default();
    let logs = read_all(&run);
    assert!(logs.contains("plain ***"), "{output}{logs}");
    assert!(logs.contains("service says ***"), "{logs}");
    assert_clean(&logs, "the record of the run");
}

#[test]
fn a_secret_that_is_too_short_is_said_once() {
    let project = Project::new(&[(
        "apex.yaml",
        "apex: 1\nlayers: {fast_feedback: {categories: [{name: one, command: \"true\"}]}}\n",
    )]);
    let mut command = project.apex(&["run", "--mode", "fast_feedback"]);
    command.env("SOME_TOKEN", "abc").env("MAIN_PASSWORD", "postgres");
    let said = finish(command).stderr;
    let told = said.matches("not masked in output").count();
    assert_eq!(told, 1, "{said}");
    assert!(said.contains("MAIN_PASSWORD, SOME_TOKEN"), "{said}");
}

#[test]
fn names_that_are_no_secrets_can_be_said() {
    let project = Project::new(&[(
        "apex.yaml",
        "apex: 1\nsecrets: {except: [DEPLOY_*], variables: [shown_*]}\nlayers: {fast_feedback: \
         {categories: [{name: one, command: \"echo $DEPLOY_TOKEN $SHOWN_ONCE\"}]}}\n",
    )]);
    let mut command = project.apex(&["run", "--mode", "fast_feedback"]);
    command.env("DEPLOY_TOKEN", TOKEN).env("SHOWN_ONCE", "a-value-that-is-hidden");
    let _ = finish(command);
    let record = read_all(&project.last_run());
    assert!(record.contains(&format!("{TOKEN} ***")), "{record}");
}

/// Fails when a text holds a secret in some form.
fn assert_clean(text: &str, what: &str) {
    // Base64 of `user:` and the token, cut where the prefix has no part in it.
    for form in [TOKEN, "from-a-file-42", "LTlmOGU3ZDZjNWI0", "dG9rLTlmOGU3ZDZjNWI0"] {
        assert!(!text.contains(form), "{what} holds {form}:\n{text}");
    }
}

/// The texts of all files below a folder.
fn read_all(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text.push_str(&read_all(&path));
        } else {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).expect("a file")));
        }
    }
    text
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a script");
}
