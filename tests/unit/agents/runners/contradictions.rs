//! Exit code, list and report of every runner against each other: the worst wins, with its reason.

use apex_agents::runners::{Session, Step, Tools};
use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::event::{ProcessEnd, Stream};
use apex_core::judge::{Counts, JobFacts, Judged, job as judge};
use apex_core::plan::JobSpec;
use apex_core::report::JobReport;

use super::{command, job, session};

/// How a framework tells what it does, as far as the contradictions need it.
struct Framework {
    name: &'static str,
    spec: JobSpec,
    /// Programs that run before the tests, and what they write on standard output.
    before: Vec<&'static str>,
    /// Where results are told.
    by: By,
    /// Names two tests, where a framework does so.
    list: &'static str,
    /// A test that ends well, and the same one badly.
    good: &'static str,
    bad: &'static str,
    /// The other test, where there is a list.
    other: &'static str,
    /// What comes last.
    last: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum By {
    Stdout,
    Events,
    File,
}

const BUILT: &str = "{\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///p#demo@0.1.0\",\"manifest_path\":\"/p/Cargo.toml\",\"target\":{\"kind\":[\"test\"],\"name\":\"it\",\"src_path\":\"/p/tests/it.rs\"},\"profile\":{\"test\":true},\"executable\":\"/p/target/it\"}\n";

fn python(runner: RunnerKind, name: &'static str) -> Framework {
    Framework {
        name,
        spec: job(runner),
        before: Vec::new(),
        by: By::Events,
        list: r#"{"event":"found","tests":[{"id":"a","suite":"s","name":"a"},{"id":"b","suite":"s","name":"b"}]}"#,
        good: r#"{"event":"end","id":"a","outcome":"passed"}"#,
        bad: r#"{"event":"end","id":"a","outcome":"failed","message":"no"}"#,
        other: r#"{"event":"end","id":"b","outcome":"passed"}"#,
        last: r#"{"event":"finished","status":0}"#,
    }
}

fn files(name: &'static str, spec: JobSpec) -> Framework {
    Framework {
        name,
        spec,
        before: Vec::new(),
        by: By::File,
        list: "",
        good: "<testsuite><testcase classname='a' name='a'/></testsuite>",
        bad: "<testsuite><testcase classname='a' name='a'><failure message='no'/></testcase></testsuite>",
        other: "",
        last: "",
    }
}

fn frameworks() -> Vec<Framework> {
    vec![
        python(RunnerKind::Pytest, "pytest"),
        python(RunnerKind::Unittest, "unittest"),
        Framework {
            name: "cargo",
            spec: job(RunnerKind::Cargo),
            before: vec![BUILT, "a: test\nb: test\n"],
            by: By::Stdout,
            list: "",
            good: "test a ... ok\n",
            bad: "test a ... FAILED\n",
            other: "test b ... ok\n",
            last: "test result: ok. 1 passed\n",
        },
        Framework {
            name: "node",
            spec: job(RunnerKind::Node),
            before: Vec::new(),
            by: By::Events,
            list: "",
            good: r#"{"event":"node","file":"a.mjs","path":[],"name":"a","passed":true}"#,
            bad: r#"{"event":"node","file":"a.mjs","path":[],"name":"a","passed":false,"error":{"message":"no"}}"#,
            other: "",
            last: r#"{"event":"finished"}"#,
        },
        Framework {
            name: "go",
            spec: job(RunnerKind::Go),
            before: vec![
                "{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"TestA\\n\"}\n{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"TestB\\n\"}\n",
            ],
            by: By::Stdout,
            list: "",
            good: "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\",\"Elapsed\":0.1}\n",
            bad: "{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"TestA\",\"Elapsed\":0.1}\n",
            other: "{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestB\"}\n",
            last: "{\"Action\":\"pass\",\"Package\":\"p\"}\n",
        },
        files("maven", job(RunnerKind::Maven)),
        files("gradle", job(RunnerKind::Gradle)),
        files("command with files", command("x", Some("out.xml"))),
        Framework {
            name: "command with TAP",
            spec: command("x", Some("stdout")),
            before: Vec::new(),
            by: By::Stdout,
            list: "1..2\n",
            good: "ok 1 - a\n",
            bad: "not ok 1 - a\n",
            other: "ok 2 - b\n",
            last: "",
        },
        Framework {
            name: "command with events",
            spec: command("x", Some("events")),
            before: Vec::new(),
            by: By::Events,
            list: r#"{"event":"discovered","tests":[{"id":"a"},{"id":"b"}]}"#,
            good: r#"{"event":"finished","id":"a","outcome":"passed"}"#,
            bad: r#"{"event":"finished","id":"a","outcome":"failed"}"#,
            other: r#"{"event":"finished","id":"b","outcome":"passed"}"#,
            last: r#"{"event":"done"}"#,
        },
    ]
}

fn say(framework: &Framework, session: &mut dyn Session, text: &str, reports: &mut Vec<JobReport>) {
    match framework.by {
        _ if text.is_empty() => {}
        By::Stdout => session.output(Stream::Stdout, text.as_bytes(), reports),
        By::Events => session.event_line(text, reports),
        By::File => session.report_file("report.xml", text.as_bytes(), reports),
    }
}

/// Lets a framework say this, then end with a code, and judges what came of it.
fn judged(framework: &Framework, said: &[&str], code: i32) -> Judged {
    let mut session = session(&framework.spec, None, &Tools::default());
    let mut reports = Vec::new();
    let mut ended = None;
    for text in &framework.before {
        let step = session.next(ended.as_ref(), &mut reports);
        assert!(matches!(step, Step::Run(_)), "{}: {step:?}", framework.name);
        session.output(Stream::Stdout, text.as_bytes(), &mut reports);
        ended = Some(ProcessEnd::Exited(0));
    }
    let mut programs = 0;
    let step = loop {
        match session.next(ended.as_ref(), &mut reports) {
            Step::Run(_) => {
                programs += 1;
                assert!(programs < 60, "{} does not end", framework.name);
                for text in said.iter().filter(|_| programs == 1) {
                    say(framework, session.as_mut(), text, &mut reports);
                }
                ended = Some(ProcessEnd::Exited(code));
            }
            step => break step,
        }
    };
    amount(step, ended.unwrap_or(ProcessEnd::Exited(code)), &reports)
}

/// What the scheduler would make of the reports.
fn amount(step: Step, end: ProcessEnd, reports: &[JobReport]) -> Judged {
    let mut counts: Counts = [0; Outcome::ALL.len()];
    let (mut announced, mut finished) = (0, 0);
    for report in reports {
        match report {
            JobReport::Discovered(cases) => announced += cases.len(),
            JobReport::TestFinished { report, .. } => {
                finished += 1;
                counts[report.outcome as usize] += 1;
            }
            _ => {}
        }
    }
    let (problem, nothing_to_run, end) = match step {
        Step::Finish { problem } => (problem, false, end),
        Step::NothingToRun => (None, true, end),
        Step::Unable { reason } => (None, false, ProcessEnd::NotStarted(reason)),
        Step::Run(_) => unreachable!("it ended"),
    };
    judge(&JobFacts {
        out_of_memory: None,
        end: &end,
        problem: problem.as_deref(),
        nothing_to_run,
        stop: None,
        counts: &counts,
        unreported: u32::try_from(announced - finished).expect("few tests"),
    })
}

#[test]
fn the_worst_of_exit_code_list_and_report_wins_and_says_why() {
    for framework in frameworks() {
        let Framework { name, list, good, bad, other, last, .. } = &framework;
        let rows: [(&str, Vec<&str>, i32); 6] = [
            ("exit 0 without a report", vec![], 0),
            (
                "a report that is good and an exit code that is not",
                vec![list, good, other, last],
                70,
            ),
            ("a report that is bad and an exit code that is good", vec![list, bad, other, last], 0),
            (
                "a test that ends twice, the second time badly",
                vec![list, good, bad, other, last],
                0,
            ),
            ("a list of more tests than were reported", vec![list, good, last], 0),
            ("a report that was not there to its end", vec![list, good], 0),
        ];
        for (what, said, code) in rows {
            // Without a list nobody knows of a further test; a document of a file is whole.
            let has_list =
                !list.is_empty() || framework.before.len() > usize::from(*name == "cargo");
            let has_end = framework.by == By::Events;
            if !said.contains(bad)
                && code == 0
                && !said.is_empty()
                && !has_list
                && (!has_end || said.contains(last))
            {
                continue;
            }
            let judged = judged(&framework, &said, code);
            let is_green =
                matches!(judged.outcome, Outcome::Passed | Outcome::Flaky | Outcome::Skipped);
            assert!(!is_green, "{name}: {what}: {judged:?}");
            assert!(!judged.reason.is_empty(), "{name}: {what}: {judged:?}");
        }
    }
}
