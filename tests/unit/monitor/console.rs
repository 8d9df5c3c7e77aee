//! What people see of a run.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apex_core::event::{
    JobEvent, LayerEvent, RunEvent, RunResult, ServiceEvent, StopCause, TestEvent,
};
use apex_core::plan::CategoryWork;
use apex_core::{Event, JobIx, Moment, Outcome, RunView, Sink, TestIx, Verdict};
use apex_monitor::ExitStatus;
use apex_monitor::console::{
    ColourChoice, Console, ConsoleOptions, FoldMarks, Mode, Size, Style, Surroundings, Verbosity,
};

use super::stream::{Stream, failure, plan, service};

const PLAIN: Style = Style { colour: false, unicode: true };
const ASCII: Style = Style { colour: false, unicode: false };
const COLOUR: Style = Style { colour: true, unicode: true };

/// A writer that somebody else can read.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Gone(ErrorKind);

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

fn options(mode: Mode, verbosity: Verbosity, style: Style) -> ConsoleOptions {
    ConsoleOptions {
        mode,
        verbosity,
        style,
        size: || Some(Size { columns: 60, rows: 12 }),
        run_directory: Some(".apex/runs/run-1".to_owned()),
        silence: Some(Duration::from_secs(60)),
        folds: FoldMarks::None,
        exit: Arc::new(|result| match result {
            RunResult { signal: Some(signal), .. } => {
                ExitStatus { code: 130, meaning: format!("stopped by signal {signal}") }
            }
            RunResult { tests_failed: true, .. } => {
                ExitStatus { code: 1, meaning: "a test failed".to_owned() }
            }
            RunResult { environment_failed: true, .. } => {
                ExitStatus { code: 1, meaning: "something could not run".to_owned() }
            }
            RunResult { skipped: true, .. } => {
                ExitStatus { code: 8, meaning: "the rest of a layer was skipped".to_owned() }
            }
            RunResult { budget_exceeded: true, .. } => {
                ExitStatus { code: 1, meaning: "a time budget was used up".to_owned() }
            }
            _ => ExitStatus { code: 0, meaning: "passed".to_owned() },
        }),
    }
}

/// What a console writes when the events come one by one.
fn written(stream: &Stream, options: ConsoleOptions) -> String {
    let shared = Shared::default();
    let mut console = Console::new(Box::new(shared.clone()), options);
    let mut view = RunView::new();
    for envelope in &stream.envelopes {
        view.apply(envelope);
        console.accept(std::slice::from_ref(envelope), &view).unwrap();
    }
    console.close(&view).unwrap();
    shared.text()
}

fn plain(stream: &Stream) -> String {
    written(stream, options(Mode::Plain, Verbosity::Normal, PLAIN))
}

fn all_passed() -> Stream {
    let mut plan = plan(&[
        ("fast_feedback", 120, &[("smoke", 0), ("unit", 0)]),
        ("core_integration", 600, &[("database", 0)]),
    ]);
    plan.services.push(service("postgresql"));
    let mut stream = Stream::of(plan);
    stream.at(0.1).layer(0, LayerEvent::Started).job_starts(0).job_starts(1);
    let smoke = stream.discover(0, &["tests/smoke/test_up.py::test_up"]);
    let unit = stream.discover(1, &["a::one", "a::two", "a::three"]);
    stream.at(1.0).runs(smoke, Outcome::Passed).at(1.5).job_ends(0, Outcome::Passed, "");
    stream.at(2.0).runs(unit, Outcome::Passed).runs(unit + 1, Outcome::Skipped);
    stream.starts(unit + 2, 1).ends(unit + 2, 1, Outcome::Passed, None);
    stream.settles(unit + 2, Outcome::Passed).at(61.0).job_ends(1, Outcome::Passed, "");
    stream.at(62.0).layer_ends(0, Verdict::Passed, "");
    stream.service(0, ServiceEvent::Starting);
    let addresses = vec![("main".to_owned(), "127.0.0.1:5432".to_owned())];
    stream.at(65.0).service(0, ServiceEvent::Ready { addresses });
    stream.layer(1, LayerEvent::Started).job_starts(2);
    let database = stream.discover(2, &["db::migrate"]);
    stream.at(70.0).runs(database, Outcome::Passed).job_ends(2, Outcome::Passed, "");
    stream.layer_ends(1, Verdict::Passed, "").service(0, ServiceEvent::Stopped);
    stream.at(71.0).finish(RunResult::default());
    stream
}

fn failures() -> Stream {
    let mut stream =
        Stream::of(plan(&[("fast_feedback", 120, &[("unit", 1), ("lint", 0), ("docs", 0)])]));
    stream.at(0.5).layer(0, LayerEvent::Started).job_starts(0).job_starts(1);
    stream.writes(0).writes(1);
    let unit = stream.discover(0, &["a.py::flaky", "a.py::broken", "a.py::silent"]);
    let text = failure("assert 1 == 2", "assert 1 == 2\n  left: 1\n\u{1b}[31m right: 2\u{1b}[0m\n");
    for test in [unit, unit + 1] {
        stream.starts(test, 1).ends(test, 1, Outcome::Failed, Some(text.clone()));
    }
    stream.starts(unit, 2).ends(unit, 2, Outcome::Passed, None).settles(unit, Outcome::Flaky);
    stream.starts(unit + 1, 2).ends(unit + 1, 2, Outcome::Failed, Some(text));
    stream.settles(unit + 1, Outcome::Failed);
    stream.starts(unit + 2, 1).at(3.75);
    let cause = StopCause::CategoryTimeout;
    stream.push(Event::Job(JobIx(0), JobEvent::Terminated { cause }));
    stream.settles(unit + 2, Outcome::TimedOut);
    stream.at(4.0).job_ends(0, Outcome::Failed, "2 of 3 tests did not pass");
    let lint = stream.discover(1, &["lint::line_length"]);
    let many: String = (1..=30).map(|number| format!("line {number}\n")).collect();
    stream.fails(lint, failure("30 lines are too long", &many));
    stream.at(5.0).job_ends(1, Outcome::Failed, "");
    stream.at(6.0).layer_ends(0, Verdict::Failed, "3 tests failed");
    stream.at(6.5).finish(RunResult { tests_failed: true, ..RunResult::default() });
    stream
}

fn budget_exceeded() -> Stream {
    let mut stream = Stream::of(plan(&[
        ("fast_feedback", 3, &[("unit", 0)]),
        ("core_integration", 600, &[("database", 0)]),
    ]));
    stream.at(0.5).layer(0, LayerEvent::Started).job_starts(0).writes(0);
    let ids: Vec<String> = (0..6).map(|number| format!("slow::test_{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first = stream.discover(0, &ids);
    stream.runs(first, Outcome::Passed).starts(first + 1, 1);
    stream.at(3.5).layer(0, LayerEvent::BudgetExceeded).settles(first + 1, Outcome::Cancelled);
    for test in first + 2..first + 6 {
        stream.settles(test, Outcome::NotRun);
    }
    stream.job_ends(0, Outcome::Cancelled, "the budget of the layer is used up");
    stream.at(4.0).layer_ends(0, Verdict::BudgetExceeded, "budget of 3s used up");
    stream.category_ends(1, Outcome::Blocked, "fast_feedback did not pass");
    stream.layer_ends(1, Verdict::Blocked, "fast_feedback did not pass");
    stream.finish(RunResult { budget_exceeded: true, ..RunResult::default() });
    stream
}

fn interrupted() -> Stream {
    let mut stream = Stream::of(plan(&[("fast_feedback", 120, &[("unit", 0)])]));
    stream.at(0.5).layer(0, LayerEvent::Started).job_starts(0).writes(0);
    let first = stream.discover(0, &["a::one", "a::two"]);
    stream.runs(first, Outcome::Passed).starts(first + 1, 1);
    stream.at(2.0).push(Event::Run(RunEvent::Interrupted { signal: 2, orderly: true }));
    stream.at(2.5).settles(first + 1, Outcome::Cancelled);
    stream.job_ends(0, Outcome::Cancelled, "interrupted by signal 2");
    stream.layer_ends(0, Verdict::Cancelled, "interrupted by signal 2");
    stream.finish(RunResult { signal: Some(2), ..RunResult::default() });
    stream
}

fn could_not_run() -> Stream {
    let mut plan =
        plan(&[("core_integration", 600, &[("database", 0), ("api", 0), ("web", 0), ("docs", 0)])]);
    plan.services.push(service("postgresql"));
    plan.categories[2].work = CategoryWork::Jobs { first: JobIx(2), count: 2 };
    plan.notes.push("`docs` has no tests".to_owned());
    let mut stream = Stream::of(plan);
    stream.at(0.5).layer(0, LayerEvent::Started).service(0, ServiceEvent::Starting);
    let reason = "port 5432 is taken; stop what listens there".to_owned();
    stream.at(1.0).service(0, ServiceEvent::Failed { reason });
    stream.category_ends(0, Outcome::Errored, "service postgresql failed");
    stream.category_ends(1, Outcome::Errored, "`npx` was not found; install Node.js");
    stream.job_starts(2).job_ends(2, Outcome::Errored, "the tests could not be collected");
    stream.category_ends(3, Outcome::Empty, "no tests in docs/");
    stream.layer_ends(0, Verdict::Errored, "3 categories could not run");
    stream.push(Event::Warning("the disk is nearly full".to_owned()));
    stream.finish(RunResult { environment_failed: true, ..RunResult::default() });
    stream
}

#[test]
fn plain_all_passed() {
    insta::assert_snapshot!(plain(&all_passed()));
}

#[test]
fn plain_failures() {
    insta::assert_snapshot!(plain(&failures()));
}

#[test]
fn plain_budget_exceeded() {
    insta::assert_snapshot!(plain(&budget_exceeded()));
}

#[test]
fn plain_interrupted() {
    insta::assert_snapshot!(plain(&interrupted()));
}

#[test]
fn plain_could_not_run() {
    insta::assert_snapshot!(plain(&could_not_run()));
}

#[test]
fn quiet_tells_failures_and_the_summary() {
    insta::assert_snapshot!(written(&failures(), options(Mode::Plain, Verbosity::Quiet, PLAIN)));
}

#[test]
fn verbose_tells_every_test_in_ascii() {
    insta::assert_snapshot!(written(&failures(), options(Mode::Plain, Verbosity::Verbose, ASCII)));
}

#[test]
fn everything_holds_what_jobs_write() {
    let text = written(&failures(), options(Mode::Plain, Verbosity::Everything, PLAIN));
    assert_eq!(text.matches("  unit | ").count(), 1, "{text}");
    assert!(!written(&failures(), options(Mode::Plain, Verbosity::Verbose, PLAIN)).contains(" | "));
}

/// The details of a failure as they are shown.
fn details(text: &str, verbosity: Verbosity) -> String {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let test = stream.discover(0, &["a"]);
    stream.fails(test, failure("message", text));
    let shown = written(&stream, options(Mode::Plain, verbosity, PLAIN));
    let (_, details) = shown.split_once("    message\n").unwrap();
    details.lines().filter_map(|line| line.strip_prefix("    ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_failure_is_shown_without_the_frames_of_its_framework() {
    let pytest = "\
def test_total():
        first = 1
        second = 2
        basket = Basket()
>       assert basket.total() == 3
E       assert 2 == 3
E        +  where 2 = total()

tests/test_basket.py:12: AssertionError
_ _ _ _
    def call(self):
>       return self.inner()
/usr/lib/python3/dist-packages/pluggy/hooks.py:9: in call
";
    let of_pytest = "\
        first = 1
        second = 2
        basket = Basket()
>       assert basket.total() == 3
E       assert 2 == 3
E        +  where 2 = total()
tests/test_basket.py:12: AssertionError";
    let rust = "assertion `left == right` failed\n  left: 1\n right: 2\nnote: run with `RUST_BACKTRACE=1` environment variable\nstack backtrace:\n   0: rust_begin_unwind\n";
    let python = "\
Traceback (most recent call last):
  File \"/usr/lib/python3.11/unittest/mock.py\", line 1, in patched
    return func(*args)
  File \"/home/me/tests/test_a.py\", line 4, in test_a
    self.assertEqual(1, 2)
AssertionError: 1 != 2";
    let of_python = "\
Traceback (most recent call last):
  File \"/home/me/tests/test_a.py\", line 4, in test_a
    self.assertEqual(1, 2)
AssertionError: 1 != 2";
    let node = "\
Error: expected 1
    at check (/home/me/a.test.js:3:1)
    at node:internal/test:1:1
    at outer (/home/me/a.test.js:9:1)
    at further (/home/me/a.test.js:19:1)";
    let of_node = "\
Error: expected 1
    at check (/home/me/a.test.js:3:1)
    at outer (/home/me/a.test.js:9:1)";
    let of_rust = "assertion `left == right` failed\n  left: 1\n right: 2";
    for (text, expected) in
        [(pytest, of_pytest), (rust, of_rust), (python, of_python), (node, of_node)]
    {
        let shown = details(text, Verbosity::Normal);
        assert_eq!(shown.trim_start(), expected.trim_start());
        let whole = details(text, Verbosity::Verbose);
        assert!(whole.lines().count() > shown.lines().count(), "{whole}");
    }
}

#[test]
fn a_log_of_github_folds_layers_and_leaves_failures_outside() {
    let options = ConsoleOptions {
        folds: FoldMarks::GitHub,
        ..options(Mode::Plain, Verbosity::Normal, PLAIN)
    };
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)]), ("slow", 0, &[("e2e", 0)])]));
    stream.layer(0, LayerEvent::Started).job_starts(0);
    let test = stream.discover(0, &["a"]);
    stream.fails(test, failure("::error::not mine", "  ::set-output name=a::b\n##[group]x"));
    stream.layer(1, LayerEvent::Started);
    stream.layer_ends(0, Verdict::Failed, "1 test failed").layer_ends(1, Verdict::Passed, "");
    stream.finish(RunResult { tests_failed: true, ..RunResult::default() });
    insta::assert_snapshot!(written(&stream, options));
}

#[test]
fn a_log_of_gitlab_folds_layers() {
    let options = ConsoleOptions {
        folds: FoldMarks::GitLab,
        ..options(Mode::Plain, Verbosity::Normal, PLAIN)
    };
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    stream.layer(0, LayerEvent::Started).at(5.0).layer_ends(0, Verdict::Passed, "");
    let text = written(&stream, options);
    let lines: Vec<&str> = text.lines().collect();
    let start = lines[1].strip_prefix("\u{1b}[0Ksection_start:").unwrap();
    assert!(start.ends_with(":apex_1\r\u{1b}[0Klayer fast"), "{start}");
    let end = lines[3].strip_prefix("\u{1b}[0Ksection_end:").unwrap();
    assert!(end.ends_with(":apex_1\r\u{1b}[0K"), "{end}");
    let seconds = |mark: &str| mark.split(':').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(seconds(end) - seconds(start), 5);
    assert!(lines[4].starts_with("layer fast passed"), "{text}");
}

#[test]
fn the_variables_of_a_ci_system_say_how_its_log_folds() {
    let of = |name: &'static str, value: &'static str| {
        FoldMarks::of(&move |asked: &str| (asked == name).then(|| value.to_owned()))
    };
    assert_eq!(of("GITHUB_ACTIONS", "true"), FoldMarks::GitHub);
    assert_eq!(of("GITLAB_CI", "true"), FoldMarks::GitLab);
    assert_eq!(of("GITHUB_ACTIONS", "false"), FoldMarks::None);
    assert_eq!(of("CI", "true"), FoldMarks::None);
}

/// A run of which the user skipped the rest of the first layer.
fn skipped() -> Stream {
    let mut stream = Stream::of(plan(&[
        ("fast_feedback", 120, &[("unit", 0), ("lint", 0)]),
        ("core_integration", 600, &[("database", 0)]),
    ]));
    stream.at(0.5).layer(0, LayerEvent::Started).job_starts(0);
    let first = stream.discover(0, &["a::one", "a::two", "a::three"]);
    stream.runs(first, Outcome::Passed).starts(first + 1, 1);
    stream.at(2.0).layer(0, LayerEvent::Skipped);
    stream.settles(first + 1, Outcome::Cancelled).settles(first + 2, Outcome::NotRun);
    stream.job_ends(0, Outcome::Cancelled, "the user skipped the rest of its layer");
    stream.category_ends(1, Outcome::NotRun, "the user skipped the rest of its layer");
    stream.layer_ends(0, Verdict::Cancelled, "the user skipped the rest of it");
    stream.layer(1, LayerEvent::Started).job_starts(2);
    let database = stream.discover(2, &["db::migrate"]);
    stream.at(4.0).runs(database, Outcome::Passed).job_ends(2, Outcome::Passed, "");
    stream.layer_ends(1, Verdict::Passed, "");
    stream.finish(RunResult { skipped: true, ..RunResult::default() });
    stream
}

#[test]
fn plain_skipped_by_the_user() {
    insta::assert_snapshot!(plain(&skipped()));
}

#[test]
fn colours_are_only_added_to_the_words() {
    let coloured = written(&failures(), options(Mode::Plain, Verbosity::Normal, COLOUR));
    assert!(coloured.contains("\u{1b}[1;31mFAILED\u{1b}[0m"));
    let mut bare = String::new();
    let mut parts = coloured.split('\u{1b}');
    bare.push_str(parts.next().unwrap());
    for part in parts {
        bare.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(bare, plain(&failures()));
}

#[test]
fn a_failure_is_told_once_and_only_after_its_last_attempt() {
    let text = plain(&failures());
    let (told, summary) = text.split_once("\n\n").unwrap();
    assert_eq!(told.matches("FAILED unit: a.py::broken").count(), 1, "{told}");
    assert_eq!(told.matches("FAILED unit: a.py::flaky").count(), 0, "{told}");
    assert_eq!(summary.matches("a.py::broken").count(), 1, "{summary}");
}

#[test]
fn many_failures_are_bounded() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let ids: Vec<String> = (0..80).map(|number| format!("t::{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first = stream.discover(0, &ids);
    for test in first..first + 80 {
        stream.fails(test, failure("message", "details"));
    }
    stream.finish(RunResult { tests_failed: true, ..RunResult::default() });
    let text = plain(&stream);
    assert_eq!(text.matches("    details").count(), 50);
    assert_eq!(text.matches("\nFAILED unit: t::").count(), 80);
    assert!(
        text.contains("80 tests that did not pass:") && text.contains("  and 60 more\n"),
        "{text}"
    );
}

#[test]
fn many_categories_that_did_not_run_are_bounded() {
    let names: Vec<String> = (0..60).map(|number| format!("category_{number}")).collect();
    let categories: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 0)).collect();
    let mut stream = Stream::of(plan(&[("fast", 0, &categories)]));
    for category in 0..30 {
        stream.category_ends(category, Outcome::Blocked, "smoke did not pass");
        stream.category_ends(category + 30, Outcome::Empty, "no tests");
    }
    stream.finish(RunResult { nothing_ran: true, ..RunResult::default() });
    let text = written(&stream, options(Mode::Plain, Verbosity::Quiet, PLAIN));
    assert_eq!(text.matches(": blocked: smoke did not pass\n").count(), 20);
    assert!(text.contains("30 categories did not run to an end:"), "{text}");
    assert!(text.contains("\n  and 10 more\n") && text.contains(", and 10 more\n"), "{text}");
}

#[test]
fn names_of_tests_cannot_break_lines_or_move_the_cursor() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let test = stream.discover(0, &["two\nlines\tand \u{1b}[2Ja wipe\r"]);
    stream.starts(test, 1).ends(test, 1, Outcome::Failed, None);
    assert!(plain(&stream).contains("FAILED unit: two lines and a wipe (1.2s)\n"));
}

#[test]
fn silence_is_filled_with_what_runs() {
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0), ("lint", 0)])]));
    stream.layer(0, LayerEvent::Started).at(1.0).job_starts(0).job_starts(1);
    let first = stream.discover(0, &["a", "b", "c", "d"]);
    stream.runs(first + 3, Outcome::Passed);
    stream.at(2.0).starts(first, 1).starts(first + 1, 1).starts(first + 2, 1);
    let quiet_until = |seconds: f64, mode, verbosity, silence| {
        let shared = Shared::default();
        let options = ConsoleOptions { silence, ..options(mode, verbosity, PLAIN) };
        let mut console = Console::new(Box::new(shared.clone()), options);
        let now = Moment::after_start(Duration::from_secs_f64(seconds));
        console.tick(now, &stream.view).unwrap();
        console.tick(now.plus(Duration::from_secs(1)), &stream.view).unwrap();
        shared.text()
    };
    let minute = Some(Duration::from_secs(60));
    assert_eq!(quiet_until(58.0, Mode::Plain, Verbosity::Normal, minute), "");
    assert_eq!(quiet_until(90.0, Mode::Plain, Verbosity::Quiet, minute), "");
    assert_eq!(quiet_until(900.0, Mode::Plain, Verbosity::Normal, None), "");
    let told = "after 1m01s still running: fast (1 of 4 tests): lint (job 1) (59.9s), unit: a (59.0s), \
                unit: b (58.9s), and 1 more; so far 1 passed\n";
    assert_eq!(quiet_until(61.0, Mode::Plain, Verbosity::Normal, minute), told);
}

#[test]
fn a_reader_that_went_away_ends_the_console_quietly() {
    let stream = all_passed();
    let options = || options(Mode::Plain, Verbosity::Normal, PLAIN);
    let mut console = Console::new(Box::new(Gone(ErrorKind::BrokenPipe)), options());
    assert_eq!(console.accept(&stream.envelopes, &stream.view), Ok(()));
    assert_eq!(console.close(&stream.view), Ok(()));
    let mut console = Console::new(Box::new(Gone(ErrorKind::StorageFull)), options());
    assert!(console.accept(&stream.envelopes, &stream.view).is_err());
}

#[test]
fn the_screen_is_redrawn_in_place_and_left_clean() {
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.at(1.0).layer(0, LayerEvent::Started).job_starts(0).writes(0);
    let test = stream.discover(0, &["a::one"]);
    stream.at(2.0).fails(test, failure("boom", ""));
    stream.at(3.0).job_ends(0, Outcome::Failed, "");
    stream.finish(RunResult { tests_failed: true, ..RunResult::default() });
    let text = written(&stream, options(Mode::Live, Verbosity::Normal, PLAIN));
    insta::assert_snapshot!(text.replace('\u{1b}', "<ESC>").replace('\r', "<CR>"));
}

#[test]
fn frames_are_at_least_a_tenth_of_a_second_apart() {
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.job_starts(0);
    let shared = Shared::default();
    let live = options(Mode::Live, Verbosity::Normal, PLAIN);
    let mut console = Console::new(Box::new(shared.clone()), live);
    let mut frames = 0;
    let mut before = 0;
    for millis in (0..1000).step_by(10) {
        console.tick(Moment::after_start(Duration::from_millis(millis)), &stream.view).unwrap();
        frames += usize::from(shared.text().len() > before);
        before = shared.text().len();
    }
    assert_eq!(frames, 9);
}

#[test]
fn a_test_that_is_unknown_to_the_view_is_not_told() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let lost = TestEvent::Settled { test: TestIx(7), outcome: Outcome::Failed };
    stream.push(Event::Test(JobIx(0), lost));
    assert_eq!(plain(&stream).lines().count(), 1);
}

#[test]
fn mode_and_style_follow_terminal_and_environment() {
    use ColourChoice::{Always, Auto, Never};
    let xterm = ("TERM", "xterm");
    let utf8 = ("LANG", "de_DE.UTF-8");
    type Case<'a> = (&'a str, bool, ColourChoice, &'a [(&'a str, &'a str)], (Mode, bool, bool));
    let cases: &[Case<'_>] = &[
        ("a terminal", true, Auto, &[xterm, utf8], (Mode::Live, true, true)),
        ("a file", false, Auto, &[xterm, utf8], (Mode::Plain, false, true)),
        ("a dumb terminal", true, Auto, &[("TERM", "dumb"), utf8], (Mode::Plain, false, true)),
        ("no TERM", true, Auto, &[utf8], (Mode::Plain, false, true)),
        ("CI", true, Auto, &[xterm, utf8, ("CI", "true")], (Mode::Plain, true, true)),
        ("CI=false", true, Auto, &[xterm, utf8, ("CI", "false")], (Mode::Live, true, true)),
        ("NO_COLOR", true, Auto, &[xterm, utf8, ("NO_COLOR", "1")], (Mode::Live, false, true)),
        ("NO_COLOR empty", true, Auto, &[xterm, utf8, ("NO_COLOR", "")], (Mode::Live, true, true)),
        ("forced", false, Auto, &[utf8, ("CLICOLOR_FORCE", "1")], (Mode::Plain, true, true)),
        ("asked for", false, Always, &[("NO_COLOR", "1")], (Mode::Plain, true, false)),
        ("asked not", true, Never, &[xterm, utf8], (Mode::Live, false, true)),
        ("C locale", true, Auto, &[xterm, utf8, ("LC_ALL", "C")], (Mode::Live, true, false)),
        ("no locale", true, Auto, &[xterm], (Mode::Live, true, false)),
    ];
    for (what, is_terminal, colour, variables, expected) in cases {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let around =
            Surroundings { is_terminal: *is_terminal, colour: *colour, variable: &variable };
        let style = around.style();
        assert_eq!((around.mode(), style.colour, style.unicode), *expected, "{what}");
    }
}
