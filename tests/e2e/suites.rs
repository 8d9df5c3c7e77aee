//! Real suites that nobody wrote for Apex: it must count what their own frameworks count, and
//! name the test that fails, hangs or kills its process.
//!
//! The suites come from package registries, so these tests run where `APEX_TEST_REQUIRE` lists
//! `suites` or the folder `APEX_TEST_SUITES` exists, and say elsewhere that they were skipped.
//! What the suites are is in `tests/suites/README.md`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use apex_tests::apex::apex;
use apex_tests::junit::{Case, Counts, Ended, cases};
use apex_tests::tool::required;
use apex_tests::watchdog::{Finished, finish_within};

/// The slowest suite takes about a minute with compiling; this only catches what never ends.
const LIMIT: Duration = Duration::from_secs(15 * 60);

#[test]
fn click_is_counted_as_pytest_counts_it() {
    compare("click", pytest_counts);
}

/// 61 tests of it rely on what another file imports. Where these come into different parts, they
/// fail there, and are red in no run.
#[test]
fn click_is_never_red_because_it_ran_in_parts() {
    let Some(suites) = suites() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let project = folder.path().join("click");
    let copied = Command::new("cp").arg("-r").arg(suites.join("click")).arg(&project).status();
    assert!(copied.is_ok_and(|status| status.success()), "click is copied");
    let earlier = std::fs::remove_dir_all(project.join(".apex"));
    assert!(earlier.is_ok() || !project.join(".apex").exists());
    let (first, whole) = run_apex(&project);
    let (second, in_parts) = run_apex(&project);
    assert_eq!(
        (first.status.code(), second.status.code()),
        (Some(0), Some(0)),
        "{}",
        second.stderr
    );
    let jobs = |answer: &Finished| answer.stdout.matches("\"type\":\"job.finished\"").count();
    assert_eq!((jobs(&first), jobs(&second) > 1), (1, true), "only the second run is cut");
    assert_eq!(Counts::of(&whole), Counts::of(&in_parts), "whole (left), in parts (right)");
    let doubts = |answer: &Finished| {
        let doubted = answer.stdout.contains("\"type\":\"job.doubted\"");
        let depends = "\"type\":\"category.depends_on_order\"";
        let named = answer.stdout.lines().filter(|line| line.contains(depends));
        let count = named.count();
        assert_eq!(doubted, count > 0, "{count} tests that depend on their order");
        count
    };
    // Once may be chance: what went wrong in a part in two runs is not cut again.
    let mut wrong = vec![doubts(&second)];
    let (third, _) = run_apex(&project);
    assert_eq!(third.status.code(), Some(0), "{}", third.stderr);
    wrong.push(doubts(&third));
    let (fourth, _) = run_apex(&project);
    assert_eq!(fourth.status.code(), Some(0), "{}", fourth.stderr);
    let signs = wrong.iter().filter(|&&count| count > 0).count();
    assert!(
        signs < 2 || jobs(&fourth) == 1,
        "it is cut again after {wrong:?} tests depended on it"
    );
}

#[test]
fn more_itertools_is_counted_as_unittest_counts_it() {
    compare("more-itertools", unittest_counts);
}

/// In six jobs, which share processes of pytest: its doctests, sub-tests and class fixtures too.
#[test]
fn more_itertools_in_parts_is_counted_as_pytest_counts_it() {
    let Some(suites) = suites() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let project = folder.path().join("more-itertools");
    let from = suites.join("more-itertools");
    let copied = Command::new("cp").arg("-r").arg(from).arg(&project).status();
    assert!(copied.is_ok_and(|status| status.success()), "more-itertools is copied");
    let layers = "apex: 1\nlayers:\n  suite:\n    resource_limits: {max_parallel_instances: 2}\n    \
                  categories:\n      - {name: more, runner: pytest, paths: [tests], shards: 6, \
                  timeout_seconds: 300}\n";
    std::fs::write(project.join("apex.yaml"), layers).expect("a layer file");
    let (answer, found) = run_apex(&project);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert_eq!(Counts::of(&found), pytest_counts(&project), "apex (left), framework (right)");
}

#[test]
fn bytes_is_counted_as_cargo_counts_it() {
    compare("bytes", cargo_counts);
}

#[test]
fn light_my_request_is_counted_as_node_counts_it() {
    compare("light-my-request", node_counts);
}

#[test]
fn a_broken_test_in_click_is_named() {
    find_what_is_broken("click", pytest_counts);
}

#[test]
fn a_broken_test_in_more_itertools_is_named() {
    find_what_is_broken("more-itertools", unittest_counts);
}

#[test]
fn a_broken_test_in_bytes_is_named() {
    find_what_is_broken("bytes", cargo_counts);
}

#[test]
fn a_broken_test_in_light_my_request_is_named() {
    find_what_is_broken("light-my-request", node_counts);
}

/// Runs a framework in a folder and says what it counted itself.
type Count = fn(&Path) -> Counts;

/// Runs a sound suite with Apex and with its own framework.
fn compare(suite: &str, count: Count) {
    let Some(suites) = suites() else { return };
    let project = suites.join(suite);
    let (answer, found) = run_apex(&project);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    assert_eq!(Counts::of(&found), count(&project), "{suite}: apex (left), framework (right)");
}

/// Runs the three broken copies of a suite with Apex: what is broken is named, the rest is kept.
fn find_what_is_broken(suite: &str, count: Count) {
    let mut passed = 0;
    for copy in broken().iter().filter(|copy| copy["suite"] == suite) {
        let project = Path::new(copy["project"].as_str().expect("the folder of a copy"));
        let (answer, found) = run_apex(project);
        let counts = Counts::of(&found);
        let place = project.display();
        assert_eq!(answer.status.code(), Some(1), "{place}: {}", answer.stderr);
        for name in copy["named"].as_array().expect("names of tests") {
            let name = name.as_str().expect("the name of a test");
            assert!(is_bad(&found, name), "{place}: `{name}` is not reported as broken");
        }
        // What hangs or dies takes the summary of its framework with it; a failure does not, and
        // comes first.
        if copy["variant"] == "fail" {
            let own = count(project);
            assert_eq!(counts, own, "{place}: apex (left), framework (right)");
            passed = own.passed;
        }
        // What a time limit cut is not missing: it is reported as not run.
        let cut = copy["cut"].as_u64().expect("a number of tests");
        let cut = usize::try_from(cut).expect("a small number");
        assert!(counts.passed + cut >= passed, "{place}: {} of {passed} passed", counts.passed);
        assert!(counts.skipped >= cut, "{place}: {} of {cut} are said to be cut", counts.skipped);
    }
}

/// Whether a test whose name holds this is reported, and as failed or errored.
fn is_bad(found: &[Case], name: &str) -> bool {
    let mut named = found.iter().filter(|case| case.name.contains(name)).peekable();
    named.peek().is_some() && named.all(|case| matches!(case.ended, Ended::Failed | Ended::Errored))
}

/// Runs Apex in a folder; every line on its standard output must be a JSON object.
fn run_apex(project: &Path) -> (Finished, Vec<Case>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("junit.xml");
    let mut command = apex();
    command.arg("run").arg("--project").arg(project);
    command.args(["--progress-mode", "json", "--junit"]).arg(&report);
    let answer = finish(command);
    for line in answer.stdout.lines() {
        let value: Result<serde_json::Value, _> = serde_json::from_str(line);
        assert!(value.is_ok_and(|value| value.is_object()), "not a JSON object: {line}");
    }
    let text = std::fs::read_to_string(&report)
        .unwrap_or_else(|error| panic!("no JUnit file ({error}): {}", answer.stderr));
    (answer, cases(&text))
}

fn pytest_counts(project: &Path) -> Counts {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("junit.xml");
    let mut command = Command::new(venv_program("python"));
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml"]).arg(&report);
    let answer = finish_in(project, command);
    let text = std::fs::read_to_string(&report)
        .unwrap_or_else(|error| panic!("no JUnit file ({error}): {}", answer.stdout));
    Counts::of(&cases(&text))
}

/// Reads `Ran 929 tests in …` and `FAILED (failures=1, skipped=2)`.
fn unittest_counts(project: &Path) -> Counts {
    let mut command = Command::new(venv_program("python"));
    command.args(["-m", "unittest", "discover", "-s", "tests", "-t", "."]);
    let text = finish_in(project, command).stderr;
    let ran: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("no summary of unittest in: {text}"));
    let summary = text.lines().last().unwrap_or_default();
    let of = |word: &str| -> usize {
        summary
            .split(['(', ',', ')'])
            .find_map(|part| part.trim().strip_prefix(word)?.strip_prefix('=')?.parse().ok())
            .unwrap_or(0)
    };
    let (failed, errored, skipped) = (of("failures"), of("errors"), of("skipped"));
    Counts { passed: ran - failed - errored - skipped, failed, errored, skipped }
}

/// Adds up `test result: ok. 4 passed; 0 failed; 0 ignored; …` over all targets.
fn cargo_counts(project: &Path) -> Counts {
    let mut command = Command::new("cargo");
    command.args(["test", "--no-fail-fast"]);
    let text = finish_in(project, command).stdout;
    let of = |word: &str| -> usize {
        text.lines()
            .filter_map(|line| line.strip_prefix("test result: "))
            .flat_map(|summary| summary.split(['.', ';']))
            .filter_map(|part| part.trim().strip_suffix(word)?.trim().parse::<usize>().ok())
            .sum()
    };
    Counts { passed: of("passed"), failed: of("failed"), errored: 0, skipped: of("ignored") }
}

/// Reads the `# pass 184` lines at the end of Node's TAP.
fn node_counts(project: &Path) -> Counts {
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=tap"]);
    let text = finish_in(project, command).stdout;
    let of = |word: &str| -> usize {
        text.lines()
            .rev()
            .find_map(|line| line.strip_prefix("# ")?.strip_prefix(word)?.trim().parse().ok())
            .unwrap_or_else(|| panic!("no `# {word}` in the summary of node: {text}"))
    };
    Counts {
        passed: of("pass"),
        failed: of("fail"),
        errored: of("cancelled"),
        skipped: of("skipped"),
    }
}

/// The folder with the suites, set up once; `None`, with a word about it, where they are not
/// asked for.
fn suites() -> Option<&'static Path> {
    static SUITES: OnceLock<Option<PathBuf>> = OnceLock::new();
    SUITES.get_or_init(set_up).as_deref()
}

fn set_up() -> Option<PathBuf> {
    let given = std::env::var_os("APEX_TEST_SUITES").map(PathBuf::from);
    if !required("suites") && !given.as_deref().is_some_and(Path::is_dir) {
        eprintln!("SKIPPED: the real suites; set APEX_TEST_REQUIRE=suites to fetch and run them");
        return None;
    }
    let folder = given.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("suites"));
    let mut command = Command::new(script("fetch.sh"));
    command.arg(&folder);
    let answer = finish_within(command, LIMIT).expect("fetch.sh ends within the limit");
    assert!(answer.status.success(), "fetch.sh: {}\n{}", answer.status, answer.stderr);
    Some(folder)
}

/// What `break.py` made of the suites; nothing where they are not asked for.
fn broken() -> &'static [serde_json::Value] {
    static BROKEN: OnceLock<Vec<serde_json::Value>> = OnceLock::new();
    BROKEN.get_or_init(|| {
        let Some(folder) = suites() else { return Vec::new() };
        let mut command = Command::new("python3");
        command.arg(script("break.py")).arg(folder);
        let answer = finish_within(command, LIMIT).expect("break.py ends within the limit");
        assert!(answer.status.success(), "break.py: {}", answer.stderr);
        serde_json::from_str(&answer.stdout).expect("break.py prints a JSON list")
    })
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites").join(name)
}

fn venv_program(name: &str) -> PathBuf {
    suites().expect("a suite is running").join("venv/bin").join(name)
}

fn finish_in(project: &Path, mut command: Command) -> Finished {
    command.current_dir(project);
    finish(command)
}

/// Runs a program that finds the Python of the suites first.
fn finish(mut command: Command) -> Finished {
    let venv = suites().expect("a suite is running").join("venv/bin");
    let outer = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(venv).chain(std::env::split_paths(&outer));
    let path: OsString = std::env::join_paths(folders).expect("folders without a separator");
    command.env("PATH", path);
    let line = format!("{command:?}");
    finish_within(command, LIMIT).unwrap_or_else(|| panic!("not done in {LIMIT:?}: {line}"))
}
