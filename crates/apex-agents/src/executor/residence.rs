//! How an attempt uses programs that stay: takes one that waits, or starts one that may stay, and
//! lets it wait afterwards where more work comes.
//!
//! What a program is told besides its work are the variables in which attempts differ; one that
//! was started with others than these is of no use.

use std::collections::BTreeMap;

use apex_config::environment_variables as names;
use apex_core::event::ProcessEnd;
use apex_core::judge::describe_end;
use apex_core::report::JobReport;

use super::Submission;
use super::attempt::{Attempt, Followed};
use super::lot::Lot;
use super::orders::{More, Orders};
use super::worker::{Latest, Worker};
use crate::process::table::Entry;
use crate::process::{Program, Survivors};
use crate::runners::{Invocation, Resident, Wish};

/// Variables that tell attempts apart.
const OF_AN_ATTEMPT: [&str; 3] = [names::JOB_ID, names::ATTEMPT, names::SHARD];

/// What only the place of a program can fill in.
const PLACEHOLDERS: [&str; 3] = ["{private}", "{out}", "{events}"];

impl<'a> Attempt<'a> {
    /// How the program of an invocation may stay after this attempt, if it may.
    pub(super) fn residence<'i>(
        &self,
        invocation: &'i Invocation,
    ) -> Option<(&'a Lot, &'i Resident)> {
        let lot = self.submission.lot.as_deref()?;
        let resident = invocation.resident.as_ref()?;
        self.shared.workers.may_stay(lot).then_some((lot, resident))
    }

    /// Runs an invocation in a program that waits for work; none when there is no such program.
    pub(super) async fn run_in_worker(&mut self, invocation: &Invocation) -> Option<ProcessEnd> {
        let (lot, resident) = self.residence(invocation)?;
        loop {
            let mut worker = self.shared.workers.take(lot)?;
            let is_given = worker.variables == self.variables_to_stay()
                && self.give(&mut worker.orders, resident, invocation);
            if !is_given {
                let notes = worker.dismiss(self.stop).await;
                self.batch.extend(notes.into_iter().map(JobReport::Note));
                continue;
            }
            worker.latest = self.latest();
            self.adopt(&mut worker).await;
            self.has_heard = false;
            let end = self.accompany(worker, false).await;
            if self.has_heard {
                return Some(end);
            }
            let how = describe_end(&end);
            self.batch.push(JobReport::Note(format!(
                "a process that had run its tests ended while it waited for more: {how}"
            )));
        }
    }

    /// A program that was started just now and may stay.
    pub(super) fn worker(&self, program: Program, orders: Orders) -> Worker {
        Worker {
            program,
            orders,
            variables: self.variables_to_stay(),
            folder: Default::default(),
            group: None,
            latest: self.latest(),
        }
    }

    fn latest(&self) -> Latest {
        let Submission { job, attempt, log, grace, .. } = self.submission;
        Latest { job: *job, attempt: *attempt, log: log.clone(), grace: *grace }
    }

    /// All variables of the attempt; a later layer beats an earlier one.
    fn variables(&self) -> BTreeMap<String, String> {
        let layers = self.submission.env.iter().chain([&self.submission.spec.env]);
        layers
            .flat_map(|layer| layer.iter())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Those that have to be the same for all attempts of a program.
    fn variables_to_stay(&self) -> BTreeMap<String, String> {
        let mut variables = self.variables();
        variables.retain(|name, _| !OF_AN_ATTEMPT.contains(&name.as_str()));
        variables
    }

    /// Takes over what goes with a worker.
    async fn adopt(&mut self, worker: &mut Worker) {
        let before = self.folder.take_over(std::mem::take(&mut worker.folder));
        self.batch.extend(before.remove().await.err().map(JobReport::Note));
        self.batch.extend(self.bounds.take_over(worker.group.take()).map(JobReport::Note));
    }

    /// Tells a program that waits what to run; whether it could be told.
    fn give(&mut self, orders: &mut Orders, resident: &Resident, invocation: &Invocation) -> bool {
        let all = self.variables();
        let own = invocation.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let own = own.filter(|(_, value)| !PLACEHOLDERS.iter().any(|one| value.contains(one)));
        let mut variables: BTreeMap<&str, &str> = own.collect();
        let attempt = OF_AN_ATTEMPT.iter().filter_map(|name| all.get_key_value(*name));
        variables.extend(attempt.map(|(name, value)| (name.as_str(), value.as_str())));
        let more = More { arguments: &resident.arguments, variables };
        let given = orders.give(&more);
        if let Err(error) = &given {
            self.batch.push(JobReport::Note(format!(
                "a process that waited for work could not be given any: {error}"
            )));
        }
        given.is_ok()
    }

    /// Follows a program that may stay, until it waits for the next attempt or has ended; one that is
    /// not new has worked for other attempts before.
    pub(super) async fn accompany(&mut self, mut worker: Worker, is_new: bool) -> ProcessEnd {
        let before = worker.program.kin().orphans();
        let mut done = None;
        let mut is_first = true;
        loop {
            let watched = self.bounds.watch(worker.program.kin(), is_new && is_first);
            is_first = false;
            let Worker { program, orders, .. } = &mut worker;
            let followed = self.follow(program, Some(orders), watched.as_ref()).await;
            self.bounds.note(watched.as_ref());
            match followed {
                Followed::Ended(end) => {
                    self.settle(&mut worker.program).await;
                    // What it did was said before; that it ended well adds nothing.
                    return done.filter(|_| end == ProcessEnd::Exited(0)).unwrap_or(end);
                }
                Followed::Done(end) => {
                    self.take_waiting(&mut worker.program);
                    self.tell_strays(&worker.program, &before);
                    match self.keep(worker).await {
                        None => return end,
                        Some(unwanted) => worker = unwanted,
                    }
                    worker.orders.leave();
                    done = Some(end);
                }
            }
        }
    }

    /// Names what left the program and its group meanwhile: a fixture of the session may have meant
    /// to start it, so it ends with the program and not before.
    fn tell_strays(&mut self, program: &Program, before: &[Entry]) {
        let mut strays = program.kin().orphans();
        strays.retain(|one| !before.contains(one));
        if !strays.is_empty() {
            self.batch.push(JobReport::Note(format!(
                "its tests left {} behind; ended at the latest with the process that runs them",
                Survivors::of(&strays).describe()
            )));
        }
    }

    /// Lets a program wait for the next attempt; gives it back when none is to come.
    async fn keep(&mut self, mut worker: Worker) -> Option<Worker> {
        let lot = self.submission.lot.as_deref().filter(|_| self.stop.asked().is_none());
        let Some(lot) = lot else { return Some(worker) };
        worker.group = self.bounds.hand_over();
        worker.folder = self.folder.hand_over();
        let mut unwanted = self.shared.workers.offer(lot, worker)?;
        self.adopt(&mut unwanted).await;
        Some(unwanted)
    }

    /// Answers a program; how it would have ended, when it has done its work.
    pub(super) fn answer(&mut self, orders: Option<&mut Orders>) -> Option<ProcessEnd> {
        let lot = self.submission.lot.as_deref()?;
        let orders = orders?;
        while let Some(wish) = self.session.wish() {
            match wish {
                Wish::Word if self.is_wanted(lot) => orders.stay(),
                Wish::Word => orders.leave(),
                Wish::Work(end) => return Some(end),
                Wish::Nothing { why } if self.shared.workers.refuse(lot) => {
                    self.batch.push(JobReport::Note(format!(
                        "each of its jobs runs in a process of its own, because of {why}"
                    )));
                }
                Wish::Nothing { .. } => {}
            }
        }
        None
    }

    fn is_wanted(&self, lot: &Lot) -> bool {
        self.stop.asked().is_none() && self.shared.workers.are_wanted(lot)
    }
}
