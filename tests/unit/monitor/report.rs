//! Reports of a recorded run.

use std::sync::Arc;

use apex_config::model::RunnerKind;
use apex_core::event::{LayerEvent, RunResult, ServiceEvent};
use apex_core::test_case::{Failure, TestCase};
use apex_core::{Outcome, Verdict};
use apex_monitor::report::{Format, Recorded, STYLE, again, github, write};
use apex_monitor::{ExitRule, ExitStatus};
use serde_json::Value;

use super::stream::{Stream, case, failure, plan, service};

const HOSTILE: &str = "tests/test_a.py::test_odd[</script><script>alert(1)</script>]";

fn rule() -> ExitRule {
    Arc::new(|result: &RunResult| ExitStatus {
        code: u8::from(result.tests_failed),
        meaning: "what the exit code means".to_owned(),
    })
}

fn recorded(stream: &Stream) -> Recorded {
    Recorded::of(&stream.envelopes, &rule()).in_directory(".apex/runs/run-1".to_owned())
}

fn text(format: Format, run: &Recorded) -> String {
    let mut written = Vec::new();
    write(format, run, &mut written).unwrap();
    String::from_utf8(written).unwrap()
}

/// A run with something of everything: a failure with output, a flaky test, hostile names, a
/// category that could not run, a service.
fn rich() -> Stream {
    let mut plan = plan(&[("fast", 60, &[("unit", 1), ("lint", 0)]), ("slow", 0, &[("e2e", 0)])]);
    plan.services.push(service("db"));
    plan.jobs[0].spec.runner = RunnerKind::Pytest;
    let mut stream = Stream::of(plan);
    stream.at(0.5).service(0, ServiceEvent::Starting);
    stream.at(0.75).service(0, ServiceEvent::Ready { addresses: Vec::new() });
    stream.at(1.0).layer(0, LayerEvent::Started).job_starts(0).writes(0);
    let ids =
        ["tests/test_a.py::test_good", "tests/test_a.py::test_bad", HOSTILE, "=cmd()", "late"];
    let in_file = |id: &&str| TestCase {
        file: id.contains("::").then(|| "tests/test_a.py".into()),
        line: Some(3),
        ..case(id)
    };
    let first = stream.discover_cases(0, ids.iter().map(in_file).collect());
    stream.at(1.5).runs(first, Outcome::Passed);
    let details = "def test_bad():\n>   assert 1 == 2\nE   assert 1 == 2\n\ntests/test_a.py:7: AssertionError";
    let said =
        Failure { output: "it wrote <b>this</b>".to_owned(), ..failure("assert 1 == 2", details) };
    stream.at(2.0).fails(first + 1, said);
    stream.at(2.5).fails(first + 2, failure("</script> & `code`", "``` no fence"));
    stream.at(3.0).starts(first + 3, 1).ends(
        first + 3,
        1,
        Outcome::Failed,
        Some(failure("once", "")),
    );
    stream.starts(first + 3, 2).ends(first + 3, 2, Outcome::Passed, None);
    stream.settles(first + 3, Outcome::Flaky).settles(first + 4, Outcome::NotRun);
    stream.at(4.0).job_ends(0, Outcome::Failed, "2 tests failed");
    stream.category_ends(1, Outcome::Errored, "`ruff` was not found");
    stream.layer_ends(0, Verdict::Failed, "2 tests failed");
    stream.category_ends(2, Outcome::Blocked, "fast did not pass");
    stream.layer_ends(1, Verdict::Blocked, "fast did not pass");
    stream.service(0, ServiceEvent::Stopped);
    stream.at(5.0).finish(RunResult { tests_failed: true, ..RunResult::default() });
    stream
}

#[test]
fn the_few_lines_that_matter() {
    insta::assert_snapshot!(text(Format::Brief, &recorded(&rich())));
}

#[test]
fn the_page_of_markdown() {
    insta::assert_snapshot!(text(Format::Markdown, &recorded(&rich())));
}

#[test]
fn the_rows_for_spreadsheets() {
    let rows = text(Format::Csv, &recorded(&rich()));
    assert!(rows.contains(",'=cmd(),"), "a formula is no formula any more: {rows}");
    insta::assert_snapshot!(rows.replace('\r', ""));
}

#[test]
fn the_annotations() {
    insta::assert_snapshot!(text(Format::Github, &recorded(&rich())));
}

#[test]
fn ten_annotations_are_made_those_of_the_change_first_and_the_rest_is_counted() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let ids: Vec<String> = (0..15).map(|number| format!("t{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first = stream.discover(0, &ids);
    (first..first + 15).for_each(|test| {
        stream.fails(test, failure("no, 100%: really\nnot", ""));
    });
    stream.finish(RunResult { tests_failed: true, ..RunResult::default() });
    let lines = text(Format::Github, &recorded(&stream));
    assert_eq!(lines.matches("::error ").count(), github::MOST);
    assert!(lines.contains("::notice title=Apex::and 5 more failures"), "{lines}");
    assert!(lines.contains("no, 100%25: really"), "{lines}");
    assert_eq!(lines.lines().count(), github::MOST + 1, "no text makes a line of its own");
}

#[test]
fn the_summary_of_a_step_keeps_its_limit_beside_what_is_there() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let ids: Vec<String> = (0..49).map(|number| format!("t{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first = stream.discover(0, &ids);
    let long = "ä".repeat(40_000);
    (first..first + 49).for_each(|test| {
        stream.fails(test, failure("no", &long));
    });
    stream.finish(RunResult { tests_failed: true, ..RunResult::default() });
    let run = recorded(&stream);
    for written in [0, 500_000, 1_000_000] {
        let page = github::step_summary(&run, written);
        assert!(page.len() + written <= github::SUMMARY_LIMIT, "{written}: {}", page.len());
        assert!(page.contains("more failed test"), "{written}: what is left out is counted");
    }
}

#[test]
fn the_commands_name_tests_where_the_framework_can_be_asked_else_the_category() {
    let run = recorded(&rich());
    let commands = again::commands(&run.view);
    assert_eq!(
        commands,
        [
            format!("apex run tests/test_a.py::test_bad '{HOSTILE}' --env local"),
            "apex run --categories lint --no-dependencies --env local".to_owned(),
        ]
    );
}

#[test]
fn the_trace_has_layers_slots_and_services() {
    let trace: Value = serde_json::from_str(&text(Format::Trace, &recorded(&rich()))).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let spans: Vec<String> = events
        .iter()
        .filter(|event| event["ph"] == "X")
        .map(|event| {
            let number = |key: &str| event[key].as_f64().unwrap() / 1e6;
            let (pid, tid) = (&event["pid"], &event["tid"]);
            format!("{pid}/{tid} {} {:.3}+{:.3}", event["name"], number("ts"), number("dur"))
        })
        .collect();
    insta::assert_snapshot!(spans.join("\n"));
}

#[test]
fn a_page_holds_hostile_text_as_text_and_asks_for_nothing() {
    let page = text(Format::Html, &recorded(&rich()));
    assert!(!page.contains("<script>alert"), "markup of a test is in the page");
    assert_eq!(page.matches("</script>").count(), 2, "only the own script elements end");
    assert!(!page.contains("<b>this</b>"));
    for word in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(word), "the page asks for something: {word}");
    }
    let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["tests"][2][0], HOSTILE);
    assert_eq!(data["said"][0][0], "assert 1 == 2");
    assert_eq!(data["said"][0][1], "tests/test_a.py:7");
}

#[test]
fn a_run_without_an_end_is_unfinished_in_every_format() {
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.at(1.0).layer(0, LayerEvent::Started).job_starts(0);
    let first = stream.discover(0, &["a::one", "a::two"]);
    stream.runs(first, Outcome::Passed).starts(first + 1, 1);
    let run = recorded(&stream);
    assert_eq!(run.end.verdict(), "unfinished");
    for format in Format::ALL {
        let text = text(format, &run);
        assert!(!text.to_lowercase().contains("verdict: passed"), "{}", format.as_str());
    }
    assert!(text(Format::Brief, &run).starts_with("verdict: unfinished"));
    let ctrf: Value = serde_json::from_str(&text(Format::Ctrf, &run)).unwrap();
    assert_eq!(ctrf["results"]["summary"]["pending"], 1);
}

/// Colours as the style sheet gives them: name, light, dark.
fn palette() -> Vec<(String, [f64; 3], [f64; 3])> {
    let colour = |text: &str| {
        let part = |at: usize| {
            let byte = f64::from(u8::from_str_radix(&text[at..at + 2], 16).unwrap()) / 255.0;
            if byte <= 0.04045 { byte / 12.92 } else { ((byte + 0.055) / 1.055).powf(2.4) }
        };
        [part(1), part(3), part(5)]
    };
    let lines = STYLE.lines().filter_map(|line| {
        let (name, rest) = line.trim().strip_prefix("--")?.split_once(": light-dark(")?;
        let (light, dark) = rest.strip_suffix(");")?.split_once(", ")?;
        Some((name.to_owned(), colour(light), colour(dark)))
    });
    lines.collect()
}

/// The contrast of two colours as the Web Content Accessibility Guidelines count it.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_text_can_be_read_on_every_ground_by_day_and_by_night() {
    let palette = palette();
    let grounds = ["page", "panel", "sunken"];
    let is_ground = |name: &str| grounds.contains(&name);
    let texts = palette.iter().filter(|(name, ..)| !is_ground(name) && name != "line");
    let mut checked = 0;
    for (text, light, dark) in texts {
        for (ground, ground_light, ground_dark) in
            palette.iter().filter(|(name, ..)| is_ground(name))
        {
            assert!(contrast(*light, *ground_light) >= 4.5, "{text} on {ground} by day");
            assert!(contrast(*dark, *ground_dark) >= 4.5, "{text} on {ground} by night");
            checked += 1;
        }
    }
    assert!(checked >= 30, "the palette was not found");
}
