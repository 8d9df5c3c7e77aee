//! Node's test runner: leaves, marks, files that break, and retries.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use apex_agents::runners::Tools;
use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::plan::{JobSpec, Work};
use apex_tests::tool::tool;

use super::drive::{Driven, Project, job, run_until, run_with};

/// The versions of Node to try: the one on `PATH`, and those that `APEX_TEST_NODES` names.
fn nodes() -> Vec<String> {
    let more = std::env::var_os("APEX_TEST_NODES").unwrap_or_default();
    let more = std::env::split_paths(&more).filter(|path| !path.as_os_str().is_empty());
    let more = more.map(|path| path.display().to_string());
    tool("node").into_iter().map(|path| path.display().to_string()).chain(more).collect()
}

const SUITE: &str = r#"
import { test, describe, it, before } from 'node:test';
import assert from 'node:assert';
describe('outer', () => {
  it('ok', () => { console.log('hello'); });
  describe('inner', () => {
    it('bad', () => { assert.equal(1, 2); });
    it.todo('later');
    it('why', { skip: 'reason' }, () => {});
    it('todofail', { todo: 'soon' }, () => { assert.ok(false); });
  });
});
test('top', async (t) => { await t.test('sub', () => {}); });
test('a.*(b) {out}', () => {});
test('twice', () => {});
test('twice', () => {});
"#;

fn files(paths: &[&str]) -> JobSpec {
    let Work::Tests { markers, keyword, ignore, arguments, .. } = job(RunnerKind::Node).work else {
        unreachable!("a job of tests")
    };
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    JobSpec {
        work: Work::Tests { paths, markers, keyword, ignore, arguments },
        ..job(RunnerKind::Node)
    }
}

#[test]
fn leaves_are_tests_and_marks_are_skips() {
    let project = Project::with(&[("a.test.mjs", SUITE)]);
    nodes().iter().for_each(|node| check_leaves(&run(&project, node, &["a.test.mjs"]), node));
}

fn check_leaves(driven: &Driven, node: &str) {
    let expected = [
        ("outer > ok", "passed", ""),
        ("outer > inner > bad", "failed", "1 == 2"),
        ("outer > inner > later", "skipped", "to do"),
        ("outer > inner > why", "skipped", "reason"),
        ("outer > inner > todofail", "skipped", "to do: soon"),
        ("top > sub", "passed", ""),
        ("a.*(b) {out}", "passed", ""),
        ("twice", "passed", ""),
        ("twice #2", "passed", ""),
    ];
    for (name, outcome, message) in expected {
        let id = format!("a.test.mjs::{name}");
        assert_eq!(
            (driven.outcome(&id), driven.message(&id)),
            (outcome, message),
            "{node}: {name}: {driven:#?}"
        );
    }
    assert_eq!((driven.tests.len(), &driven.problem), (9, &None), "{node}");
}

/// Runs files with a version of Node.
fn run(project: &Project, node: &str, paths: &[&str]) -> Driven {
    run_with(project.path(), &files(paths), None, &tools(node))
}

fn tools(node: &str) -> Tools {
    Tools { node: node.to_owned(), ..Tools::default() }
}

fn version(node: &str) -> (u32, u32) {
    let output = Command::new(node).arg("--version").output().expect("node starts");
    let text = String::from_utf8_lossy(&output.stdout).trim().replace('v', "");
    let mut numbers = text.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}

/// Whether a version of Node knows the groups around a running test: from 20.16 and 22.3 on.
fn knows_groups(node: &str) -> bool {
    let version = version(node);
    version >= (22, 3) || ((20, 16)..(21, 0)).contains(&version)
}

const FIRST: &str = "import { test, describe, it } from 'node:test';\ntest('first', () => {});\n";

#[test]
fn what_breaks_a_file_is_named_and_what_had_passed_is_kept() {
    let with = |rest: &str| format!("{FIRST}{rest}");
    let project = Project::with(&[
        ("syntax.test.mjs", &with("syntax error(")),
        ("exit.test.mjs", &with("test('x', () => { process.exit(3); });\ntest('y', () => {});")),
        (
            "kill.test.mjs",
            &with(
                "describe('in', () => { it('x', () => process.kill(process.pid, 'SIGKILL')); });",
            ),
        ),
        (
            "throw.test.mjs",
            &with("test('x', (t, done) => { setImmediate(() => process.abort()); });"),
        ),
        ("silent.test.mjs", &with("test('x', async () => { process.exit(0); });")),
        ("pending.test.mjs", &with("test('x', async () => { await new Promise(() => {}); });")),
        ("fine.test.mjs", FIRST),
    ]);
    let paths = ["syntax", "exit", "kill", "throw", "silent", "pending", "fine"];
    let paths: Vec<String> = paths.iter().map(|name| format!("{name}.test.mjs")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    for node in nodes() {
        // Node 24 waits for ever for a promise that nobody keeps.
        let ends = |file: &&str| !file.starts_with("pending") || version(&node) < (24, 0);
        let paths: Vec<&str> = paths.iter().copied().filter(ends).collect();
        let driven = run(&project, &node, &paths);
        let inside = if knows_groups(&node) { "in > x" } else { "x" };
        let expected = [
            ("syntax.test.mjs".to_owned(), "SyntaxError: "),
            ("exit.test.mjs::x".to_owned(), "ended the process with exit code 3 while it ran"),
            (format!("kill.test.mjs::{inside}"), "killed by SIGKILL while it ran"),
            ("throw.test.mjs::x".to_owned(), "killed by SIGABRT while it ran"),
            ("silent.test.mjs::x".to_owned(), "ended the process with exit code 0 while it ran"),
            ("pending.test.mjs::x".to_owned(), "Promise resolution is still pending"),
        ];
        for (id, message) in expected.into_iter().filter(|(id, _)| ends(&&**id)) {
            assert_eq!(driven.outcome(&id), "errored", "{node}: {id}: {driven:#?}");
            assert!(driven.message(&id).starts_with(message), "{id}: {}", driven.message(&id));
        }
        let files = ["exit", "kill", "throw", "silent", "pending", "fine"];
        for file in files.into_iter().filter(ends) {
            let id = format!("{file}.test.mjs::first");
            let is_told = knows_groups(&node) || matches!(file, "pending" | "fine");
            let kept = if is_told { "passed" } else { driven.outcome(&id) };
            assert_eq!(driven.outcome(&id), kept, "{node}: {id}: {driven:#?}");
        }
        assert_eq!((driven.count(Outcome::Failed), &driven.problem), (0, &None), "{node}");
        let whole = driven.tests.keys().filter(|id| !id.contains("::")).count();
        assert_eq!(whole, 1, "{node}: only the file without a culprit stands for itself");
    }
}

#[test]
fn a_test_that_hangs_is_named_and_what_ended_elsewhere_is_kept() {
    let hangs = "test('hangs', async () => { writeFileSync('it.ran', ''); \
                 await new Promise((done) => setTimeout(done, 600_000)); });\n";
    let project = Project::with(&[(
        "a.test.mjs",
        &format!(
            "import {{ writeFileSync }} from 'node:fs';\n{FIRST}test('bad', () => {{ throw new \
                  Error('no'); }});\n{hangs}test('never', () => {{}});\n"
        ),
    )]);
    for node in nodes() {
        let mark = project.path().join("it.ran");
        let spec = files(&["a.test.mjs"]);
        let driven = run_until(project.path(), &spec, &tools(&node), |_| mark.exists());
        std::fs::remove_file(&mark).expect("the test ran");
        let hanging = "a.test.mjs::hangs".to_owned();
        assert!(driven.started.contains(&hanging), "{node}: {driven:#?}");
        assert_ne!(driven.outcome(&hanging), "passed", "{node}");
        // Older versions tell how a test ended a little later than that it did.
        if knows_groups(&node) {
            assert_eq!(driven.outcome("a.test.mjs::first"), "passed", "{node}: {driven:#?}");
            assert_eq!(driven.outcome("a.test.mjs::bad"), "failed", "{node}: {driven:#?}");
        }
        assert_eq!(driven.outcome("a.test.mjs::never"), "-", "{node}: {driven:#?}");
    }
}

#[test]
fn programs_that_a_test_starts_tell_nothing() {
    let project = Project::with(&[
        ("inner.test.cjs", "require('node:test').test('inner', () => {});\n"),
        (
            "outer.test.mjs",
            "import { execFileSync } from 'node:child_process';\nimport { test } from 'node:test';\n\
             test('outer', () => { execFileSync(process.execPath, ['inner.test.cjs']); });\n",
        ),
    ]);
    for node in nodes() {
        let driven = run(&project, &node, &["outer.test.mjs"]);
        let names: Vec<&String> = driven.tests.keys().collect();
        assert_eq!(names, ["outer.test.mjs::outer"], "{node}: {driven:#?}");
    }
}

#[test]
fn long_texts_of_several_files_arrive_whole() {
    let long = "import { test } from 'node:test';\nfor (const n of [1, 2, 3]) test(`t${n}`, () => { \
                console.log('\u{e9}\u{1f600}\\u001b\\n'.repeat(9000)); throw new Error('x'.repeat(90_000)); });\n";
    let project = Project::with(&[("a.test.mjs", long), ("b.test.mjs", long)]);
    for node in nodes() {
        let driven = run(&project, &node, &["a.test.mjs", "b.test.mjs"]);
        assert_eq!((driven.tests.len(), driven.count(Outcome::Failed)), (6, 6), "{node}");
        assert!(driven.details.values().all(|text| text.len() > 60_000), "{node}");
    }
}

#[test]
fn a_node_that_is_too_old_is_the_fault_of_the_environment() {
    let old = "#!/bin/sh\necho \"node: bad option: --test-reporter=x\" >&2\nexit 9\n";
    let project = Project::with(&[("node", old), ("a.test.mjs", FIRST)]);
    let node = project.path().join("node");
    std::fs::set_permissions(&node, std::fs::Permissions::from_mode(0o755)).expect("a program");
    let driven = run(&project, &node.display().to_string(), &["a.test.mjs"]);
    let reason = driven.unable.expect("nothing could run");
    assert!(reason.contains("too old") && reason.contains("install Node 18.20"), "{reason}");
}

#[test]
fn a_retry_reports_exactly_its_tests() {
    let Some(_) = tool("node") else { return };
    let project = Project::with(&[("web/a.test.mjs", SUITE), ("web/b.test.mjs", SUITE)]);
    let spec = JobSpec { working_directory: "web".into(), ..files(&["a.test.mjs", "b.test.mjs"]) };
    let only = [
        "web/a.test.mjs::a.*(b) {out}",
        "web/a.test.mjs::outer > inner > bad",
        "web/a.test.mjs::top > sub",
    ];
    let driven = project.run(&spec, Some(&only));
    assert_eq!(driven.tests.keys().collect::<Vec<_>>(), only, "{driven:#?}");
    assert_eq!(driven.outcome(only[1]), "failed");
}

#[test]
fn a_file_that_does_not_exist_is_a_problem() {
    let Some(_) = tool("node") else { return };
    let project = Project::with(&[]);
    let problem = project.run(&files(&["missing.test.mjs"]), None).problem;
    assert!(
        problem.as_ref().is_some_and(|problem| problem.contains("missing.test.mjs")),
        "{problem:?}"
    );
}
