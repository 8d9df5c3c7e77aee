//! Journals made by hand, which grow while a server looks at them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use apex_core::RunId;
use apex_monitor::run_dir::{RunDirectory, Runs};

/// A run that goes on for as long as this is kept.
pub(super) struct Journal {
    pub(super) directory: RunDirectory,
    file: File,
    pub(super) next: u64,
    pub(super) tests: u32,
}

impl Journal {
    /// Begins a run in a state folder, with its first event.
    pub(super) fn begin(state: &Path, run: &str) -> Self {
        let directory = Runs::in_state(state).create(&RunId::new(run)).unwrap();
        let file = File::create_new(directory.events()).unwrap();
        let mut journal = Self { directory, file, next: 0, tests: 0 };
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wire/events-1.jsonl");
        let lines = std::fs::read_to_string(fixtures).unwrap();
        let first = lines.lines().next().unwrap().replace("run-1", run);
        journal.file.write_all(format!("{first}\n").as_bytes()).unwrap();
        journal.next = 1;
        journal
    }

    /// Writes events in one go; each is what stands behind the number and the time.
    pub(super) fn write(&mut self, events: impl IntoIterator<Item = String>) {
        let mut text = String::new();
        for event in events {
            let (seq, at) = (self.next, self.next as f64 / 1000.0);
            writeln!(text, r#"{{"schema":"apex.event/1","seq":{seq},"at":{at:?},{event}}}"#)
                .unwrap();
            self.next += 1;
        }
        self.file.write_all(text.as_bytes()).unwrap();
    }

    /// Writes this many warnings, each about as long as is asked for.
    pub(super) fn warn(&mut self, count: u64, bytes: usize) {
        let pad = "x".repeat(bytes.saturating_sub(60));
        self.write((0..count).map(|_| format!(r#""type":"warning","text":"{pad}""#)));
    }

    /// Runs tests to these outcomes; those that are not `passed` fail with the message.
    pub(super) fn run_tests(&mut self, tests: &[(&str, &str, &str)]) {
        let first = self.tests;
        let text = |text: &str| serde_json::to_string(text).unwrap();
        let case = |id: &str| format!(r#"{{"id":{0},"suite":"suite","name":{0}}}"#, text(id));
        let cases: Vec<String> = tests.iter().map(|(id, ..)| case(id)).collect();
        let mut events = vec![format!(
            r#""type":"test.discovered","job":0,"first":{first},"cases":[{}]"#,
            cases.join(",")
        )];
        for ((_, outcome, message), test) in tests.iter().zip(first..) {
            let failure = if message.is_empty() {
                String::new()
            } else {
                format!(r#","failure":{{"message":{0},"details":{0},"output":""}}"#, text(message))
            };
            events.push(format!(r#""type":"test.started","job":0,"test":{test},"attempt":1"#));
            events.push(format!(
                r#""type":"test.finished","job":0,"test":{test},"attempt":1,"outcome":"{outcome}","duration_seconds":{}.5{failure}"#,
                test % 7
            ));
            events.push(format!(
                r#""type":"test.settled","job":0,"test":{test},"outcome":"{outcome}""#
            ));
        }
        self.tests += u32::try_from(tests.len()).unwrap();
        self.write(events);
    }

    /// Writes the last event.
    pub(super) fn finish(&mut self) {
        let end = r#""type":"run.finished","tests_failed":false,"environment_failed":false,"budget_exceeded":false,"nothing_ran":false"#;
        self.write([end.to_owned()]);
    }
}
