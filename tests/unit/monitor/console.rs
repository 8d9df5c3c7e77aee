//! What people see of a run.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apex_core::event::{LayerEvent, RunResult, TestEvent};
use apex_core::{Event, JobIx, Moment, Outcome, RunView, Sink, TestIx, Verdict};
use apex_monitor::ExitStatus;
use apex_monitor::console::{
    ColourChoice, Console, ConsoleOptions, FoldMarks, Mode, Size, Style, Surroundings, Verbosity,
};

use super::runs_shown::{
    all_passed, budget_exceeded, could_not_run, failures, interrupted, skipped,
};
use super::stream::{Stream, failure, plan};

pub(super) const PLAIN: Style = Style { colour: false, unicode: true };
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

/// A console of 60 columns for a run whose record is `.apex/runs/run-1`.
pub(super) fn options(mode: Mode, verbosity: Verbosity, style: Style) -> ConsoleOptions {
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
pub(super) fn written(stream: &Stream, options: ConsoleOptions) -> String {
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
