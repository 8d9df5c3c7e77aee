//! The steps of one attempt of a Go job: the list, then the programs, and what they say of tests.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;

use super::LISTED;
use super::build::BuildReader;
use super::ends::told;
use super::event::Event;
use super::scene::{Begun, Scene, function_of};
use super::work::{Batch, Package, id_of, listed};
use crate::runners::context::Purpose;
use crate::runners::ledger::{End, Ledger, seconds};
use crate::runners::session::{Invocation, Session, Step};
use crate::runners::text::Lines;

/// What a session is told.
pub(super) struct Settings {
    pub(super) go: String,
    pub(super) folder: String,
    /// Patterns of packages.
    pub(super) packages: Vec<String>,
    pub(super) arguments: Vec<String>,
    pub(super) purpose: Purpose,
    pub(super) shard: Option<(u32, u32)>,
    pub(super) only: Option<HashSet<Arc<str>>>,
}

impl Settings {
    fn listing(&self) -> Invocation {
        let words = ["test", "-json", "-list", LISTED].map(String::from);
        self.program(&[&words, &*self.arguments, &*self.packages])
    }

    fn running(&self, batch: &Batch) -> Invocation {
        let words = ["test", "-json", "-count=1", "-timeout=0"].map(String::from);
        let pattern = batch.pattern.iter().flat_map(|pattern| ["-run".to_owned(), pattern.clone()]);
        let pattern: Vec<String> = pattern.collect();
        self.program(&[&words, &self.arguments, &pattern, &batch.packages])
    }

    fn program(&self, words: &[&[String]]) -> Invocation {
        Invocation {
            arguments: [vec![self.go.clone()], words.concat()].concat(),
            working_directory: self.folder.clone(),
            ..Invocation::default()
        }
    }
}

/// What runs.
enum Running {
    Nothing,
    List(BTreeMap<String, Package>),
    Tests(Batch, HashMap<String, Scene>),
}

pub(super) struct GoSession {
    pub(super) settings: Settings,
    pub(super) ledger: Ledger,
    has_listed: bool,
    pub(super) build: BuildReader,
    pub(super) packages: Vec<Package>,
    pub(super) waiting: VecDeque<Batch>,
    running: Running,
    pub(super) restarts: usize,
    prints: Lines,
    errors: Lines,
    pub(super) problem: Option<String>,
    /// A process died of one of several tests, and none was found to do so by itself.
    pub(super) suspicion: Option<String>,
}

impl GoSession {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            ledger: Ledger::default(),
            has_listed: false,
            build: BuildReader::default(),
            packages: Vec::new(),
            waiting: VecDeque::new(),
            running: Running::Nothing,
            restarts: 0,
            prints: Lines::default(),
            errors: Lines::default(),
            problem: None,
            suspicion: None,
        }
    }

    pub(super) fn case(package: &str, test: &str) -> TestCase {
        TestCase {
            id: id_of(package, test).into(),
            suite: package.into(),
            name: test.into(),
            file: None,
            line: None,
            critical: false,
        }
    }

    pub(super) fn is_wanted(&self, id: &str) -> bool {
        self.settings.only.as_ref().is_none_or(|only| only.contains(id))
    }

    fn start(&mut self, package: &str, test: &str, reports: &mut Vec<JobReport>) {
        let case = Self::case(package, test);
        if self.is_wanted(&case.id) {
            self.ledger.start(case, reports);
        }
    }

    pub(super) fn end(
        &mut self,
        package: &str,
        test: &str,
        end: End,
        reports: &mut Vec<JobReport>,
    ) {
        let case = Self::case(package, test);
        if self.is_wanted(&case.id) {
            self.ledger.end(case, end, reports);
        }
    }

    pub(super) fn trouble(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    fn run_next(&mut self) -> Step {
        if !std::mem::replace(&mut self.has_listed, true) {
            self.running = Running::List(BTreeMap::new());
            return Step::Run(self.settings.listing());
        }
        if let Some(batch) = self.waiting.pop_front() {
            let program = self.settings.running(&batch);
            self.running = Running::Tests(batch, HashMap::new());
            return Step::Run(program);
        }
        let problem = self.problem.take().or_else(|| self.suspicion.take());
        let problem = problem.or_else(|| self.lost()).or_else(|| self.ledger.contradiction());
        if problem.is_none() && self.ledger.len() == 0 {
            return Step::NothingToRun;
        }
        Step::Finish { problem }
    }

    fn line(&mut self, line: &str, reports: &mut Vec<JobReport>) {
        let event = Event::read(line);
        match &event {
            Some(event) => self.build.event(event),
            None => self.build.text(line),
        }
        let Some(event) = event else { return };
        match std::mem::replace(&mut self.running, Running::Nothing) {
            Running::Nothing => {}
            Running::List(mut packages) => {
                self.list_event(&event, &mut packages);
                self.running = Running::List(packages);
            }
            Running::Tests(batch, mut scenes) => {
                if !event.package.is_empty() {
                    let scene = scenes.entry(event.package.clone()).or_default();
                    self.event(&batch, scene, event, reports);
                }
                self.running = Running::Tests(batch, scenes);
            }
        }
    }

    fn list_event(&mut self, event: &Event, packages: &mut BTreeMap<String, Package>) {
        let package = packages.entry(event.package.clone()).or_default();
        package.name.clone_from(&event.package);
        match event.action.as_str() {
            "output" => package.tests.extend(listed(&event.output).map(str::to_owned)),
            "fail" if !self.build.is_broken(&event.package) => {
                self.trouble(format!("the tests of {} could not be listed", event.package));
            }
            _ => {}
        }
    }

    fn event(
        &mut self,
        batch: &Batch,
        scene: &mut Scene,
        event: Event,
        reports: &mut Vec<JobReport>,
    ) {
        let (package, test) = (&event.package, event.test.as_str());
        match (event.action.as_str(), test.is_empty()) {
            ("output", _) => scene.write(test, &event.output),
            ("pass" | "skip", true) => self.after_package(batch, package, scene, false, reports),
            ("fail", true) => self.after_package(batch, package, scene, true, reports),
            ("run", false) => {
                scene.begin(test);
                // What a part of a test amounts to may be told much later than it ended, so
                // that it is not called running unless it is known to.
                if function_of(test) == test {
                    self.start(package, test, reports);
                }
            }
            ("pause", false) => scene.wait(test, true),
            ("cont", false) => scene.wait(test, false),
            ("pass" | "fail" | "skip" | "bench", false) => {
                let outcome = match event.action.as_str() {
                    "fail" => Outcome::Failed,
                    "skip" => Outcome::Skipped,
                    _ => Outcome::Passed,
                };
                let begun = scene.end(test, outcome == Outcome::Failed);
                let end = End::of(outcome, seconds(event.elapsed));
                self.end(package, test, told(end, begun), reports);
            }
            _ => {}
        }
    }
}

impl Session for GoSession {
    fn clock(&mut self, now: Duration) {
        self.ledger.clock(now);
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        if let Some(end) = ended {
            let mut rest = Vec::new();
            self.errors.finish(|line| self.build.diagnostic(line));
            self.prints.finish(|line| rest.push(line.to_owned()));
            rest.iter().for_each(|line| self.line(line, reports));
            match std::mem::replace(&mut self.running, Running::Nothing) {
                Running::Nothing => {}
                Running::List(packages) => {
                    if let Some(step) = self.after_list(packages, end, reports) {
                        return step;
                    }
                }
                Running::Tests(_, scenes) => self.after_tests(&scenes, end),
            }
        }
        self.run_next()
    }

    fn stopping(&mut self, reports: &mut Vec<JobReport>) {
        let Running::Tests(_, scenes) = &mut self.running else { return };
        let begun: Vec<(String, Begun)> = scenes
            .iter_mut()
            .flat_map(|(package, scene)| {
                scene.take().into_iter().map(|test| (package.clone(), test))
            })
            .collect();
        for (package, test) in begun {
            if test.is_at_work() {
                self.start(&package, &test.name, reports);
            } else if self.ledger.is_running(&id_of(&package, &test.name)) {
                let end = End::of(Outcome::NotRun, None).because("it waited until it could run");
                self.end(&package, &test.name, end, reports);
            }
        }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], reports: &mut Vec<JobReport>) {
        match stream {
            Stream::Stderr => self.errors.feed(bytes, |line| self.build.diagnostic(line)),
            Stream::Stdout => {
                let mut complete = Vec::new();
                self.prints.feed(bytes, |line| complete.push(line.to_owned()));
                complete.iter().for_each(|line| self.line(line, reports));
            }
        }
    }
}
