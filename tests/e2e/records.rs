//! Recorded runs: reports of every format, lists, comparisons, checks, replays, other dialects.

use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;
use serde_json::Value;

const FORMATS: [&str; 8] = ["junit", "ctrf", "html", "markdown", "csv", "github", "trace", "brief"];

fn project() -> Project {
    Project::new(&[
        ("pytest.ini", "[pytest]\n"),
        (
            "tests/test_sums.py",
            "def test_good():\n    assert True\n\n\ndef test_bad(tmp_path):\n    assert 1 == 2\n",
        ),
        (
            "apex.yaml",
            "apex: 1
layers:
  fast:
    categories:
      - {name: sums, runner: pytest, paths: [tests]}
",
        ),
    ])
}

fn is_possible() -> bool {
    tool("pytest").is_some()
}

#[test]
fn every_format_of_a_run_is_made_beside_it_and_from_its_record() {
    if !is_possible() {
        return;
    }
    let project = project();
    let mut call = project.apex(&["run", "--layers", "fast", "-q"]);
    for format in FORMATS {
        call.args(["--report", format]);
    }
    let answer = finish(call);
    assert_eq!(answer.status.code(), Some(1), "reports change no verdict: {}", answer.stderr);
    assert!(answer.stdout.contains("verdict: failed"), "{}", answer.stdout);
    assert!(answer.stdout.contains("::error "), "{}", answer.stdout);
    let run = project.last_run();
    for file in ["junit.xml", "ctrf.json", "report.html", "report.md", "tests.csv", "trace.json"] {
        assert!(run.join(file).metadata().is_ok_and(|file| file.len() > 0), "{file}");
    }
    for format in FORMATS {
        let answer = project.run(&["report", "last", "--format", format]);
        assert_eq!(answer.status.code(), Some(0), "{format}: {}", answer.stderr);
        assert!(answer.stdout.contains("test_bad"), "{format}: {}", answer.stdout);
        let moved = project.run(&["report", run.to_str().expect("UTF-8"), "--format", format]);
        assert_eq!(moved.stdout, answer.stdout, "{format}: a directory means the same run");
    }
}

#[test]
fn the_command_of_the_brief_report_reruns_just_what_failed() {
    if !is_possible() {
        return;
    }
    let project = project();
    let answer = project.run(&["run", "--layers", "fast", "-q", "--report", "brief"]);
    let command = answer.stdout.lines().find_map(|line| line.strip_prefix("rerun: apex "));
    let command = command.unwrap_or_else(|| panic!("no command: {}", answer.stdout));
    assert_eq!(command, "run tests/test_sums.py::test_bad");
    let words: Vec<&str> = command.split(' ').collect();
    let again = project.run(&words);
    assert_eq!(again.status.code(), Some(1), "{}", again.stderr);
    let summary = project.run(&["runs", "show", "--json"]);
    let summary: Value = serde_json::from_str(&summary.stdout).expect("JSON");
    assert_eq!(summary["counts"]["selected"], 1, "{summary}");
}

#[test]
fn runs_are_listed_compared_checked_and_shown_again() {
    if !is_possible() {
        return;
    }
    let project = project();
    let _ = project.run(&["run", "--layers", "fast", "-q"]);
    project.write(
        "tests/test_sums.py",
        "def test_good():\n    assert False\n\n\ndef test_bad():\n    assert True\n",
    );
    let _ = project.run(&["run", "--layers", "fast", "-q"]);
    let listing = project.run(&["runs", "list", "--json"]);
    let listing: Value = serde_json::from_str(&listing.stdout).expect("JSON");
    assert_eq!(listing["runs"].as_array().map(Vec::len), Some(2), "{listing}");
    let earlier = listing["runs"][1]["run"].as_str().expect("an id");
    let answer = project.run(&["runs", "diff", earlier, "last", "--json"]);
    let difference: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(difference["newly_failing"][0]["id"], "tests/test_sums.py::test_good");
    assert_eq!(difference["fixed"][0]["id"], "tests/test_sums.py::test_bad");
    let checked = project.run(&["runs", "check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", checked.stdout);
    assert!(checked.stdout.contains("every law holds"));
    let journal = project.last_run().join("events.jsonl");
    let lines = project.run(&["replay", "--speed", "max", "--progress-mode", "json"]);
    assert_eq!(lines.stdout, std::fs::read_to_string(&journal).expect("a journal"));
    let shown = project.run(&["replay", "--speed", "1000", "--progress-mode", "simple"]);
    assert!(shown.stderr.contains("layer fast started"), "{}", shown.stderr);
    let without_end: String = lines
        .stdout
        .lines()
        .rev()
        .skip(1)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .flat_map(|line| [line, "\n"])
        .collect();
    std::fs::write(&journal, without_end).expect("the journal");
    let checked = project.run(&["runs", "check"]);
    assert_eq!(checked.status.code(), Some(3), "a record without an end: {}", checked.stdout);
}

#[test]
fn other_dialects_end_with_the_end_of_the_run() {
    if !is_possible() {
        return;
    }
    let project = project();
    for (dialect, last) in [("legacy", "orchestration_completed"), ("chat", "agent_completed")] {
        let answer = project.run(&[
            "run",
            "--layers",
            "fast",
            "--progress-mode",
            "json",
            "--event-dialect",
            dialect,
        ]);
        let line = answer.stdout.lines().last().unwrap_or_default();
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        assert_eq!(line["type"], last, "{}", answer.stdout);
    }
    let answer = project.run(&["run", "--layers", "fast", "--event-dialect", "legacy"]);
    assert_eq!(answer.status.code(), Some(2), "names for lines that nobody gets");
    assert!(answer.stderr.contains("--progress-mode json"), "{}", answer.stderr);
}

#[test]
fn words_that_mean_no_run_are_told_with_what_to_do() {
    let project = Project::new(&[("apex.yaml", "apex: 1\n"), ("notes/a.txt", "")]);
    for (words, part) in [
        (vec!["report"], "no record of a run `last`"),
        (vec!["runs", "show", "abc"], "no record of a run `abc`"),
        (vec!["report", "notes"], "is a folder, but not that of a run"),
        (vec!["replay", "--speed", "0"], "is no speed"),
        (vec!["run", "--report", "pdf"], "is no format of reports"),
        (vec!["run", "--report", "html="], "there is no file behind"),
    ] {
        let answer = project.run(&words);
        assert_eq!(answer.status.code(), Some(2), "{words:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(part), "{words:?}: {}", answer.stderr);
    }
}
