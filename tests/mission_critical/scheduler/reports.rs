//! Every format of a run says the same numbers: over random runs, with faults and signals.

use std::sync::Arc;

use apex_core::{Outcome, RunView};
use apex_monitor::report::{Format, Recorded, github, write};
use apex_monitor::summary::Summary;
use apex_monitor::{ExitRule, ExitStatus};
use serde_json::Value;

use super::{seeds, simulate};

/// One of so many simulated runs is reported.
const SHARE: u64 = 48;

fn rule() -> ExitRule {
    Arc::new(|result| ExitStatus {
        code: u8::from(result.tests_failed),
        meaning: "as it is".to_owned(),
    })
}

fn text(format: Format, run: &Recorded) -> String {
    let mut written = Vec::new();
    write(format, run, &mut written).expect("memory takes everything");
    String::from_utf8(written).expect("reports are UTF-8")
}

/// The number that an attribute of the first element of a report has.
fn attribute(xml: &str, name: &str) -> u32 {
    let root = xml.split_once("<testsuites").expect("a root").1.split_once('>').expect("its end").0;
    let value = root.split_once(&format!(" {name}=\"")).expect("the attribute").1;
    value.split_once('"').expect("its end").0.parse().expect("a number")
}

/// What a view counts, as every format must say it.
struct Numbers {
    tests: u32,
    bad: u32,
    flaky: u32,
    passed: u32,
    /// Categories that no test shows, and those of them that are bad: rows of their own in
    /// formats that know tests only.
    unshown: u32,
    unshown_bad: u32,
}

impl Numbers {
    fn of(view: &RunView) -> Self {
        let counts = view.counts();
        let mut numbers = Self {
            tests: counts.discovered(),
            bad: counts.bad(),
            flaky: counts.of(Outcome::Flaky),
            passed: counts.of(Outcome::Passed),
            unshown: 0,
            unshown_bad: 0,
        };
        for category in view.categories() {
            let outcome = category.progress.ending().expect("a run that ended").outcome;
            let is_bad = outcome.is_bad() && category.counts.bad() == 0;
            let is_green = matches!(outcome, Outcome::Passed | Outcome::Flaky);
            let is_empty = !outcome.is_bad() && category.counts.discovered() == 0 && !is_green;
            numbers.unshown += u32::from(is_bad || is_empty);
            numbers.unshown_bad += u32::from(is_bad);
        }
        numbers
    }
}

fn check(run: &Recorded) {
    let is = Numbers::of(&run.view);
    let junit = text(Format::Junit, run);
    assert_eq!(attribute(&junit, "tests"), is.tests + is.unshown);
    assert_eq!(
        attribute(&junit, "failures") + attribute(&junit, "errors"),
        is.bad + is.unshown_bad
    );
    let skipped = attribute(&junit, "skipped") + is.bad + is.unshown_bad;
    assert_eq!(attribute(&junit, "tests") - skipped, is.passed + is.flaky);

    let ctrf: Value = serde_json::from_str(&text(Format::Ctrf, run)).expect("JSON");
    let summary = &ctrf["results"]["summary"];
    let number = |name: &str| u32::try_from(summary[name].as_u64().expect(name)).expect("small");
    assert_eq!(number("tests"), is.tests + is.unshown);
    assert_eq!(number("failed"), is.bad + is.unshown_bad);
    assert_eq!(number("passed"), is.passed + is.flaky);
    assert_eq!(number("flaky"), is.flaky);
    let states = ["passed", "failed", "skipped", "pending", "other"];
    assert_eq!(states.map(number).iter().sum::<u32>(), number("tests"));

    let html = text(Format::Html, run);
    let data = html.split_once("id=\"data\">").expect("data").1;
    let data: Value =
        serde_json::from_str(data.split_once("</script>").expect("its end").0).expect("JSON");
    let rows = data["tests"].as_array().expect("rows");
    let csv = text(Format::Csv, run);
    assert_eq!(csv.lines().count(), is.tests as usize + 1);
    for (position, outcome) in Outcome::ALL.into_iter().enumerate() {
        let expected = run.view.counts().of(outcome) as usize;
        assert_eq!(rows.iter().filter(|row| row[2] == position).count(), expected, "{outcome}");
        let cell = format!(",{outcome},");
        assert_eq!(csv.lines().filter(|line| line.contains(&cell)).count(), expected, "{outcome}");
    }

    let failures = (is.bad + is.unshown_bad) as usize;
    let annotations = text(Format::Github, run);
    let errors = annotations.matches("::error ").count();
    assert_eq!(errors, failures.min(github::MOST));
    let more = failures - errors;
    assert_eq!(annotations.contains("::notice"), more > 0);
    assert!(more == 0 || annotations.contains(&format!("and {more} more failure")));

    let brief = text(Format::Brief, run);
    assert!(brief.contains(&format!("\ntests: {} in ", is.tests)), "{brief}");
    if is.bad > 0 {
        let counted = run.view.counts().present().filter(|(outcome, _)| outcome.is_bad());
        for (outcome, count) in counted {
            let words = format!("{count} {}", outcome.as_str().replace('_', " "));
            assert!(brief.contains(&words), "{words}: {brief}");
            assert!(text(Format::Markdown, run).contains(&words), "{words}");
        }
    }

    let trace: Value = serde_json::from_str(&text(Format::Trace, run)).expect("JSON");
    assert!(trace["traceEvents"].as_array().is_some_and(|events| events.len() >= 3));
    let status = ExitStatus { code: 0, meaning: String::new() };
    let counts = Summary::of(&run.view, &status).counts;
    assert_eq!((counts.selected, counts.flaky, counts.passed), (is.tests, is.flaky, is.passed));
    assert_eq!(counts.failed + counts.errored + counts.timed_out, is.bad);
}

#[test]
fn all_formats_of_a_run_agree_in_every_count() {
    let mut tests = 0;
    for seed in seeds().filter(|seed| seed % SHARE == seed / SHARE % SHARE) {
        let (_, _, stream) = simulate(seed);
        let Ok(stream) = stream else { continue };
        let run = Recorded::of(&stream, &rule());
        tests += run.view.tests().len();
        check(&run);
    }
    assert!(tests > 0 || seeds().count() < 1000, "no run had a test");
}
