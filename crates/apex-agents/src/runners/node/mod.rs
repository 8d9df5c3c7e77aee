//! Node's own test runner: `node --test` with Apex's reporter.
//!
//! Node reports files in order, whatever it runs at the same time, so tests appear when their
//! file is reported. What runs is told by the processes of the files themselves ([`witness`]), so
//! that a test which hangs or ends its process is named. Tests of such a file that had not begun
//! are not known: Node names no test before it runs.

mod line;
mod witness;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;

use self::line::NodeLine;
use self::witness::{State, Witness, Witnessed};
use super::channel::place;
use super::context::{SessionContext, TestSelection};
use super::javascript::{escaped, files_of_shard};
use super::ledger::{End, Ledger, bare_case};
use super::session::{Invocation, Session, Step};
use super::text::{Tail, first_line};

/// The reporter, and what is loaded into the processes of files, as files of the private folder.
const REPORTER: (&str, &str) = ("apex_reporter.mjs", include_str!("apex_reporter.mjs"));
const WITNESS: (&str, &str) = ("apex_witness.cjs", include_str!("apex_witness.cjs"));

/// Longest line that is put together from parts, in bytes.
const PARTS_LIMIT: usize = 2 * 1024 * 1024;

/// The exit code of Node for an option that it does not know.
const REFUSED: i32 = 9;

/// Separates the names of nested tests in an id.
const NESTED: &str = " > ";

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>) -> Box<dyn Session> {
    let folder = context.spec.working_directory.to_string();
    let selection = TestSelection::of(&context.spec.work);
    let mut arguments = vec![context.tools.node.clone()];
    arguments.extend(
        [
            "--require={private}/apex_witness.cjs",
            "--test",
            // It writes to the event channel itself, and nothing to its destination.
            "--test-reporter={private}/apex_reporter.mjs",
            "--test-reporter-destination=stderr",
            "--test-reporter=spec",
            "--test-reporter-destination=stdout",
        ]
        .map(String::from),
    );
    arguments.extend(selection.arguments.iter().cloned());
    let files = files_of_shard(selection.paths, context.spec.shard);
    match context.only {
        None => arguments.extend(files),
        Some(ids) => arguments.extend(narrowed(&folder, ids, files)),
    }
    Box::new(NodeSession {
        program: Some(Invocation {
            arguments,
            working_directory: folder.clone(),
            event_channel: Some("APEX_EVENTS"),
            private_files: &[REPORTER, WITNESS],
            ..Invocation::default()
        }),
        folder,
        only: context.only.map(|ids| ids.iter().cloned().collect()),
        ledger: Ledger::default(),
        repeated: HashMap::new(),
        witness: Witness::default(),
        parts: String::new(),
        has_finished: false,
        errors: Tail::default(),
    })
}

/// The files, which are all that can be known without running them.
pub(crate) fn listing(context: &SessionContext<'_>) -> Box<dyn Session> {
    let selection = TestSelection::of(&context.spec.work);
    let folder = &context.spec.working_directory;
    let files = files_of_shard(selection.paths, context.spec.shard);
    Box::new(FileListing(files.iter().map(|file| place(folder, file)).collect()))
}

struct FileListing(Vec<Arc<str>>);

impl Session for FileListing {
    fn next(&mut self, _ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        let cases = self.0.iter().map(|file| bare_case(file, file)).collect();
        reports.push(JobReport::Discovered(cases));
        Step::Finish { problem: None }
    }
}

/// The arguments that select, for people.
pub(crate) fn selected(selection: &TestSelection<'_>) -> Vec<String> {
    selection.arguments.iter().chain(selection.paths).cloned().collect()
}

/// The arguments of a retry: names as exact patterns, and only the files of those ids.
///
/// Node 20 matches each name by itself and skips a test below a parent that does not match; Node
/// 22 matches the names joined by spaces. The patterns say both, so that a few others may run,
/// too; these are not reported.
fn narrowed(folder: &str, ids: &[Arc<str>], files: Vec<String>) -> Vec<String> {
    let wanted: HashSet<&str> =
        ids.iter().map(|id| id.split_once("::").map_or(&**id, |(file, _)| file)).collect();
    let mut arguments = patterns(ids);
    arguments.extend(files.into_iter().filter(|file| wanted.contains(&*place(folder, file))));
    arguments
}

fn patterns(ids: &[Arc<str>]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut patterns = Vec::new();
    for id in ids {
        // A file that is a test itself has no names: all of it runs.
        let Some((_, names)) = id.split_once("::") else { return Vec::new() };
        let names: Vec<&str> = names.split(NESTED).map(without_number).collect();
        for (index, name) in names.iter().enumerate() {
            for text in [(*name).to_owned(), names[..=index].join(" ")] {
                if seen.insert(text.clone()) {
                    patterns.push(format!("--test-name-pattern=^{}$", escaped(&text)));
                }
            }
        }
    }
    patterns
}

/// A name without the number that tells it from others of the same name.
fn without_number(name: &str) -> &str {
    match name.rsplit_once(" #") {
        Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => name,
    }
}

struct NodeSession {
    program: Option<Invocation>,
    folder: String,
    only: Option<HashSet<Arc<str>>>,
    ledger: Ledger,
    /// How often an id was seen, because Node allows tests of the same name.
    repeated: HashMap<String, u32>,
    witness: Witness,
    /// Parts of a line that was too long for the pipe.
    parts: String,
    has_finished: bool,
    errors: Tail<8192>,
}

impl NodeSession {
    fn line(&mut self, mut line: NodeLine, reports: &mut Vec<JobReport>) {
        match line.event.as_str() {
            "node" => self.apply(line, reports),
            "begin" => self.witness.begin(line.case(&self.folder)),
            "end" => self.witness.end(&line.case(&self.folder).id, line.witnessed()),
            "exit" => self.witness.exit(line.case(&self.folder).suite, line.exit_code()),
            "part" | "last_part" => {
                if self.parts.len() + line.part.len() <= PARTS_LIMIT {
                    self.parts.push_str(&line.part);
                }
                if line.event == "last_part" {
                    line.part = std::mem::take(&mut self.parts);
                    self.event_line(&line.part, reports);
                }
            }
            "finished" => self.has_finished = true,
            _ => {}
        }
    }

    fn apply(&mut self, line: NodeLine, reports: &mut Vec<JobReport>) {
        if line.is_filtered_out() {
            return;
        }
        let mut case = line.case(&self.folder);
        if line.is_file() && self.end_file(&case.suite, &line, reports) {
            return;
        }
        self.witness.reported(&case);
        let count = self.repeated.entry(case.id.to_string()).or_default();
        *count += 1;
        if *count > 1 {
            case.id = format!("{} #{count}", case.id).into();
            case.name = format!("{} #{count}", case.name).into();
        }
        let end = line.into_end();
        // What breaks a file or a group is reported on a retry, too: it may be why a wanted test
        // is missing.
        if self.is_wanted(&case.id) || end.outcome.is_bad() && self.ledger.len() == 0 {
            self.ledger.end(case, end, reports);
        }
    }

    fn is_wanted(&self, id: &Arc<str>) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(id))
    }

    /// Node speaks of a file as a whole, which it does when it knows no test of it. The tests that
    /// its process ran to the end are to blame, and what had ended before is kept. Whether there
    /// was anybody to blame.
    fn end_file(&mut self, file: &Arc<str>, line: &NodeLine, reports: &mut Vec<JobReport>) -> bool {
        let told = self.witness.take(file);
        let is_explained = told.iter().any(|test| test.state == State::Running);
        let message = line.death(self.witness.exit_of(file));
        for test in told {
            self.settle(test, &message, &line.output, reports);
        }
        is_explained
    }

    /// Ends a test by what its own process told of it; `death` is what ended that process.
    fn settle(&mut self, test: Witnessed, death: &str, output: &str, reports: &mut Vec<JobReport>) {
        let end = match test.state {
            State::Running => {
                let details = output.to_owned();
                End { details, ..End::of(Outcome::Errored, None).because(death) }
            }
            State::Passed => End::of(Outcome::Passed, None),
            State::Failed(message) => End::of(Outcome::Failed, None).because(message),
            State::Ended => End::of(Outcome::Errored, None)
                .because("it ended, and its file ended its process before it told how"),
        };
        if self.is_wanted(&test.case.id) {
            self.ledger.end(test.case, end, reports);
        }
    }

    /// After the last report of Node: a test that is still said to run has ended its process
    /// without a word, as Node takes exit code 0 for a pass.
    fn settle_files_at_work(&mut self, reports: &mut Vec<JobReport>) {
        let silent = NodeLine::default();
        for file in self.witness.files_at_work() {
            self.end_file(&file, &silent, reports);
        }
    }

    /// What to say of a Node that does not know the options that it was called with.
    fn too_old(&self, end: &ProcessEnd) -> Option<String> {
        let text = self.errors.text();
        let option =
            text.lines().find_map(|line| line.split_once("bad option: ")).map(|(_, one)| one);
        let is_ours = option.is_some_and(|option| option.starts_with("--test"));
        let is_refusal = *end == ProcessEnd::Exited(REFUSED) && is_ours && !self.has_finished;
        is_refusal.then(|| {
            format!(
                "this Node is too old: it does not know {}; install Node 18.20 or later, or put a \
                 later one first on PATH",
                option.unwrap_or_default()
            )
        })
    }

    fn problem(&self, end: &ProcessEnd) -> Option<String> {
        match end {
            ProcessEnd::NotStarted(why) => Some(why.clone()),
            ProcessEnd::Signalled(signal) => Some(format!("node was killed by signal {signal}")),
            ProcessEnd::Exited(code)
                if !self.has_finished || (*code != 0 && self.ledger.bad() == 0) =>
            {
                let text = self.errors.text();
                let said =
                    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
                Some(format!("node ended with exit code {code}: {}", first_line(said)))
                    .filter(|_| *code != 0 || !self.has_finished)
            }
            ProcessEnd::Exited(_) => self.lost(),
        }
    }

    /// Wanted tests of a retry that did not come back.
    fn lost(&self) -> Option<String> {
        let only = self.only.as_ref()?;
        let lost = only.iter().find(|id| !self.ledger.knows(id))?;
        (self.ledger.bad() == 0).then(|| format!("a test to run again was not found: {lost}"))
    }
}

impl Session for NodeSession {
    fn clock(&mut self, now: Duration) {
        self.ledger.clock(now);
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        let Some(end) = ended else {
            return match self.program.take() {
                Some(program) => Step::Run(program),
                None => Step::Finish { problem: None },
            };
        };
        if let Some(reason) = self.too_old(end) {
            return Step::Unable { reason };
        }
        self.settle_files_at_work(reports);
        let problem = self.problem(end).or_else(|| self.ledger.contradiction());
        Step::Finish { problem }
    }

    fn stopping(&mut self, reports: &mut Vec<JobReport>) {
        for test in self.witness.take_all() {
            match test.state {
                State::Running if self.is_wanted(&test.case.id) => {
                    self.ledger.start(test.case, reports);
                }
                State::Passed | State::Failed(_) => self.settle(test, "", "", reports),
                State::Running | State::Ended => {}
            }
        }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], _reports: &mut Vec<JobReport>) {
        if stream == Stream::Stderr {
            self.errors.feed(bytes);
        }
    }

    fn event_line(&mut self, line: &str, reports: &mut Vec<JobReport>) {
        if let Ok(line) = serde_json::from_str::<NodeLine>(line) {
            self.line(line, reports);
        }
    }
}
