//! Commands: without a report one test, with a report the tests that it names.

use apex_config::model::{CommandLine, RunnerKind};
use apex_core::Outcome;
use apex_core::plan::{JobSpec, Work};

use super::drive::{Project, job};

fn shell(text: &str, report: Option<&str>) -> JobSpec {
    let command = CommandLine::Shell(text.to_owned());
    let work = Work::Command { command, report: report.map(str::to_owned) };
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
