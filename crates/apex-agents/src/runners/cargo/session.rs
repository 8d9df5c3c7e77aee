//! The steps of one attempt of a cargo job.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

use super::build::{Binary, BuildReader};
use super::libtest::{LibtestReader, Mark, listed, panic_message};
use super::nextest::{NextestReader, Seen};
use super::programs::{Settings, Task};
use crate::runners::context::Purpose;
use crate::runners::ledger::{End, Ledger};
use crate::runners::session::{Session, Step};
use crate::runners::text::{Lines, Tail};

/// Most tests that are run one by one after their program died.
const SINGLES: usize = 500;

/// Most names in one argument vector.
const NAMES: usize = 1000;

/// The suite of examples in documentation.
const DOCUMENTATION: &str = "doc";

/// What reads the running program.
enum Reader {
    Build(BuildReader),
    List(Vec<String>),
    Nextest(Box<NextestReader>),
    Libtest(LibtestReader),
}

pub(super) struct CargoSession {
    settings: Settings,
    ledger: Ledger,
    binaries: Vec<Binary>,
    /// Names of the tests of each program.
    names: Vec<Vec<String>>,
    waiting: VecDeque<Task>,
    running: Option<(Task, Reader)>,
    prints: Lines,
    errors: Lines,
    tail: Tail<4096>,
    problem: Option<String>,
    /// Why the tests could not be built.
    broken_build: Option<String>,
}

impl CargoSession {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            ledger: Ledger::default(),
            binaries: Vec::new(),
            names: Vec::new(),
            waiting: VecDeque::from([Task::Build]),
            running: None,
            prints: Lines::default(),
            errors: Lines::default(),
            tail: Tail::default(),
            problem: None,
            broken_build: None,
        }
    }

    fn run_next(&mut self) -> Step {
        if let Some(reason) = self.broken_build.take() {
            return Step::Unable { reason };
        }
        let Some(task) = self.waiting.pop_front() else {
            return Step::Finish { problem: self.problem.take() };
        };
        let program = self.settings.invocation(&task, &self.binaries);
        let reader = match &task {
            Task::Build => Reader::Build(BuildReader::default()),
            Task::List(_) => Reader::List(Vec::new()),
            Task::Nextest => Reader::Nextest(Box::default()),
            _ => Reader::Libtest(LibtestReader::default()),
        };
        self.tail = Tail::default();
        self.running = Some((task, reader));
        Step::Run(program)
    }

    fn case(&self, suite: &str, name: &str, file: Option<&str>) -> TestCase {
        TestCase {
            id: format!("{suite}${name}").into(),
            suite: suite.into(),
            name: name.into(),
            file: file.map(Into::into),
            line: None,
            critical: false,
        }
    }

    fn case_of(&self, binary: usize, name: &str) -> TestCase {
        let binary = &self.binaries[binary];
        self.case(&binary.suite, name, Some(self.settings.inside(&binary.source)))
    }

    fn case_of_task(&self, task: &Task, name: &str) -> TestCase {
        match task {
            Task::Run(binary, _) | Task::Single(binary, _) => self.case_of(*binary, name),
            _ => {
                let file = name.split(" - ").next();
                self.case(DOCUMENTATION, name, file)
            }
        }
    }

    fn is_wanted(&self, id: &str) -> bool {
        self.settings.only.as_ref().is_none_or(|only| only.contains(id))
    }

    fn end(&mut self, case: TestCase, end: End, reports: &mut Vec<JobReport>) {
        if self.is_wanted(&case.id) {
            self.ledger.end(case, end, reports);
        }
    }

    /// Takes what the program that ended amounts to, and plans what follows from it.
    fn conclude(
        &mut self,
        task: Task,
        reader: Reader,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) {
        match reader {
            Reader::Build(build) => self.after_build(build, end),
            Reader::List(names) => self.after_list(&task, names, end, reports),
            Reader::Nextest(nextest) => self.after_nextest(*nextest, end, reports),
            Reader::Libtest(libtest) => self.after_tests(&task, libtest, end, reports),
        }
    }

    fn after_build(&mut self, build: BuildReader, end: &ProcessEnd) {
        if *end != ProcessEnd::Exited(0) {
            self.broken_build = Some(match end {
                ProcessEnd::NotStarted(why) => why.clone(),
                end => build.problem(&how(end)),
            });
            return;
        }
        self.binaries = build.binaries;
        if self.settings.with_nextest {
            self.waiting.push_back(Task::Nextest);
            self.plan_documentation();
        } else {
            self.waiting.extend((0..self.binaries.len()).map(Task::List));
            if self.binaries.is_empty() {
                self.plan_documentation();
            }
        }
    }

    fn plan_documentation(&mut self) {
        let is_first_shard = self.settings.shard.is_none_or(|(number, _)| number == 1);
        let has_library = self.binaries.iter().any(|binary| binary.is_library);
        let prefix = format!("{DOCUMENTATION}$");
        let only = self.settings.only.as_ref();
        let is_wanted = only.is_none_or(|only| only.iter().any(|id| id.starts_with(&prefix)));
        let is_run = self.settings.purpose == Purpose::Run;
        if self.settings.includes_documentation
            && is_first_shard
            && has_library
            && is_wanted
            && is_run
        {
            self.waiting.push_back(Task::Documentation);
        }
    }

    fn after_list(
        &mut self,
        task: &Task,
        names: Vec<String>,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) {
        if *end != ProcessEnd::Exited(0) && self.problem.is_none() {
            let Task::List(binary) = task else { return };
            let suite = &self.binaries[*binary].suite;
            self.problem = Some(format!("the tests of {suite} could not be listed: {}", how(end)));
        }
        self.names.push(names);
        if self.names.len() == self.binaries.len() {
            self.plan_programs(reports);
        }
    }

    /// Every program was listed: announces the tests of this shard and plans their programs.
    fn plan_programs(&mut self, reports: &mut Vec<JobReport>) {
        let (number, count) = self.settings.shard.unwrap_or((1, 1));
        let is_whole = self.settings.shard.is_none() && self.settings.only.is_none();
        let mut position = 0;
        for binary in 0..self.binaries.len() {
            let names = std::mem::take(&mut self.names[binary]);
            let mut mine = Vec::new();
            for name in names {
                position = position % count + 1;
                let case = self.case_of(binary, &name);
                if position == number && self.is_wanted(&case.id) {
                    mine.push(name);
                }
            }
            let cases = mine.iter().map(|name| self.case_of(binary, name)).collect();
            self.ledger.discover(cases, reports);
            self.plan_program(binary, &mine, is_whole);
            self.names[binary] = mine;
        }
        self.plan_documentation();
    }

    fn plan_program(&mut self, binary: usize, names: &[String], is_whole: bool) {
        if names.is_empty() || self.settings.purpose == Purpose::List {
            return;
        }
        if is_whole {
            self.waiting.push_back(Task::Run(binary, None));
        } else {
            let parts = names.chunks(NAMES).map(|part| Task::Run(binary, Some(part.to_vec())));
            self.waiting.extend(parts);
        }
    }

    fn after_nextest(
        &mut self,
        mut nextest: NextestReader,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) {
        for (id, end) in nextest.rest() {
            self.end_by_id(&id, end, reports);
        }
        // 100: tests failed; 4: there were no tests to run.
        let is_explained = match end {
            ProcessEnd::Exited(0) => self.ledger.unfinished().is_empty(),
            ProcessEnd::Exited(4) => true,
            ProcessEnd::Exited(100) => self.ledger.bad() > 0,
            _ => false,
        };
        if !is_explained {
            let said =
                nextest.error.unwrap_or_else(|| "it did not report all of its tests".to_owned());
            self.problem = Some(format!("cargo nextest ended with {}: {said}", how(end)));
        }
    }

    fn after_tests(
        &mut self,
        task: &Task,
        mut libtest: LibtestReader,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) {
        self.report_failures(task, &mut libtest, reports);
        let is_orderly = libtest.has_summary && matches!(end, ProcessEnd::Exited(0 | 101));
        match task {
            _ if is_orderly => {}
            Task::Run(binary, names) => self.plan_singles(*binary, names.as_ref(), end),
            Task::Single(binary, name) => self.name_culprit(*binary, name, end, reports),
            _ if *end == ProcessEnd::Exited(0) => {}
            _ => {
                let said = self.tail.text();
                let said = said.lines().find(|line| line.starts_with("error")).unwrap_or_default();
                self.problem = Some(format!("cargo test --doc ended with {}: {said}", how(end)));
            }
        }
    }

    /// Reports the failed tests of a program, whose output comes after their result lines.
    fn report_failures(
        &mut self,
        task: &Task,
        libtest: &mut LibtestReader,
        reports: &mut Vec<JobReport>,
    ) {
        for (name, output) in libtest.failures() {
            let case = self.case_of_task(task, &name);
            let failed =
                End { details: output.clone(), ..End::of(Outcome::Failed, Duration::ZERO) };
            self.end(case, failed.because(panic_message(&output)), reports);
        }
    }

    /// Reports the tests that a program was running. Test programs do not say what they begin,
    /// but they begin in the order of their list, as many at once as they have threads.
    fn report_running(&mut self, task: &Task, reports: &mut Vec<JobReport>) {
        let names: Vec<String> = match task {
            Task::Run(binary, names) => {
                names.clone().unwrap_or_else(|| self.names[*binary].clone())
            }
            Task::Single(_, name) => vec![name.clone()],
            _ => return,
        };
        let unfinished: HashSet<Arc<str>> = self.ledger.unfinished().into_iter().collect();
        let cases = names.iter().map(|name| self.case_of_task(task, name));
        let running: Vec<TestCase> = cases
            .filter(|case| unfinished.contains(&case.id))
            .take(self.settings.threads.max(1))
            .collect();
        for case in running {
            self.ledger.start(case, reports);
        }
    }

    fn plan_singles(&mut self, binary: usize, names: Option<&Vec<String>>, end: &ProcessEnd) {
        let unfinished: HashSet<Arc<str>> = self.ledger.unfinished().into_iter().collect();
        let candidates = names.unwrap_or(&self.names[binary]);
        let open: Vec<String> = candidates
            .iter()
            .filter(|name| unfinished.contains(&self.case_of(binary, name).id))
            .cloned()
            .collect();
        let suite = &self.binaries[binary].suite;
        if open.is_empty() || open.len() > SINGLES {
            self.problem = Some(format!(
                "{suite} ended with {} and left {} tests unfinished",
                how(end),
                open.len()
            ));
            return;
        }
        for name in open.into_iter().rev() {
            self.waiting.push_front(Task::Single(binary, name));
        }
    }

    fn name_culprit(
        &mut self,
        binary: usize,
        name: &str,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) {
        let message = match end {
            ProcessEnd::Exited(code) => {
                format!("ended the process with exit code {code} while it ran")
            }
            ProcessEnd::Signalled(signal) => format!("killed by signal {signal} while it ran"),
            ProcessEnd::NotStarted(why) => why.clone(),
        };
        let errored = End::of(Outcome::Errored, Duration::ZERO).because(message);
        let case = self.case_of(binary, name);
        self.end(case, End { details: self.tail.text(), ..errored }, reports);
    }

    fn end_by_id(&mut self, id: &str, end: End, reports: &mut Vec<JobReport>) {
        let (suite, name) = id.split_once('$').unwrap_or(("", id));
        let case = self.case(suite, name, self.source_of(suite));
        self.end(case, end, reports);
    }

    fn source_of(&self, suite: &str) -> Option<&str> {
        let binary = self.binaries.iter().find(|binary| binary.suite == suite)?;
        Some(self.settings.inside(&binary.source))
    }

    fn line(&mut self, stream: Stream, line: &str, reports: &mut Vec<JobReport>) {
        let Some((task, mut reader)) = self.running.take() else { return };
        match (&mut reader, stream) {
            (Reader::Build(build), Stream::Stdout) => build.message(line),
            (Reader::Build(build), Stream::Stderr) => build.diagnostic(line),
            (Reader::List(names), Stream::Stdout) => names.extend(listed(line).map(str::to_owned)),
            (Reader::Nextest(nextest), stream) => {
                let seen = match stream {
                    Stream::Stdout => nextest.message(line),
                    Stream::Stderr => nextest.status(line),
                };
                self.seen(seen, reports);
            }
            (Reader::Libtest(libtest), Stream::Stdout) => {
                if let Some((name, mark)) = libtest.line(line) {
                    let case = self.case_of_task(&task, &name);
                    self.end(case, end_of(mark), reports);
                }
            }
            _ => {}
        }
        self.running = Some((task, reader));
    }

    fn seen(&mut self, seen: Option<Seen>, reports: &mut Vec<JobReport>) {
        match seen {
            Some(Seen::Started(id)) if self.is_wanted(&id) => {
                let (suite, name) = id.split_once('$').unwrap_or(("", &id));
                let case = self.case(suite, name, self.source_of(suite));
                self.ledger.start(case, reports);
            }
            Some(Seen::Ended(id, end)) => self.end_by_id(&id, end, reports),
            Some(Seen::Started(_)) | None => {}
        }
    }
}

impl Session for CargoSession {
    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        if let Some(end) = ended {
            let mut rest = Vec::new();
            self.prints.finish(|line| rest.push((Stream::Stdout, line.to_owned())));
            self.errors.finish(|line| rest.push((Stream::Stderr, line.to_owned())));
            for (stream, line) in rest {
                self.line(stream, &line, reports);
            }
            if let Some((task, reader)) = self.running.take() {
                self.conclude(task, reader, end, reports);
            }
        }
        self.run_next()
    }

    fn stopped(&mut self, reports: &mut Vec<JobReport>) {
        if let Some((task, Reader::Libtest(mut libtest))) = self.running.take() {
            self.report_failures(&task, &mut libtest, reports);
            self.report_running(&task, reports);
        }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], reports: &mut Vec<JobReport>) {
        self.tail.feed(bytes);
        let lines = match stream {
            Stream::Stdout => &mut self.prints,
            Stream::Stderr => &mut self.errors,
        };
        let mut complete = Vec::new();
        lines.feed(bytes, |line| complete.push(line.to_owned()));
        for line in complete {
            self.line(stream, &line, reports);
        }
    }
}

fn end_of(mark: Mark) -> End {
    match mark {
        Mark::Passed => End::of(Outcome::Passed, Duration::ZERO),
        Mark::Failed => End::of(Outcome::Failed, Duration::ZERO),
        Mark::Ignored(reason) => End::of(Outcome::Skipped, Duration::ZERO).because(reason),
    }
}

fn how(end: &ProcessEnd) -> String {
    match end {
        ProcessEnd::Exited(code) => format!("exit code {code}"),
        ProcessEnd::Signalled(signal) => format!("signal {signal}"),
        ProcessEnd::NotStarted(why) => why.clone(),
    }
}
