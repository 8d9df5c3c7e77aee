//! The part of a terminal that is redrawn in place, and the keys that change it.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apex_core::event::{LayerEvent, RunEvent, ServiceEvent};
use apex_core::plan::{LayerPrediction, Prediction};
use apex_core::{Event, JobIx, LayerIx, Moment, Outcome, RunView, Sink, Verdict};
use apex_monitor::ExitStatus;
use apex_monitor::console::{
    Console, ConsoleOptions, FoldMarks, Key, Line, Look, Mode, Order, Panel, Size, Style, Tails,
    Verbosity, frame,
};

use super::stream::{Stream, failure, plan, service};

const PLAIN: Style = Style { colour: false, unicode: true };
const ASCII: Style = Style { colour: false, unicode: false };
const COLOUR: Style = Style { colour: true, unicode: true };

/// A run in the middle of things, of which earlier runs taught something.
fn in_flight() -> Stream {
    let mut plan = plan(&[
        ("fast_feedback", 10, &[("unit", 0), ("lint", 0)]),
        ("core_integration", 600, &[("database", 0)]),
        ("unlimited", 0, &[("e2e", 0)]),
    ]);
    let of = |seconds: u64| LayerPrediction {
        expected: Duration::from_secs(seconds),
        high: Duration::from_secs(2 * seconds),
        within_budget: None,
    };
    plan.prediction = Some(Prediction {
        low: Duration::from_secs(30),
        expected: Duration::from_secs(100),
        high: Duration::from_secs(200),
        layers: vec![of(9), of(70), of(21)],
        runs: 7,
        unknown: 0,
    });
    plan.services.push(service("postgresql"));
    plan.services.push(service("redis"));
    let mut stream = Stream::of(plan);
    stream.service(0, ServiceEvent::Starting).at(0.1).service(1, ServiceEvent::Starting);
    stream.at(0.2).service(0, ServiceEvent::Ready { addresses: Vec::new() });
    stream.layer(0, LayerEvent::Started).job_starts(0).job_starts(1).writes(0);
    let names = ["漢字", "e\u{301}clair", "👩‍👩‍👧 family", "plain"];
    let ids: Vec<String> = (0..14)
        .map(|number| format!("tests/unit/test_{}.py::test_{number}", names[number % 4]))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let first = stream.discover(0, &ids);
    stream.at(1.0).runs(first, Outcome::Passed).fails(first + 1, failure("assert 1 == 2", ""));
    for test in first + 2..first + 12 {
        stream.at(f64::from(test)).starts(test, 1);
    }
    stream
}

fn tails(stream: &Stream) -> Tails {
    let mut tails = Tails::default();
    stream.envelopes.iter().for_each(|envelope| tails.take(envelope));
    tails
}

fn lines(stream: &Stream, size: (usize, usize), style: Style, panel: Panel) -> Vec<Line> {
    let (columns, rows) = size;
    let tails = tails(stream);
    let size = Size { columns, rows };
    let look = Look { size, style, panel, tails: &tails, has_keys: true };
    frame(&stream.view, Moment::after_start(Duration::from_millis(13_000)), &look)
}

fn painted(lines: &[Line], style: Style) -> String {
    let mut text = String::new();
    for line in lines {
        line.paint(style, &mut text);
        text.push('\n');
    }
    text
}

fn shown(size: (usize, usize), style: Style, panel: Panel) -> String {
    painted(&lines(&in_flight(), size, style, panel), style)
}

const PANELS: [(&str, Panel); 6] = [
    ("closed", Panel::Closed),
    ("help", Panel::Help),
    ("running", Panel::Running { chosen: 9 }),
    ("output", Panel::Output { job: JobIx(0) }),
    ("failures", Panel::Failures),
    ("skip", Panel::Skip { layer: LayerIx(0) }),
];

#[test]
fn a_frame_of_every_size() {
    let sizes = [(120, 40), (80, 24), (80, 10), (40, 24), (40, 8), (20, 5), (80, 3), (80, 2)];
    let mut all = String::new();
    for size in sizes {
        let shown = shown(size, PLAIN, Panel::Closed);
        all.push_str(&format!("--- {} x {}\n{shown}", size.0, size.1));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn every_panel() {
    let mut all = String::new();
    for (name, panel) in PANELS {
        for size in [(80, 16), (40, 8)] {
            let shown = shown(size, PLAIN, panel);
            all.push_str(&format!("--- {name}, {} x {}\n{shown}", size.0, size.1));
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_frame_in_ascii() {
    let text = shown((100, 14), ASCII, Panel::Closed);
    let frames: Vec<&str> = text.lines().filter(|line| !line.contains("test_")).collect();
    assert!(frames.iter().all(|line| line.is_ascii()), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_frame_in_colour() {
    insta::assert_snapshot!(shown((80, 12), COLOUR, Panel::Closed).replace('\u{1b}', "<ESC>"));
}

#[test]
fn a_frame_fits_any_terminal() {
    let stream = in_flight();
    for (name, panel) in PANELS {
        for columns in 1..100 {
            for rows in 1..30 {
                let lines = lines(&stream, (columns, rows), PLAIN, panel);
                assert!(lines.len() < rows, "{name}: {} lines on {rows} rows", lines.len());
                let widest = lines.iter().map(Line::width).max().unwrap_or(0);
                assert!(widest < columns.max(2), "{name}: {widest} of {columns} columns");
            }
        }
    }
}

#[test]
fn what_people_see_as_one_character_is_not_cut() {
    let family = "👩‍👩‍👧";
    let line = Line::new().text(format!("a{family}e\u{301}漢b"));
    let cut = |columns: usize| line.clone().cut(columns, PLAIN).bare();
    assert_eq!(cut(2), "a…");
    assert_eq!(cut(4), format!("a{family}…"));
    assert_eq!(cut(5), format!("a{family}e\u{301}…"));
    assert_eq!(cut(6), format!("a{family}e\u{301}…"));
    assert_eq!(cut(7), format!("a{family}e\u{301}漢b"));
}

#[test]
fn names_of_tests_cannot_break_a_frame() {
    let mut stream = Stream::of(plan(&[("fast", 0, &[("unit", 0)])]));
    let test = stream.discover(0, &["two\nlines\tand \u{1b}[2Ja wipe\r"]);
    stream.starts(test, 1);
    let shown = painted(&lines(&stream, (80, 24), PLAIN, Panel::Closed), PLAIN);
    assert!(shown.contains("unit: two lines and a wipe"), "{shown}");
    assert!(!shown.contains(|one: char| one.is_control() && one != '\n'), "{shown:?}");
}

/// Presses keys one after the other; the panel at the end and what was ordered.
fn pressed(view: &RunView, keys: &str) -> (Panel, Vec<Order>) {
    let mut orders = Vec::new();
    let panel = keys.chars().fold(Panel::Closed, |panel, key| {
        let key = match key {
            '⏎' => Key::Enter,
            '⎋' => Key::Escape,
            '↓' => Key::Down,
            '↑' => Key::Up,
            other => Key::Char(other),
        };
        let (panel, order) = panel.press(key, view);
        orders.extend(order);
        panel
    });
    (panel, orders)
}

#[test]
fn keys_open_and_close_panels_and_order_only_what_was_asked_for() {
    let stream = in_flight();
    let job = JobIx(0);
    let cases: &[(&str, Panel, &[Order])] = &[
        ("", Panel::Closed, &[]),
        ("?", Panel::Help, &[]),
        ("??", Panel::Closed, &[]),
        ("?⎋", Panel::Closed, &[]),
        ("t", Panel::Running { chosen: 0 }, &[]),
        ("t↓↓↑", Panel::Running { chosen: 1 }, &[]),
        ("t↑", Panel::Running { chosen: 0 }, &[]),
        ("tj⏎", Panel::Output { job }, &[]),
        ("tjt", Panel::Closed, &[]),
        ("o", Panel::Output { job: JobIx(1) }, &[]),
        ("oo", Panel::Output { job }, &[]),
        ("ooo", Panel::Output { job: JobIx(1) }, &[]),
        ("⏎⏎", Panel::Closed, &[]),
        ("f", Panel::Failures, &[]),
        ("f?", Panel::Help, &[]),
        ("s", Panel::Skip { layer: LayerIx(0) }, &[]),
        ("sn", Panel::Closed, &[]),
        ("s⏎", Panel::Closed, &[]),
        ("sq", Panel::Closed, &[]),
        ("sx", Panel::Skip { layer: LayerIx(0) }, &[]),
        ("sy", Panel::Closed, &[Order::SkipLayer(LayerIx(0))]),
        ("y", Panel::Closed, &[]),
        ("q", Panel::Closed, &[Order::Stop]),
        ("fq", Panel::Failures, &[Order::Stop]),
        ("x", Panel::Closed, &[]),
    ];
    for (keys, panel, orders) in cases {
        let (at_end, ordered) = pressed(&stream.view, keys);
        assert_eq!((at_end, &*ordered), (*panel, *orders), "{keys}");
    }
}

#[test]
fn a_second_stop_is_not_ordered_by_a_key() {
    let mut stream = in_flight();
    stream.push(Event::Run(RunEvent::Interrupted { signal: 2, orderly: true }));
    assert_eq!(pressed(&stream.view, "q").1, []);
}

#[test]
fn a_question_is_over_when_its_layer_is() {
    let mut stream = in_flight();
    let asked = Panel::Skip { layer: LayerIx(0) };
    assert_eq!(asked.still(&stream.view), asked);
    stream.layer_ends(0, Verdict::Passed, "");
    assert_eq!(asked.still(&stream.view), Panel::Closed);
    assert_eq!(pressed(&stream.view, "s").0, Panel::Closed);
}

#[test]
fn a_console_hands_on_what_keys_order() {
    let stream = in_flight();
    let (sender, keys) = sync_channel(8);
    let ordered = Arc::new(Mutex::new(Vec::new()));
    let orders = Arc::clone(&ordered);
    let options = ConsoleOptions {
        mode: Mode::Live,
        verbosity: Verbosity::Normal,
        style: PLAIN,
        size: || None,
        run_directory: None,
        silence: None,
        folds: FoldMarks::None,
        exit: Arc::new(|_| ExitStatus { code: 0, meaning: "passed".to_owned() }),
    };
    let mut console = Console::new(Box::new(std::io::sink()), options)
        .with_keys(keys, Box::new(move |order| orders.lock().unwrap().push(order)));
    for key in ['s', 'y', 'q'] {
        sender.send(Key::Char(key)).unwrap();
    }
    console.tick(stream.view.last(), &stream.view).unwrap();
    assert_eq!(*ordered.lock().unwrap(), [Order::SkipLayer(LayerIx(0)), Order::Stop]);
}
