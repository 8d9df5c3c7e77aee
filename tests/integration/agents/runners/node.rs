//! Node's test runner: leaves, marks, files that break, and retries.

use apex_config::model::RunnerKind;
use apex_core::plan::{JobSpec, Work};
use apex_tests::tool::tool;

use super::drive::{Project, job};

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
    let Some(_) = tool("node") else { return };
    let project = Project::with(&[("a.test.mjs", SUITE)]);
    let driven = project.run(&files(&["a.test.mjs"]), None);
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
            "{name}: {driven:#?}"
        );
    }
    assert_eq!((driven.tests.len(), driven.problem), (9, None));
}

#[test]
fn a_file_that_breaks_is_named_with_its_error() {
    let Some(_) = tool("node") else { return };
    let begin = "import { test } from 'node:test'; test('first', () => {}); ";
    let with = |rest: &str| format!("{begin}{rest}");
    let project = Project::with(&[
        ("syntax.test.mjs", &with("syntax error(")),
        ("exit.test.mjs", &with("test('x', () => { process.exit(3); });")),
        ("kill.test.mjs", &with("test('x', () => { process.kill(process.pid, 'SIGKILL'); });")),
        ("pending.test.mjs", &with("test('x', async () => { await new Promise(() => {}); });")),
    ]);
    let driven = project.run(
        &files(&["syntax.test.mjs", "exit.test.mjs", "kill.test.mjs", "pending.test.mjs"]),
        None,
    );
    let expected = [
        ("syntax.test.mjs", "SyntaxError: Unexpected identifier"),
        ("exit.test.mjs", "the file ended its process with exit code 3"),
        ("kill.test.mjs", "the file was ended by SIGKILL"),
        ("pending.test.mjs::x", "Promise resolution is still pending"),
    ];
    for (id, message) in expected {
        assert_eq!(driven.outcome(id), "errored", "{id}: {driven:#?}");
        assert!(driven.message(id).starts_with(message), "{id}: {}", driven.message(id));
    }
    assert_eq!(driven.problem, None);
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
