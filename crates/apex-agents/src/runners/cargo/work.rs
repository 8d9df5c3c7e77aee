//! What a cargo job has to run: from the build by the lists of tests to the programs of its shard.

use apex_core::event::ProcessEnd;
use apex_core::report::JobReport;

use super::build::BuildReader;
use super::catalogue;
use super::death::{NAMES, how};
use super::inventory::DOCUMENTATION;
use super::programs::Task;
use super::session::CargoSession;
use crate::runners::context::Purpose;

impl CargoSession {
    pub(super) fn after_build(&mut self, build: BuildReader, end: &ProcessEnd) {
        if *end != ProcessEnd::Exited(0) {
            self.broken_build = Some(match end {
                ProcessEnd::NotStarted(why) => why.clone(),
                end => build.problem(&how(end)),
            });
            return;
        }
        self.inventory.binaries = build.binaries;
        if !self.settings.with_nextest {
            self.waiting.extend((0..self.inventory.binaries.len()).map(Task::List));
        }
        if self.has_documentation() {
            self.waiting.push_back(Task::ListDocumentation);
        }
        if self.settings.with_nextest {
            self.waiting.push_back(Task::ListNextest);
            self.waiting.push_back(Task::Nextest);
        }
    }

    fn has_documentation(&self) -> bool {
        let is_first_shard = self.settings.shard.is_none_or(|(number, _)| number == 1);
        let has_library = self.inventory.binaries.iter().any(|binary| binary.is_library);
        let prefix = format!("{DOCUMENTATION}$");
        let only = self.settings.only.as_ref();
        let is_wanted = only.is_none_or(|only| only.iter().any(|id| id.starts_with(&prefix)));
        self.settings.includes_documentation && is_first_shard && has_library && is_wanted
    }

    /// Announces what nextest is going to run.
    pub(super) fn after_catalogue(&mut self, text: &str, reports: &mut Vec<JobReport>) {
        let cases = catalogue::ids(text).into_iter().map(|id| self.inventory.case_by_id(&id));
        let cases = cases.filter(|case| self.is_wanted(&case.id)).collect();
        self.ledger.discover(cases, reports);
    }

    pub(super) fn after_list(
        &mut self,
        task: &Task,
        names: Vec<String>,
        end: &ProcessEnd,
        reports: &mut Vec<JobReport>,
    ) {
        let suite = match task {
            Task::List(binary) => &self.inventory.binaries[*binary].suite,
            _ => "the documentation",
        };
        if *end != ProcessEnd::Exited(0) && self.problem.is_none() {
            self.problem = Some(format!("the tests of {suite} could not be listed: {}", how(end)));
        }
        if matches!(task, Task::ListDocumentation) {
            self.plan_documentation(names, reports);
            return;
        }
        self.inventory.names.push(names);
        if self.inventory.names.len() == self.inventory.binaries.len() {
            self.plan_programs(reports);
        }
    }

    /// Announces the examples, which come after all other tests.
    fn plan_documentation(&mut self, names: Vec<String>, reports: &mut Vec<JobReport>) {
        let cases = names.iter().map(|name| self.inventory.example(name));
        let cases = cases.filter(|case| self.is_wanted(&case.id)).collect();
        self.ledger.discover(cases, reports);
        let is_empty = names.is_empty() && self.problem.is_none();
        self.inventory.examples = names;
        if self.settings.purpose == Purpose::Run && !is_empty {
            self.waiting.push_back(Task::Documentation);
        }
    }

    /// Every program was listed: announces the tests of this shard and plans their programs.
    fn plan_programs(&mut self, reports: &mut Vec<JobReport>) {
        let (number, count) = self.settings.shard.unwrap_or((1, 1));
        let is_whole = self.settings.shard.is_none() && self.settings.only.is_none();
        let mut position = 0;
        for binary in 0..self.inventory.binaries.len() {
            let names = std::mem::take(&mut self.inventory.names[binary]);
            let mut mine = Vec::new();
            for name in names {
                position = position % count + 1;
                let case = self.inventory.case_of(binary, &name);
                if position == number && self.is_wanted(&case.id) {
                    mine.push(name);
                }
            }
            let cases = mine.iter().map(|name| self.inventory.case_of(binary, name)).collect();
            self.ledger.discover(cases, reports);
            self.plan_program(binary, &mine, is_whole);
            self.inventory.names[binary] = mine;
        }
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
}
