//! Commands: without a report one test, with a report the tests that it names.

use apex_config::model::{CommandLine, RunnerKind};
use apex_core::Outcome;
use apex_core::plan::{JobSpec, Work};

use super::drive::{Project, job};

fn shell(text: &str, report: Option<&str>) -> JobSpec {
    let command = CommandLine::Shell(text.to_owned());
    let work = Work::Command { command, discover: None, report: report.map(str::to_owned) };
    JobSpec { work, ..job(RunnerKind::Command) }
}

#[test]
fn a_command_without_a_report_is_one_test() {
    let project = Project::with(&[]);
    let cases = [
        ("true", "passed", ""),
        ("echo the last words; exit 3", "failed", "exit code 3"),
        ("kill -9 $$", "failed", "signal 9"),
    ];
    for (text, outcome, message) in cases {
        let driven = project.run(&shell(text, None), None);
        assert_eq!(
            (driven.outcome("sample"), driven.message("sample")),
            (outcome, message),
            "{text}"
        );
        assert_eq!(driven.problem, None);
    }
    let driven = project.run(&shell("echo the last words; exit 3", None), None);
    assert_eq!(driven.details["sample"], "the last words\n");
}

#[test]
fn a_shard_of_a_command_is_named_and_told_its_part() {
    let project = Project::with(&[]);
    let spec = JobSpec { shard: Some((2, 4)), ..shell("test {shard}/{shards} = 2/4", None) };
    assert_eq!(project.run(&spec, None).outcome("sample [2/4]"), "passed");
}

#[test]
fn the_exit_code_has_to_agree_with_the_report() {
    let project = Project::with(&[]);
    let good = "printf '1..1\\nok 1 - fine\\n'";
    let bad = "printf '1..2\\nok 1 - fine\\nnot ok 2 - bad\\n'";
    let driven = project.run(&shell(bad, Some("stdout")), None);
    assert_eq!(
        (driven.count(Outcome::Passed), driven.count(Outcome::Failed), driven.problem),
        (1, 1, None)
    );
    let driven = project.run(&shell(&format!("{good}; exit 2"), Some("stdout")), None);
    assert!(driven.problem.is_some_and(|problem| problem.contains("exit code 2")));
    let driven = project.run(&shell("true", Some("report.xml")), None);
    assert!(driven.problem.is_some_and(|problem| problem.contains("report.xml")));
    let out = r#"echo '<testsuite><testcase classname="c" name="n"/></testsuite>' > {out}"#;
    let driven = project.run(&shell(out, None), None);
    assert_eq!((driven.outcome("c::n"), &driven.problem), ("passed", &None));
}

/// A command with a list of its tests.
fn listed(list: &str, run: &str, report: Option<&str>) -> JobSpec {
    let work = Work::Command {
        command: CommandLine::Shell(run.to_owned()),
        discover: Some(["sh", "-c", list].map(str::to_owned).to_vec()),
        report: report.map(str::to_owned),
    };
    JobSpec { work, ..job(RunnerKind::Command) }
}

/// Reports each of its arguments as a test that passed, but `b` as one that failed.
const REPORTER: &str = r#"for id in "$@"; do outcome=passed; [ "$id" = b ] && outcome=failed
  printf '{"event":"started","id":"%s"}\n{"event":"finished","id":"%s","outcome":"%s","seconds":0.5}\n' "$id" "$id" $outcome >> $APEX_EVENTS
done; echo '{"event":"done"}' >> $APEX_EVENTS"#;

const LIST: &str = "printf 'a\nb\nc d\n'";

#[test]
fn events_are_read_while_they_are_written_and_have_an_end() {
    let project = Project::with(&[]);
    let run = format!("set -- {{tests}}; {REPORTER}");
    let driven = project.run(&listed(LIST, &run, Some("events")), None);
    let outcomes = ["a", "b", "c d"].map(|id| driven.outcome(id));
    assert_eq!((outcomes, &driven.problem), (["passed", "failed", "passed"], &None));
    assert_eq!(driven.durations["a"].map(|time| time.as_millis()), Some(500));

    let rows = [
        ("true", "no report was written to APEX_EVENTS (exit code 0)"),
        (
            r#"echo '{"event":"finished","id":"a","outcome":"passed"}' >> $APEX_EVENTS"#,
            "`done` is missing",
        ),
        (r#"echo '{"event":"done"}' >> $APEX_EVENTS; exit 3"#, "exit code 3"),
    ];
    for (run, problem) in rows {
        let driven = project.run(&shell(run, Some("events")), None);
        let said = driven.problem.clone().unwrap_or_default();
        assert!(said.contains(problem), "{run}: {driven:#?}");
    }
}

#[test]
fn what_was_listed_is_run_by_its_ids_and_a_subset_is_run_alone() {
    let project = Project::with(&[]);
    let spec = listed(
        LIST,
        &format!("echo {{tests}} >> asked; set -- {{tests}}; {REPORTER}"),
        Some("events"),
    );
    assert_eq!(project.run(&spec, None).discovered, ["a", "b", "c d"]);
    assert_eq!(project.run(&spec, Some(&["c d"])).tests.len(), 1);
    let shard = JobSpec { shard: Some((2, 2)), ..spec };
    assert_eq!(project.run(&shard, None).discovered, ["b"]);
    let asked = std::fs::read_to_string(project.path().join("asked")).expect("it ran");
    assert_eq!(asked, "a b c d\nc d\nb\n");

    let driven = project.run(&listed("exit 2", "true {tests}", Some("events")), None);
    assert_eq!(driven.unable.as_deref(), Some("`discover` ended with exit code 2"));
    let driven = project.run(&listed("true", "false {tests}", Some("events")), None);
    assert_eq!((driven.tests.len(), driven.problem, driven.unable), (0, None, None));
}

#[test]
fn a_list_without_a_report_makes_each_test_a_program() {
    let project = Project::with(&[]);
    let driven = project.run(&listed(LIST, "echo ran {tests}; test {tests} != b", None), None);
    let outcomes = ["a", "b", "c d"].map(|id| (driven.outcome(id), driven.message(id)));
    assert_eq!(outcomes, [("passed", ""), ("failed", "exit code 1"), ("passed", "")]);
    assert_eq!(driven.details["b"], "ran b\n");
    let again = project.run(&listed(LIST, "test {tests} != b", None), Some(&["a"]));
    assert_eq!((again.tests.len(), again.outcome("a")), (1, "passed"));
}

#[test]
fn many_ids_go_to_several_programs() {
    let project = Project::with(&[]);
    let list = "i=0; while [ $i -lt 4000 ]; do printf 'a_test_with_a_rather_long_name_%040d\n' $i; i=$((i+1)); done";
    let run = format!("echo x >> programs; set -- {{tests}}; {REPORTER}");
    let driven = project.run(&listed(list, &run, Some("events")), None);
    assert_eq!((driven.count(Outcome::Passed), &driven.problem), (4000, &None));
    let programs = std::fs::read_to_string(project.path().join("programs")).expect("they ran");
    assert_eq!(programs.lines().count(), 4);
}

#[test]
fn events_in_a_file_are_a_report_too() {
    let project = Project::with(&[]);
    let run = r#"printf '{"event":"discovered","tests":[{"id":"a"},{"id":"b"}]}\n{"event":"finished","id":"a","outcome":"skipped","message":"not today"}\n' > {out}"#;
    let driven = project.run(&shell(run, None), None);
    assert_eq!((driven.outcome("a"), driven.message("a")), ("skipped", "not today"));
    assert!(driven.problem.is_some_and(|problem| problem.contains("first b")));
}
