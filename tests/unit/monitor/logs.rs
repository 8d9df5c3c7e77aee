//! Apex's own log: what is said, by whom, where it is written, and what is put aside.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use apex_core::event::{
    AgentEvent, CategoryEvent, JobEvent, LayerEvent, RunEvent, RunResult, ServiceEvent, StopCause,
};
use apex_core::{Event, JobIx, Outcome, RunId, RunView, Sink as _, Trace, Verdict};
use apex_monitor::logs::{Component, Diagnostics, Level, Levels, Logs, Rotation, Settings};
use serde_json::Value;

use super::stream::{Stream, failure, plan, service};

const LARGE: Rotation = Rotation { bytes: 1 << 30, age: Duration::from_secs(1 << 30), keep: 3 };

/// A run in which every part has something to say.
fn eventful() -> Stream {
    let mut plan = plan(&[("fast", 60, &[("unit", 0)]), ("night", 0, &[("e2e", 0)])]);
    plan.layers[1].background = true;
    plan.services.push(service("db"));
    let mut stream = Stream::of(plan);
    stream.push(Event::Run(RunEvent::SlotsChanged { slots: 5 }));
    stream.at(0.1).service(0, ServiceEvent::Starting);
    stream.service(0, ServiceEvent::Lost { reason: "gone".to_owned() });
    stream.at(0.2).layer(0, LayerEvent::Started).job_starts(0);
    let first = stream.discover(0, &["a::one", "a::two"]);
    stream.at(1.0).runs(first, Outcome::Passed);
    stream.at(2.0).fails(first + 1, failure("boom", "details"));
    stream.at(2.5).job_ends(0, Outcome::Failed, "1 test failed");
    stream.layer_ends(0, Verdict::Failed, "1 test failed");
    stream.at(3.0).layer(1, LayerEvent::Started).job_starts(1);
    stream.push(Event::Job(JobIx(1), JobEvent::Terminated { cause: StopCause::FailFast }));
    stream.push(Event::Category(
        apex_core::CategoryIx(1),
        CategoryEvent::TimedOut { limit: Duration::from_secs(7) },
    ));
    let agent = "guest".into();
    stream.push(Event::Agent(AgentEvent::Failed { agent, reason: "it panicked".to_owned() }));
    stream.push(Event::Warning("disk is nearly full".to_owned()));
    stream.at(4.0).push(Event::Run(RunEvent::Finished(RunResult {
        tests_failed: true,
        ..RunResult::default()
    })));
    stream
}

fn settings(folder: &Path, levels: Levels, rotation: Rotation) -> Settings {
    Settings { folder: folder.to_owned(), levels, rotation }
}

/// Writes the log of a run, so many events at a time.
fn write(stream: &Stream, settings: Settings, batch: usize) -> Result<(), String> {
    let mut logs = Logs::new(settings, &Trace::of_run(&RunId::new("run-1"), None));
    let mut view = RunView::new();
    for envelopes in stream.envelopes.chunks(batch) {
        envelopes.iter().for_each(|envelope| view.apply(envelope));
        logs.accept(envelopes, &view)?;
    }
    logs.close(&view)
}

/// The lines of a part, each whole and with everything that lines have.
fn lines(folder: &Path, component: Component) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(component.file_name())).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        for key in ["timestamp", "level", "logger", "message", "module", "function", "run", "trace"]
        {
            let text = line[key].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{key}: {line}");
        }
        assert!(line["line"].is_u64() && line["process"].is_u64() && line["thread"].is_string());
        assert_eq!(line["logger"], component.as_str());
    }
    lines
}

/// What a part says: level and type of event.
fn said(folder: &Path, component: Component) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines(folder, component)
        .iter()
        .map(|line| format!("{} {}", text(&line["level"]), text(&line["function"])))
        .collect()
}

#[test]
fn each_part_says_what_is_its_business_and_the_whole_run_has_every_warning() {
    let folder = tempfile::tempdir().unwrap();
    let info = Levels::all(Some(Level::Info));
    write(&eventful(), settings(folder.path(), info, LARGE), 3).unwrap();
    let expected: [(Component, &[&str]); 6] = [
        (
            Component::MasterController,
            &[
                "INFO run.started",
                "WARNING service.lost",
                "INFO layer.started",
                "WARNING test.settled",
                "INFO layer.finished",
                "INFO layer.started",
                "WARNING job.terminated",
                "WARNING category.timed_out",
                "ERROR agent.failed",
                "WARNING warning",
                "INFO run.finished",
            ],
        ),
        (
            Component::TestOrchestrator,
            &[
                "INFO category.started",
                "WARNING test.settled",
                "INFO category.finished",
                "INFO category.started",
                "WARNING category.timed_out",
            ],
        ),
        (
            Component::ProgressStreaming,
            &["INFO run.started", "INFO category.finished", "INFO run.finished"],
        ),
        (Component::LayerExecution, &["INFO layer.started", "INFO layer.finished"]),
        (Component::BackgroundE2E, &["INFO layer.started", "WARNING job.terminated"]),
        (Component::ResourceManagement, &["INFO service.starting", "WARNING service.lost"]),
    ];
    for (component, expected) in expected {
        assert_eq!(said(folder.path(), component), expected, "{component:?}");
    }
}

#[test]
fn a_line_carries_the_ids_of_what_it_is_about() {
    let folder = tempfile::tempdir().unwrap();
    let debug = Levels::all(Some(Level::Debug));
    write(&eventful(), settings(folder.path(), debug, LARGE), 100).unwrap();
    let all = lines(folder.path(), Component::TestOrchestrator);
    let failed = all.iter().find(|line| line["outcome"] == "failed" && !line["test"].is_null());
    let failed = failed.unwrap_or_else(|| panic!("{all:#?}"));
    let ids: BTreeMap<&str, &Value> = ["run", "layer", "category", "job", "test", "reason"]
        .into_iter()
        .map(|name| (name, &failed[name]))
        .collect();
    assert_eq!(ids["layer"], "fast");
    assert_eq!(ids["category"], "unit");
    assert_eq!(ids["job"], 0);
    assert_eq!(ids["test"], "a::two");
    assert_eq!(ids["reason"], "boom");
    let trace = Trace::of_run(&RunId::new("run-1"), None);
    assert_eq!(failed["trace"], trace.id().to_string());
    let stamp = failed["timestamp"].as_str().unwrap();
    assert!(
        stamp.len() == "2026-01-31T12:00:00.000000Z".len() && stamp.ends_with("00Z"),
        "{stamp}"
    );
}

#[test]
fn lines_are_gathered_for_a_moment_and_warnings_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), Levels::all(Some(Level::Info)), LARGE);
    let mut logs = Logs::new(settings, &Trace::of_run(&RunId::new("run-1"), None));
    let mut stream = Stream::of(plan(&[("fast", 60, &[("unit", 0)])]));
    stream.at(10.0).layer(0, LayerEvent::Started);
    logs.accept(&stream.envelopes, &stream.view).unwrap();
    let count = || lines(folder.path(), Component::LayerExecution).len();
    assert_eq!(count(), 1, "the first after a pause is written at once");
    let mut take = |stream: &Stream, from: usize| {
        logs.accept(&stream.envelopes[from..], &stream.view).unwrap();
        stream.envelopes.len()
    };
    let from = stream.envelopes.len();
    stream.at(10.1).layer_ends(0, Verdict::Passed, "");
    let from = take(&stream, from);
    assert_eq!(count(), 1, "gathered");
    stream.at(10.15).layer(0, LayerEvent::BudgetExceeded);
    take(&stream, from);
    assert_eq!(count(), 3, "a warning takes all with it");
    let from = stream.envelopes.len();
    stream.at(10.2).layer(0, LayerEvent::Started);
    take(&stream, from);
    assert_eq!(count(), 3, "gathered again");
    let later = stream.view.last().plus(Duration::from_millis(200));
    logs.tick(later, &stream.view).unwrap();
    assert_eq!(count(), 4, "and written though nothing more happens");
}

#[test]
fn levels_are_read_for_all_and_for_single_parts() {
    use Component::{MasterController as Master, ResourceManagement as Resource};
    let cases: [(&str, Option<Level>, Option<Level>); 6] = [
        ("", Some(Level::Info), Some(Level::Info)),
        ("off", None, None),
        ("warn", Some(Level::Warning), Some(Level::Warning)),
        ("debug,resourcemanagement=off", Some(Level::Debug), None),
        ("ResourceManagement=trace , error", Some(Level::Error), Some(Level::Trace)),
        ("ResourceManagement=error", Some(Level::Info), Some(Level::Error)),
    ];
    let all = [Level::Error, Level::Warning, Level::Info, Level::Debug, Level::Trace];
    let most = |levels: &Levels, component| {
        all.into_iter().filter(|level| levels.wants(component, *level)).max()
    };
    for (words, master, resource) in cases {
        let levels = Levels::all(Some(Level::Info)).read(words).unwrap();
        assert_eq!((most(&levels, Master), most(&levels, Resource)), (master, resource), "{words}");
    }
    for (words, part) in [("loud", "`loud` is no level"), ("Kitchen=info", "`Kitchen` is no part")]
    {
        let error = Levels::all(None).read(words).unwrap_err().to_string();
        assert!(error.starts_with(part) && error.contains("known: "), "{error}");
    }
}

#[test]
fn a_file_is_put_aside_when_it_is_large_or_old_and_the_oldest_goes() {
    let info = Levels::all(Some(Level::Info));
    let small = Rotation { bytes: 1, ..LARGE };
    let old = Rotation { age: Duration::ZERO, ..LARGE };
    for rotation in [small, old] {
        let folder = tempfile::tempdir().unwrap();
        // Every batch finds a file that is too large or too old.
        for _ in 0..4 {
            write(&eventful(), settings(folder.path(), info, rotation), 1).unwrap();
        }
        let name = Component::MasterController.file_name();
        let mut kept: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|file| file.starts_with(&name))
            .collect();
        kept.sort();
        let expected: Vec<String> = ["", ".1", ".2", ".3"].map(|end| format!("{name}{end}")).into();
        assert_eq!(kept, expected, "{rotation:?}");
        let last = fs::read_to_string(folder.path().join(&name)).unwrap();
        assert!(last.contains("run.finished"), "the newest lines are under the name: {last}");
        let before = fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
        assert!(before.contains("disk is nearly full"), "{before}");
    }
}

#[test]
fn two_runs_that_write_and_rotate_the_same_files_lose_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let debug = Levels::all(Some(Level::Debug));
    let rotation = Rotation { bytes: 4_000, keep: 1_000, ..LARGE };
    let runs = 20;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..runs {
                    write(&eventful(), settings(folder.path(), debug, rotation), 2).unwrap();
                }
            });
        }
    });
    let name = Component::MasterController.file_name();
    let mut ends = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with(&name) {
            let text = fs::read_to_string(path).unwrap();
            for line in text.lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                ends += usize::from(line["function"] == "run.finished");
            }
        }
    }
    assert_eq!(ends, 2 * runs);
}

#[test]
fn lines_that_cannot_be_written_are_counted_and_told_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    fs::write(&file, "").unwrap();
    let info = Levels::all(Some(Level::Info));
    let told = write(&eventful(), settings(&file, info, LARGE), 100).unwrap_err();
    assert!(told.starts_with("25 lines of the log in "), "{told}");
    assert!(told.contains("were lost: "), "{told}");
}

#[test]
fn diagnostics_tell_people_the_same_once_and_in_one_line() {
    let mut written = Vec::new();
    let mut view = RunView::new();
    let stream = eventful();
    let mut diagnostics = Diagnostics::new(&mut written, Levels::all(Some(Level::Info)));
    stream.envelopes.iter().for_each(|envelope| view.apply(envelope));
    diagnostics.accept(&stream.envelopes, &view).unwrap();
    let text = String::from_utf8(written).unwrap();
    let lost: Vec<&str> = text.lines().filter(|line| line.contains("service was lost")).collect();
    let [lost] = lost[..] else { panic!("{text}") };
    assert!(lost.contains("warning ResourceManagement: the service was lost"), "{lost}");
    assert!(lost.contains(" reason=gone") && lost.contains(" service=db"), "{lost}");
    assert!(!text.contains("DEBUG") && !text.contains("debug"), "{text}");
}
