//! Node's own test runner: `node --test` with Apex's reporter.
//!
//! Node reports files in order, whatever it runs at the same time, so tests appear when their
//! file is reported. A file that ends its process takes its unreported tests with it: Node never
//! names them, the file is the failed test then.

mod line;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

use self::line::NodeLine;
use super::channel::place;
use super::context::{SessionContext, TestSelection};
use super::ledger::{Ledger, bare_case};
use super::session::{Invocation, Session, Step};
use super::text::{Tail, first_line};

/// The reporter, as a file of the private folder.
const REPORTER: (&str, &str) = ("apex_reporter.mjs", include_str!("apex_reporter.mjs"));

/// Separates the names of nested tests in an id.
const NESTED: &str = " > ";

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>) -> Box<dyn Session> {
    let folder = context.spec.working_directory.to_string();
    let selection = TestSelection::of(&context.spec.work);
    let mut arguments = vec![context.tools.node.clone(), "--test".to_owned()];
    arguments.extend(
        [
            "--test-reporter={private}/apex_reporter.mjs",
            "--test-reporter-destination={events}",
            "--test-reporter=spec",
            "--test-reporter-destination=stdout",
        ]
        .map(String::from),
    );
    arguments.extend(selection.arguments.iter().cloned());
    let files = files_of_shard(&selection, context.spec.shard);
    match context.only {
        None => arguments.extend(files),
        Some(ids) => arguments.extend(narrowed(&folder, ids, files)),
    }
    Box::new(NodeSession {
        program: Some(Invocation {
            arguments,
            working_directory: folder.clone(),
            event_channel: Some("APEX_EVENTS"),
            private_files: &[REPORTER],
            ..Invocation::default()
        }),
        folder,
        only: context.only.map(|ids| ids.iter().cloned().collect()),
        ledger: Ledger::default(),
        repeated: HashMap::new(),
        begun: HashMap::new(),
        has_finished: false,
        errors: Tail::default(),
    })
}

/// The files, which are all that can be known without running them.
pub(crate) fn listing(context: &SessionContext<'_>) -> Box<dyn Session> {
    let selection = TestSelection::of(&context.spec.work);
    let folder = &context.spec.working_directory;
    let files = files_of_shard(&selection, context.spec.shard);
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

fn files_of_shard(selection: &TestSelection<'_>, shard: Option<(u32, u32)>) -> Vec<String> {
    let (number, count) = shard.unwrap_or((1, 1));
    let skipped = number.saturating_sub(1) as usize;
    selection.paths.iter().skip(skipped).step_by(count.max(1) as usize).cloned().collect()
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

/// Text as a regular expression of JavaScript, without braces that the executor would fill in.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '{' => pattern.push_str("\\x7b"),
            '\n' => pattern.push_str("\\n"),
            '\0' => pattern.push_str("\\0"),
            '\\' | '^' | '$' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '}' | '|' | '/' => {
                pattern.push('\\');
                pattern.push(character);
            }
            _ => pattern.push(character),
        }
    }
    pattern
}

struct NodeSession {
    program: Option<Invocation>,
    folder: String,
    only: Option<HashSet<Arc<str>>>,
    ledger: Ledger,
    /// How often an id was seen, because Node allows tests of the same name.
    repeated: HashMap<String, u32>,
    /// Tests and groups of tests that began and have not ended.
    begun: HashMap<Arc<str>, TestCase>,
    has_finished: bool,
    errors: Tail<8192>,
}

impl NodeSession {
    fn apply(&mut self, line: NodeLine, reports: &mut Vec<JobReport>) {
        if line.is_filtered_out() {
            return;
        }
        let mut case = line.case(&self.folder);
        self.begun.remove(&case.id);
        let count = self.repeated.entry(case.id.to_string()).or_default();
        *count += 1;
        if *count > 1 {
            case.id = format!("{} #{count}", case.id).into();
            case.name = format!("{} #{count}", case.name).into();
        }
        let is_wanted = self.only.as_ref().is_none_or(|only| only.contains(&case.id));
        let end = line.into_end();
        // What breaks a file or a group is reported on a retry, too: it may be why a wanted test
        // is missing.
        if is_wanted || end.outcome.is_bad() && self.ledger.len() == 0 {
            self.ledger.end(case, end, reports);
        }
    }

    /// The tests that were at work: what began, did not end, and holds nothing else that began.
    fn at_work(&mut self) -> Vec<TestCase> {
        let begun = std::mem::take(&mut self.begun);
        let holds_other = |id: &str| {
            let inside = format!("{id}{NESTED}");
            begun.keys().any(|other| other.starts_with(&inside))
        };
        let mut at_work: Vec<TestCase> =
            begun.values().filter(|case| !holds_other(&case.id)).cloned().collect();
        at_work.sort_by(|one, other| one.id.cmp(&other.id));
        at_work
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
    fn next(&mut self, ended: Option<&ProcessEnd>, _reports: &mut Vec<JobReport>) -> Step {
        match (self.program.take(), ended) {
            (Some(program), _) => Step::Run(program),
            (None, Some(end)) => Step::Finish { problem: self.problem(end) },
            (None, None) => Step::Finish { problem: None },
        }
    }

    fn stopping(&mut self, reports: &mut Vec<JobReport>) {
        for case in self.at_work() {
            self.ledger.start(case, reports);
        }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], _reports: &mut Vec<JobReport>) {
        if stream == Stream::Stderr {
            self.errors.feed(bytes);
        }
    }

    fn event_line(&mut self, line: &str, reports: &mut Vec<JobReport>) {
        let Ok(line) = serde_json::from_str::<NodeLine>(line) else { return };
        match line.event.as_str() {
            "node" => self.apply(line, reports),
            "begin" => {
                let case = line.case(&self.folder);
                self.begun.insert(Arc::clone(&case.id), case);
            }
            "finished" => self.has_finished = true,
            _ => {}
        }
    }
}
