//! The steps of one attempt of a cargo job: what runs next, and what its text says of tests.
//! [`super::work`] plans the programs.

use std::collections::VecDeque;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

use super::build::BuildReader;
use super::death::{Deaths, Scene, Verdict, how};
use super::inventory::Inventory;
use super::libtest::{LibtestReader, Mark, Seen, listed, panic_message};
use super::nextest::{self, NextestReader};
use super::programs::{Settings, Task};
use super::turns::Turns;
use crate::runners::ledger::{End, Ledger};
use crate::runners::session::{Session, Step};
use crate::runners::text::{Lines, Tail};

/// What reads the running program.
enum Reader {
    Build(BuildReader),
    List(Vec<String>),
    Catalogue(String),
    Nextest(Box<NextestReader>),
    Libtest(Box<LibtestReader>),
}

pub(super) struct CargoSession {
    pub(super) settings: Settings,
    pub(super) ledger: Ledger,
    pub(super) inventory: Inventory,
    pub(super) waiting: VecDeque<Task>,
    running: Option<(Task, Reader)>,
    deaths: Deaths,
    prints: Lines,
    errors: Lines,
    tail: Tail<4096>,
    pub(super) problem: Option<String>,
    /// Why the tests could not be built.
    pub(super) broken_build: Option<String>,
}

impl CargoSession {
    pub(super) fn new(settings: Settings) -> Self {
        let inventory = Inventory { root: settings.root.clone(), ..Inventory::default() };
        Self {
            settings,
            inventory,
            ledger: Ledger::default(),
            waiting: VecDeque::from([Task::Build]),
            running: None,
            deaths: Deaths::default(),
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
            let problem = self.problem.take().or_else(|| self.ledger.contradiction());
            return Step::Finish { problem };
        };
        let program = self.settings.invocation(&task, &self.inventory.binaries);
        let reader = match &task {
            Task::Build => Reader::Build(BuildReader::default()),
            Task::List(_) | Task::ListDocumentation => Reader::List(Vec::new()),
            Task::ListNextest => Reader::Catalogue(String::new()),
            Task::Nextest => Reader::Nextest(Box::default()),
            _ => {
                let turns = Turns::of(self.names_of(&task), self.settings.threads);
                Reader::Libtest(Box::new(LibtestReader::of(turns)))
            }
        };
        self.tail = Tail::default();
        self.running = Some((task, reader));
        Step::Run(program)
    }

    /// The tests that a program runs, in the order of its list.
    fn names_of(&self, task: &Task) -> Vec<String> {
        match task {
            Task::Run(_, Some(names)) => names.clone(),
            Task::Run(binary, None) => self.inventory.names[*binary].clone(),
            Task::Single(_, name) => vec![name.clone()],
            Task::Documentation => self.inventory.examples.clone(),
            _ => Vec::new(),
        }
    }

    fn case_of_task(&self, task: &Task, name: &str) -> TestCase {
        match task {
            Task::Run(binary, _) | Task::Single(binary, _) => self.inventory.case_of(*binary, name),
            _ => self.inventory.example(name),
        }
    }

    pub(super) fn is_wanted(&self, id: &str) -> bool {
        self.settings.only.as_ref().is_none_or(|only| only.contains(id))
    }

    fn start(&mut self, case: TestCase, reports: &mut Vec<JobReport>) {
        if self.is_wanted(&case.id) {
            self.ledger.start(case, reports);
        }
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
            Reader::Catalogue(text) => self.after_catalogue(&text, reports),
            Reader::Nextest(nextest) => self.after_nextest(*nextest, end, reports),
            Reader::Libtest(libtest) => self.after_tests(&task, *libtest, end, reports),
        }
    }

    fn after_nextest(
        &mut self,
        mut nextest: NextestReader,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) {
        self.report_held(&mut nextest, reports);
        // 100: tests failed; 4: there were no tests to run.
        let is_explained = match end {
            ProcessEnd::Exited(0) => !self.ledger.is_any_running(),
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

    /// Reports the failed tests whose status has not been told.
    fn report_held(&mut self, nextest: &mut NextestReader, reports: &mut Vec<JobReport>) {
        for (id, end) in nextest.rest() {
            self.end(self.inventory.case_by_id(&id), end, reports);
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
            Task::Run(binary, _) if !is_orderly => self.after_death(task, *binary, end, reports),
            Task::Single(binary, name) => {
                if !is_orderly {
                    self.name_culprit(*binary, name, end, reports);
                }
                let problem = self.deaths.acquit(!is_orderly);
                self.problem = self.problem.take().or(problem);
            }
            Task::Documentation if !is_orderly && *end != ProcessEnd::Exited(0) => {
                let said = self.tail.text();
                let said = said.lines().find(|line| line.starts_with("error")).unwrap_or_default();
                self.problem = Some(format!("cargo test --doc ended with {}: {said}", how(end)));
            }
            _ => {}
        }
    }

    fn after_death(
        &mut self,
        task: &Task,
        binary: usize,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) {
        let id_of = |name: &String| self.inventory.case_of(binary, name).id;
        let open = self.names_of(task).into_iter().filter(|name| self.ledger.is_open(&id_of(name)));
        let (running, waiting) = open.partition(|name| self.ledger.is_running(&id_of(name)));
        let (verdict, again) = self.deaths.judge(Scene {
            binary,
            suite: self.inventory.binaries[binary].suite.clone(),
            how: how(end),
            running,
            waiting,
        });
        match verdict {
            Verdict::Culprit(name) => self.name_culprit(binary, &name, end, reports),
            Verdict::Problem(problem) => self.problem = Some(problem),
            Verdict::Trial => {}
        }
        again.into_iter().rev().for_each(|task| self.waiting.push_front(task));
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
        let errored = End::of(Outcome::Errored, None).because(message);
        let case = self.inventory.case_of(binary, name);
        self.end(case, End { details: self.tail.text(), ..errored }, reports);
    }

    /// Reports the failed tests of a program, whose output comes after their result lines.
    fn report_failures(
        &mut self,
        task: &Task,
        libtest: &mut LibtestReader,
        reports: &mut Vec<JobReport>,
    ) {
        for failed in libtest.failures() {
            let case = self.case_of_task(task, &failed.name);
            let message = panic_message(&failed.output);
            let end = End::of(Outcome::Failed, failed.time).because(message);
            self.end(case, End { details: failed.output, ..end }, reports);
        }
    }

    fn line(&mut self, stream: Stream, line: &str, reports: &mut Vec<JobReport>) {
        let Some((task, mut reader)) = self.running.take() else { return };
        match (&mut reader, stream) {
            (Reader::Build(build), Stream::Stdout) => build.message(line),
            (Reader::Build(build), Stream::Stderr) => build.diagnostic(line),
            (Reader::List(names), Stream::Stdout) => names.extend(listed(line).map(str::to_owned)),
            (Reader::Catalogue(text), Stream::Stdout) => text.push_str(line),
            (Reader::Nextest(nextest), stream) => {
                let seen = match stream {
                    Stream::Stdout => nextest.message(line),
                    Stream::Stderr => nextest.status(line),
                };
                self.nextest_seen(seen, reports);
            }
            (Reader::Libtest(libtest), Stream::Stdout) => {
                for seen in libtest.line(line) {
                    self.libtest_seen(&task, libtest, seen, reports);
                }
            }
            _ => {}
        }
        self.running = Some((task, reader));
    }

    fn libtest_seen(
        &mut self,
        task: &Task,
        libtest: &mut LibtestReader,
        seen: Seen,
        reports: &mut Vec<JobReport>,
    ) {
        match seen {
            Seen::Began(name) => self.start(self.case_of_task(task, &name), reports),
            Seen::Ended(name, Mark::Failed) => {
                let time = self.ledger.time_of(&self.case_of_task(task, &name).id);
                libtest.hold(name, time);
            }
            Seen::Ended(name, Mark::Passed) => {
                let end = End::of(Outcome::Passed, None);
                self.end(self.case_of_task(task, &name), end, reports);
            }
            Seen::Ended(name, Mark::Ignored(reason)) => {
                let end = End::of(Outcome::Skipped, None).because(reason);
                self.end(self.case_of_task(task, &name), end, reports);
            }
        }
    }

    fn nextest_seen(&mut self, seen: Option<nextest::Seen>, reports: &mut Vec<JobReport>) {
        match seen {
            Some(nextest::Seen::Started(id)) => {
                self.start(self.inventory.case_by_id(&id), reports);
            }
            Some(nextest::Seen::Ended(id, end)) => {
                self.end(self.inventory.case_by_id(&id), end, reports);
            }
            None => {}
        }
    }
}

impl Session for CargoSession {
    fn clock(&mut self, now: Duration) {
        self.ledger.clock(now);
    }

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

    fn stopping(&mut self, reports: &mut Vec<JobReport>) {
        let Some((task, mut reader)) = self.running.take() else { return };
        match &mut reader {
            Reader::Libtest(libtest) => self.report_failures(&task, libtest, reports),
            Reader::Nextest(nextest) => self.report_held(nextest, reports),
            _ => {}
        }
        self.running = Some((task, reader));
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
