//! The JUnit report.

use apex_core::event::RunResult;
use apex_core::test_case::Failure;
use apex_core::{Outcome, Sink};
use apex_monitor::ExitStatus;
use apex_monitor::report::junit::{JunitReport, write_report};

use super::stream::{Stream, failure, plan};

fn report(stream: &Stream) -> String {
    let mut written = Vec::new();
    write_report(&stream.view, &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

#[test]
fn every_outcome_has_its_place() {
    let mut stream = Stream::of(plan(&[
        ("fast", 60, &[("unit", 1), ("lint", 0), ("docs", 0)]),
        ("slow", 0, &[("e2e", 0), ("load", 0)]),
    ]));
    stream.at(1.0).job_starts(0);
    let ids: Vec<String> =
        Outcome::ALL.iter().map(|outcome| format!("tests/test_a.py::test_{outcome}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first = stream.discover(0, &ids);
    for (test, outcome) in (first..).zip(Outcome::ALL) {
        if outcome.has_run() {
            let said = (outcome != Outcome::Passed).then(|| Failure {
                message: format!("why it is {outcome}"),
                details: "line 1 <&>\nline 2".to_owned(),
                output: "it wrote this".to_owned(),
            });
            stream.starts(test, 1).ends(test, 1, outcome, said);
        }
        stream.settles(test, outcome);
    }
    stream.at(9.5).job_ends(0, Outcome::Failed, "stopped by the fail-fast rule");
    stream.category_ends(1, Outcome::Errored, "`ruff` was not found");
    stream.category_ends(2, Outcome::Empty, "no tests in docs/");
    stream.category_ends(3, Outcome::Blocked, "fast did not pass");
    stream.job_starts(4);
    let test = stream.discover(4, &["load::one"]);
    stream.runs(test, Outcome::Passed).job_ends(4, Outcome::Errored, "the report is missing");
    stream.at(12.0).finish(RunResult::default());
    insta::assert_snapshot!(report(&stream));
}

/// What attempt `number` of a test says.
fn said(number: u32) -> Failure {
    Failure {
        message: format!("message {number}"),
        details: format!("trace {number}"),
        output: format!("output {number}"),
    }
}

/// A test with these attempts, as its case in the report.
fn case_of(attempts: &[Outcome], settled: Outcome) -> String {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 3)])]));
    let test = stream.discover(0, &["suite::name"]);
    for (number, outcome) in (1..).zip(attempts) {
        let failure = outcome.is_bad().then(|| said(number));
        stream.starts(test, number).ends(test, number, *outcome, failure);
    }
    stream.settles(test, settled);
    let text = report(&stream);
    let case = text.split_once("<testcase ").expect("a case").1;
    case.split_once("</testcase>").expect("the end of a case").0.to_owned()
}

/// The elements of a case with their messages, in their order.
fn elements(case: &str) -> Vec<String> {
    let results = case.split('<').filter(|part| part.contains(" message="));
    let shown = |part: &str| {
        let message = part.split("message=\"").nth(1).and_then(|rest| rest.split('"').next());
        format!("{} {}", part.split(' ').next().unwrap_or_default(), message.unwrap_or_default())
    };
    results.map(shown).collect()
}

#[test]
fn every_attempt_that_did_not_pass_has_an_element() {
    use Outcome::{Errored, Failed, Flaky, Passed, TimedOut};
    type Row<'a> = (&'a [Outcome], Outcome, &'a [&'a str]);
    let rows: [Row<'_>; 5] = [
        (&[Failed], Failed, &["failure message 1"]),
        (
            &[Failed, TimedOut, Failed],
            Failed,
            &["failure message 1", "rerunError message 2", "rerunFailure message 3"],
        ),
        (&[Errored, Failed], Failed, &["error message 1", "rerunFailure message 2"]),
        (&[Failed, Passed], Flaky, &["flakyFailure message 1"]),
        (&[Failed, Errored, Passed], Flaky, &["flakyFailure message 1", "flakyError message 2"]),
    ];
    for (attempts, settled, expected) in rows {
        let case = case_of(attempts, settled);
        assert_eq!(elements(&case), expected, "{case}");
        for number in 1..=expected.len() {
            assert_eq!(case.matches(&format!("trace {number}")).count(), 1, "{case}");
            let output = format!("<system-out>output {number}</system-out>");
            assert_eq!(case.matches(&output).count(), 1, "{case}");
        }
    }
}

#[test]
fn the_attempts_of_a_report_are_read_back_as_one_test() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 1)])]));
    let test = stream.discover(0, &["suite::name"]);
    for number in [1, 2] {
        stream.starts(test, number).ends(test, number, Outcome::Failed, Some(said(number)));
    }
    stream.settles(test, Outcome::Failed);
    let read = apex_agents::runners::read_report(report(&stream).as_bytes());
    let [test] = &read.tests[..] else { panic!("one test: {read:?}") };
    assert_eq!((test.outcome, test.message.as_str()), (Some(Outcome::Failed), "message 1"));
    assert_eq!((test.details.as_str(), test.output.as_str()), ("trace 1", "output 1"));
}

#[test]
fn a_time_that_nobody_knows_is_not_zero() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let test = stream.discover(0, &["suite::name"]);
    stream.starts(test, 1).ends_untimed(test, Outcome::Failed).settles(test, Outcome::Failed);
    let text = report(&stream);
    let case = text.lines().find(|line| line.contains("<testcase")).expect("a case");
    assert!(!case.contains("time="), "{case}");
    let exit = ExitStatus { code: 1, meaning: "a test failed".to_owned() };
    let summary = apex_monitor::summary::Summary::of(&stream.view, &exit);
    let written = serde_json::to_value(&summary).expect("a summary is JSON");
    assert_eq!(written["failed_tests"][0].get("duration_seconds"), None, "{written:#}");
}

#[test]
fn text_that_xml_forbids_is_left_out() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let test = stream.discover(0, &["suite\u{0}::name\u{fffe}\"<"]);
    let wild = "a\u{0}b\u{8}c\u{1b}[31md\u{1b}[0me\u{fffe}f\u{ffff}g\u{7f}h\u{85}i]]>\tj\r\nk\u{1b}]8;;http://x\u{7}l";
    stream.fails(test, failure(wild, wild));
    let text = report(&stream);
    assert!(text.contains("classname=\"suite\" "), "{text}");
    assert!(text.contains("name=\"name&quot;&lt;\""), "{text}");
    assert!(text.contains(">abcdefghi]]&gt;\tj\nkl</failure>"), "{text}");
    assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
}

#[test]
fn a_run_without_tests_is_a_report_without_cases() {
    let text = report(&Stream::of(plan(&[])));
    assert!(text.contains("tests=\"0\" failures=\"0\" errors=\"0\""), "{text}");
    assert!(!text.contains("<testcase"));
}

#[test]
fn the_file_is_whole_and_its_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports/junit.xml");
    let stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    JunitReport::new(path.clone()).close(&stream.view).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), report(&stream));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_report_that_cannot_be_written_names_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let path = file.join("junit.xml");
    let error = JunitReport::new(path.clone()).close(&Stream::of(plan(&[])).view).unwrap_err();
    assert!(error.contains(&path.display().to_string()), "{error}");
}

/// Reads documents, each with its length before it, by a parser that takes XML 1.0 at its word.
const STRICT: &str = r#"
import sys
from xml.parsers import expat
source = sys.stdin.buffer
count = 0
while line := source.readline():
    text = source.read(int(line))
    try:
        expat.ParserCreate("utf-8").Parse(text, True)
    except expat.ExpatError as error:
        sys.exit(f"document {count}: {error}: {text!r}")
    count += 1
print(count)
"#;

#[test]
fn whatever_tests_say_the_report_is_well_formed() {
    let Some(python) = apex_tests::tool::tool("python3") else { return };
    let mut documents = Vec::new();
    let mut count = 0;
    for seed in 0..400 {
        let mut random = apex_tests::random::Random::new(seed);
        let mut text = || hostile(&mut random);
        let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
        let test = stream.discover(0, &[&text()]);
        let said = Failure { message: text(), details: text(), output: text() };
        stream.starts(test, 1).ends(test, 1, Outcome::Failed, Some(said));
        stream.settles(test, Outcome::Failed).job_ends(0, Outcome::Errored, &text());
        stream.finish(RunResult::default());
        let report = report(&stream);
        documents.extend_from_slice(format!("{}\n{report}", report.len()).as_bytes());
        count += 1;
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), documents).expect("documents");
    let input = std::fs::File::open(file.path()).expect("documents");
    let parser = std::process::Command::new(python).args(["-c", STRICT]).stdin(input).output();
    let parser = parser.expect("python3 can be started");
    let said = String::from_utf8_lossy(&parser.stderr);
    assert!(parser.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&parser.stdout).trim(), format!("{count}"));
}

/// Any bytes as text, with many of those that XML minds.
fn hostile(random: &mut apex_tests::random::Random) -> String {
    let pieces: [&[u8]; 16] = [
        b"]]>",
        b"<![CDATA[",
        b"&amp;",
        b"&",
        b"<",
        b"\"'",
        b"\0",
        b"\x1b[31m",
        b"\x1b]0;t",
        b"\r\n",
        b"\x0b",
        b"\xef\xbf\xbe",
        b"\xef\xbf\xbf",
        b"\xed\xa0\x80",
        b"\xf0\x9f\xa6\x80",
        b"\xc2\x85",
    ];
    let mut bytes = Vec::new();
    for _ in 0..random.within(0, 30) {
        if random.percent(50) {
            bytes.extend_from_slice(random.pick(&pieces));
        } else {
            bytes.push(u8::try_from(random.within(0, 255)).expect("a byte"));
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
