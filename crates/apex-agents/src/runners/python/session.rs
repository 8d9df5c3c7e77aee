//! One attempt of a job of Python tests, told by the events of Apex's plug-in.
//!
//! The plug-in says when the framework has finished. A program that ends without having said so
//! was killed by what ran in it: that test is named, and a new program runs the rest.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;

use super::batch::batches;
use crate::runners::channel::{Line, place};
use crate::runners::ledger::{End, Ledger, bare_case};
use crate::runners::session::{Invocation, Session, Step, Wish};
use crate::runners::text::{Tail, first_line};

/// Most programs that are started again after one was killed.
const RESTARTS: u32 = 20;

/// What an exit code of a framework means when nothing else explains it.
pub(crate) type ExitMeaning = fn(i32) -> Option<&'static str>;

/// See the module.
pub(crate) struct PythonSession {
    program: Invocation,
    meaning: ExitMeaning,
    ledger: Ledger,
    waiting: VecDeque<BTreeMap<String, String>>,
    wanted: Option<Vec<Arc<str>>>,
    restarts: u32,
    is_listing: bool,
    /// Files that could not be collected, with the reason of the first.
    broken: Option<(u32, String)>,
    /// Why the framework stopped early, as it says.
    stopped: String,
    /// The selection of the running program.
    current: BTreeMap<String, String>,
    /// Whether the running program said that it finished.
    has_finished: bool,
    /// Whether it said that it cannot take what it was given.
    has_declined: bool,
    /// What it waits to be told.
    wishes: VecDeque<Wish>,
    errors: Tail<8192>,
    prints: Tail<2048>,
    problem: Option<String>,
}

impl PythonSession {
    /// A session that runs `program`, first for `only` these ids when given.
    pub(crate) fn new(
        program: Invocation,
        only: Option<&[Arc<str>]>,
        meaning: ExitMeaning,
    ) -> Self {
        let mut session = Self {
            program,
            meaning,
            ledger: Ledger::default(),
            waiting: VecDeque::new(),
            wanted: only.map(<[_]>::to_vec),
            restarts: 0,
            is_listing: false,
            broken: None,
            stopped: String::new(),
            current: BTreeMap::new(),
            has_finished: false,
            has_declined: false,
            wishes: VecDeque::new(),
            errors: Tail::default(),
            prints: Tail::default(),
            problem: None,
        };
        session.waiting =
            only.map_or_else(|| vec![BTreeMap::new()], |ids| session.batches(ids)).into();
        session
    }

    /// Programs for these ids; the framework does not know the folder in front of them.
    fn batches(&self, ids: &[Arc<str>]) -> Vec<BTreeMap<String, String>> {
        let folder = &self.program.working_directory;
        batches(ids.iter().map(|id| within(folder, id)))
    }

    /// The same for a program that only lists: nothing is expected to end.
    pub(crate) fn listing(self) -> Self {
        Self { is_listing: true, ..self }
    }

    fn run_next(&mut self) -> Step {
        let Some(env) = self.waiting.pop_front() else { return self.finish() };
        self.has_finished = false;
        let mut program = self.program.clone();
        program.env.extend(env.clone());
        self.current = env;
        Step::Run(program)
    }

    fn finish(&mut self) -> Step {
        if self.problem.is_none() {
            self.problem = self.broken_problem().or_else(|| self.missing_problem());
        }
        if self.problem.is_none() && self.ledger.len() == 0 {
            return Step::NothingToRun;
        }
        let problem = self.problem.take().or_else(|| self.ledger.contradiction());
        Step::Finish { problem }
    }

    fn broken_problem(&self) -> Option<String> {
        let (count, reason) = self.broken.as_ref()?;
        let files = if *count == 1 { "file" } else { "files" };
        Some(format!("{count} {files} could not be collected: {reason}"))
    }

    /// Tests that were announced or wanted and that no program reported.
    fn missing_problem(&self) -> Option<String> {
        if self.is_listing {
            return None;
        }
        let wanted = self.wanted.iter().flatten();
        if let Some(lost) = wanted.clone().find(|id| !self.ledger.knows(id)) {
            let count = wanted.filter(|id| !self.ledger.knows(id)).count();
            return Some(format!("{count} tests to run again were not found, the first is {lost}"));
        }
        let missing = self.ledger.unfinished().len();
        let why = if self.stopped.is_empty() { "the framework ended early" } else { &self.stopped };
        (missing > 0)
            .then(|| format!("{missing} of {} tests did not run: {why}", self.ledger.len()))
    }

    /// The program ended after the framework had finished.
    fn after_finish(&mut self, end: &ProcessEnd) {
        let is_explained = self.ledger.bad() > 0 || self.broken.is_some() || self.is_listing;
        let problem = match end {
            ProcessEnd::Exited(0 | 5) => None,
            ProcessEnd::Exited(code) => (self.meaning)(*code)
                .or((!is_explained).then_some("no test failed"))
                .map(|meaning| self.exit_problem(*code, meaning)),
            ProcessEnd::Signalled(signal) => {
                Some(format!("killed by signal {signal} after its last test"))
            }
            ProcessEnd::NotStarted(why) => Some(why.clone()),
        };
        self.problem = self.problem.take().or(problem);
    }

    fn exit_problem(&self, code: i32, meaning: &str) -> String {
        let said = if self.stopped.is_empty() { self.last_error() } else { self.stopped.clone() };
        if said.is_empty() {
            format!("exit code {code}: {meaning}")
        } else {
            format!("exit code {code}: {meaning}: {said}")
        }
    }

    /// The program ended while the framework was at work.
    fn after_death(&mut self, end: &ProcessEnd, reports: &mut Vec<JobReport>) {
        let how = match end {
            ProcessEnd::Exited(code) => format!("ended the process with exit code {code}"),
            ProcessEnd::Signalled(signal) => format!("killed by signal {signal}"),
            ProcessEnd::NotStarted(why) => {
                self.problem = Some(why.clone());
                self.waiting.clear();
                return;
            }
        };
        let mut death = End::of(Outcome::Errored, None).because(format!("{how} while it ran"));
        death.details = self.errors.text();
        let culprits = self.ledger.end_running(&death, reports);
        if culprits == 0 {
            self.problem = Some(self.death_problem(end, &how));
            self.waiting.clear();
            return;
        }
        let rest = self.ledger.unfinished();
        if rest.is_empty() {
            return;
        }
        self.restarts += 1;
        if self.restarts > RESTARTS {
            self.waiting.clear();
            self.problem = Some(format!(
                "{} tests did not run: the interpreter was killed {} times",
                rest.len(),
                self.restarts
            ));
        } else {
            self.waiting = self.batches(&self.rest_of(rest)).into();
        }
    }

    /// What is still to run: known tests, and wanted ones that no program has announced yet.
    fn rest_of(&self, mut known: Vec<Arc<str>>) -> Vec<Arc<str>> {
        let wanted = self.wanted.iter().flatten();
        known.extend(wanted.filter(|id| !self.ledger.knows(id)).cloned());
        known
    }

    fn death_problem(&self, end: &ProcessEnd, how: &str) -> String {
        if let Some(broken) = self.broken_problem() {
            return broken;
        }
        let meaning = match end {
            ProcessEnd::Exited(code) => (self.meaning)(*code),
            _ => None,
        };
        let said = self.last_error();
        match (meaning, said.is_empty()) {
            (Some(meaning), false) => format!("{meaning}: {said}"),
            (Some(meaning), true) => meaning.to_owned(),
            (None, false) => format!("{how} before the tests ran: {said}"),
            (None, true) => format!("{how} before the tests ran"),
        }
    }

    /// The line of the error output that names the error.
    fn last_error(&self) -> String {
        let text = self.errors.text();
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let marked = lines.iter().find_map(|line| line.strip_prefix("ERROR: "));
        let last = marked.or_else(|| {
            lines
                .iter()
                .rev()
                .copied()
                .find(|line| line.contains("Error") || line.contains("No module"))
        });
        let prints = self.prints.text();
        first_line(last.or_else(|| lines.last().copied()).unwrap_or_else(|| {
            prints.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default()
        }))
    }

    fn apply(&mut self, mut line: Line, reports: &mut Vec<JobReport>) {
        let folder = &self.program.working_directory;
        if !line.id.is_empty() {
            line.id = place(folder, &line.id).to_string();
        }
        match line.event.as_str() {
            "found" => {
                let cases = line.tests.into_iter().map(|found| found.into_case(folder)).collect();
                self.ledger.discover(cases, reports);
            }
            "start" => self.ledger.start(bare_case(&line.id, suite_of(&line.id)), reports),
            "end" => {
                let end = line.end();
                self.ledger.end(bare_case(&line.id, suite_of(&line.id)), end, reports);
            }
            "broken" => self.apply_broken(line, reports),
            "stopped" => self.stopped = line.text,
            "finished" => {
                self.has_finished = true;
                if !line.text.is_empty() {
                    self.stopped = line.text;
                }
            }
            "last" => self.wishes.push_back(Wish::Word),
            "done" => {
                self.has_finished = true;
                self.wishes.push_back(Wish::Work(ProcessEnd::Exited(line.status)));
            }
            "alone" => self.wishes.push_back(Wish::Nothing { why: line.text }),
            "declined" => self.has_declined = true,
            "untidy" => {
                let problem = format!("the session could not be torn down: {}", line.message);
                self.problem.get_or_insert(problem);
            }
            _ => {}
        }
    }

    fn apply_broken(&mut self, mut line: Line, reports: &mut Vec<JobReport>) {
        if self.ledger.knows(&line.id) {
            // A new program after a crash meets the same broken file again.
            return;
        }
        let reason = format!("{}: {}", line.id, line.message);
        match &mut self.broken {
            Some((count, _)) => *count += 1,
            None => self.broken = Some((1, reason)),
        }
        let mut case = bare_case(&line.id, &line.id);
        case.file =
            (!line.file.is_empty()).then(|| place(&self.program.working_directory, &line.file));
        let end = End { outcome: Outcome::Errored, ..line.end() };
        self.ledger.end(case, end, reports);
    }
}

/// An id without the folder of its project.
pub(crate) fn within<'a>(folder: &str, id: &'a str) -> &'a str {
    id.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).unwrap_or(id)
}

/// The suite in a test id of either framework.
fn suite_of(id: &str) -> &str {
    id.rsplit_once("::").or_else(|| id.rsplit_once('.')).map_or(id, |(suite, _)| suite)
}

impl Session for PythonSession {
    fn clock(&mut self, now: Duration) {
        self.ledger.clock(now);
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        if let Some(end) = ended {
            self.wishes.clear();
            if std::mem::take(&mut self.has_declined) {
                self.waiting.push_front(std::mem::take(&mut self.current));
            } else if self.has_finished {
                self.after_finish(end);
            } else {
                self.after_death(end, reports);
            }
        }
        self.run_next()
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], _reports: &mut Vec<JobReport>) {
        match stream {
            Stream::Stdout => self.prints.feed(bytes),
            Stream::Stderr => self.errors.feed(bytes),
        }
    }

    fn wish(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    fn event_line(&mut self, line: &str, reports: &mut Vec<JobReport>) {
        if let Some(line) = Line::read(line) {
            self.apply(line, reports);
        }
    }
}
