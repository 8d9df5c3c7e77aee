//! What follows from a program of a Go job that ended: from the list, from the end of a package.

use std::collections::{BTreeMap, HashMap};

use apex_core::event::ProcessEnd;
use apex_core::outcome::Outcome;
use apex_core::report::JobReport;

use super::death::{Death, examine};
use super::ends::{ended_its_process, last_line};
use super::scene::Scene;
use super::session::GoSession;
use super::work::{self, Batch, Package, id_of};
use crate::runners::context::Purpose;
use crate::runners::ledger::End;
use crate::runners::session::Step;

/// Most programs that are started again after a process ended too early.
const RESTARTS: usize = 20;

impl GoSession {
    /// A test of a retry that did not come back.
    pub(super) fn lost(&self) -> Option<String> {
        let only = self.settings.only.as_ref().filter(|_| self.settings.purpose == Purpose::Run)?;
        let lost = only.iter().filter(|id| !self.ledger.knows(id)).min()?;
        (self.ledger.bad() == 0).then(|| format!("a test to run again was not found: {lost}"))
    }

    /// Every package was built and listed, or not: announces the tests and plans their programs.
    pub(super) fn after_list(
        &mut self,
        listed: BTreeMap<String, Package>,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) -> Option<Step> {
        self.packages = listed.into_values().filter(|one| !one.tests.is_empty()).collect();
        if let Some(reason) = self.unable(end) {
            return Some(Step::Unable { reason });
        }
        if let Some(problem) = self.build.problem() {
            self.trouble(problem);
        }
        let mine = work::part_of(self.packages.clone(), self.settings.shard);
        let cases = mine
            .iter()
            .flat_map(|package| package.tests.iter().map(|test| Self::case(&package.name, test)))
            .filter(|case| self.is_wanted(&case.id))
            .collect();
        if !self.chooses_by_itself() {
            self.ledger.discover(cases, reports);
        }
        if self.settings.purpose == Purpose::Run {
            self.waiting = match &self.settings.only {
                Some(only) => work::chosen(&mine, only),
                None => work::parts(&mine, &self.packages),
            }
            .into();
        }
        None
    }

    /// Whether the arguments select tests, so that not all that are listed run.
    fn chooses_by_itself(&self) -> bool {
        self.settings.arguments.iter().any(|argument| {
            let name = argument.trim_start_matches('-').split('=').next().unwrap_or_default();
            matches!(name, "run" | "skip" | "test.run" | "test.skip")
        })
    }

    /// Why nothing can run, if nothing can.
    fn unable(&self, end: &ProcessEnd) -> Option<String> {
        if let ProcessEnd::NotStarted(why) = end {
            return Some(why.clone());
        }
        if !self.packages.is_empty() || self.problem.is_some() {
            return None;
        }
        let complaint = self.build.complaint();
        let is_empty = ["no packages to test", "matched no packages"]
            .iter()
            .any(|words| complaint.contains(words));
        let has_failed = *end != ProcessEnd::Exited(0) && !is_empty;
        let hint = if complaint.contains("main module") {
            "; is there a go.mod? `go mod init` makes one"
        } else {
            ""
        };
        let complained =
            || has_failed.then(|| format!("go test could not begin: {complaint}{hint}"));
        self.build.problem().or_else(complained)
    }

    /// A package ended.
    pub(super) fn after_package(
        &mut self,
        batch: &Batch,
        package: &str,
        scene: &mut Scene,
        has_failed: bool,
        reports: &mut Vec<JobReport>,
    ) {
        scene.is_over = true;
        if !has_failed {
            return;
        }
        let said = scene.output.text();
        let Death { culprits, lost, suspects } = examine(scene);
        for test in lost {
            let end = End::of(Outcome::Errored, None)
                .because("it ended, and its process ended before it told how");
            self.end(package, &test.name, End { details: test.output, ..end }, reports);
        }
        let is_explained = scene.has_failed || !culprits.is_empty();
        if batch.is_trial && !culprits.is_empty() {
            self.suspicion = None;
        }
        for test in culprits {
            self.end(package, &test.name.clone(), ended_its_process(test, &said), reports);
        }
        let open = self.open_of(package, batch);
        if open.is_empty() && !is_explained && self.build.is_broken(package) {
            self.build.problem().into_iter().for_each(|problem| self.trouble(problem));
        } else if open.is_empty() && !is_explained {
            let said = last_line(&said);
            self.trouble(format!("{package} failed although none of its tests did: {said}"));
        } else if !open.is_empty() {
            self.run_again(package, open, suspects);
        }
    }

    /// Functions of a package that this program was to run and that have not ended.
    fn open_of(&self, package: &str, batch: &Batch) -> Vec<String> {
        let Some(known) = self.packages.iter().find(|one| one.name == package) else {
            return Vec::new();
        };
        let is_open = |test: &&String| self.ledger.is_open(&id_of(package, test));
        let is_asked =
            |test: &&String| batch.pattern.as_ref().is_none_or(|text| asks_for(text, test));
        known.tests.iter().filter(is_open).filter(is_asked).cloned().collect()
    }

    /// Runs what a process that died has left: those that may have ended it one by one.
    fn run_again(&mut self, package: &str, open: Vec<String>, suspects: Vec<String>) {
        if self.restarts >= RESTARTS {
            let first = &open[0];
            self.trouble(format!(
                "the process of {package} ended too early once more after {RESTARTS} restarts; \
                 {first} and what follows did not run"
            ));
            return;
        }
        self.restarts += 1;
        let is_suspect = |name: &&String| suspects.contains(name);
        let (trials, rest): (Vec<&String>, Vec<&String>) = open.iter().partition(is_suspect);
        let rest = Batch::of_tests(package, rest.into_iter().map(String::as_str));
        let rest: Vec<Batch> = rest.collect();
        let trials = trials.into_iter().flat_map(|name| Batch::of_tests(package, [name.as_str()]));
        let trials: Vec<Batch> = trials.map(|one| Batch { is_trial: true, ..one }).collect();
        if !trials.is_empty() {
            self.suspicion.get_or_insert(format!(
                "the process of {package} ended while {} ran, and none of them ends it by itself",
                suspects.join(", ")
            ));
        }
        trials.into_iter().chain(rest).rev().for_each(|batch| self.waiting.push_front(batch));
    }

    pub(super) fn after_tests(&mut self, scenes: &HashMap<String, Scene>, end: &ProcessEnd) {
        let is_cut = scenes.values().any(|scene| !scene.is_over);
        match end {
            ProcessEnd::Signalled(signal) => {
                self.trouble(format!("go test was killed by signal {signal}"));
            }
            ProcessEnd::NotStarted(why) => self.trouble(why.clone()),
            ProcessEnd::Exited(code) if is_cut || (scenes.is_empty() && *code != 0) => {
                let complaint = self.build.complaint();
                self.trouble(format!(
                    "go test ended with exit code {code} before its packages did: {complaint}"
                ));
            }
            ProcessEnd::Exited(_) => {}
        }
    }
}

/// Whether a pattern that was made of names asks for a function or a part of it.
fn asks_for(pattern: &str, function: &str) -> bool {
    // Names of functions hold nothing that has to be escaped.
    let wanted = format!("^{function}$");
    pattern.split('|').any(|one| one.split('/').next() == Some(&*wanted))
}
