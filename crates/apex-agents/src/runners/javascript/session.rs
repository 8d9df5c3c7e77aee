//! One attempt of a job of a framework of JavaScript, told by the events of our reporter.
//!
//! The reporter says when the framework has finished. A program that ends without having said so
//! was ended by what ran in it: the test, else the file, is named, and a new program runs the
//! rest. Where one file keeps a framework from running the others, they are run apart from it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::report::JobReport;

use super::books::{Books, Breakage};
use super::death::{Death, after_death, narrowed};
use super::frameworks::Framework;
use super::line::Line;
use super::work::{Batch, Work};
use crate::runners::session::{Session, Step};
use crate::runners::text::{Tail, first_line};

/// Most programs that are started again after one was ended by its tests or could not load them.
const RESTARTS: u32 = 20;

/// See the module.
pub(super) struct JavascriptSession {
    framework: &'static Framework,
    work: Work,
    /// Ids of a retry, which have to come back.
    expected: Vec<Arc<str>>,
    waiting: VecDeque<Batch>,
    running: Batch,
    restarts: u32,
    books: Books,
    /// Whether the running program said that it finished.
    has_finished: bool,
    /// What people would see: both streams.
    prints: Tail<8192>,
    errors: Tail<8192>,
    problem: Option<String>,
}

impl JavascriptSession {
    pub(super) fn new(
        framework: &'static Framework,
        work: Work,
        only: Option<&[Arc<str>]>,
    ) -> Self {
        Self {
            framework,
            waiting: VecDeque::from([work.all.clone()]),
            work,
            expected: only.unwrap_or_default().to_vec(),
            running: Batch::default(),
            restarts: 0,
            books: Books::default(),
            has_finished: false,
            prints: Tail::default(),
            errors: Tail::default(),
            problem: None,
        }
    }

    fn run_next(&mut self, reports: &mut Vec<JobReport>) -> Step {
        let Some(batch) = self.waiting.pop_front() else { return self.finish(reports) };
        self.has_finished = false;
        self.books.begin_program();
        (self.prints, self.errors) = (Tail::default(), Tail::default());
        self.running = batch;
        Step::Run(self.work.program(&self.running))
    }

    fn finish(&mut self, reports: &mut Vec<JobReport>) -> Step {
        let problem = self.problem.take().or_else(|| self.missing());
        if problem.is_none() && self.books.ledger.len() == 0 {
            return Step::NothingToRun;
        }
        reports.extend(self.left_out().map(JobReport::Note));
        Step::Finish { problem }
    }

    /// Tests that were wanted or announced and that no program reported.
    fn missing(&self) -> Option<String> {
        let ledger = &self.books.ledger;
        let mut lost = self.expected.iter().filter(|id| !self.books.has_told(id));
        if let (Some(first), 0) = (lost.next(), ledger.bad()) {
            let count = lost.count() + 1;
            return Some(format!(
                "{count} tests to run again were not found, the first is {first}"
            ));
        }
        let missing = ledger.unfinished();
        let first = missing.first()?;
        Some(format!(
            "{} of {} tests did not run, the first is {first}: {} ended early",
            missing.len(),
            ledger.len(),
            self.framework.name
        ))
    }

    /// Files that look like tests and that the configuration of the project leaves out.
    fn left_out(&self) -> Option<String> {
        let is_new = |file: &&String| !self.books.knows_file(file);
        let mut files = self.work.all.files.iter().filter(is_new);
        let first = files.next().filter(|_| !self.work.is_by_name())?;
        let more = match files.count() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        Some(format!(
            "{} did not take {first}{more} for tests: its configuration, or what the files hold, \
             leaves them out",
            self.framework.name
        ))
    }

    /// The program ended after the framework had finished.
    fn after_finish(&mut self, end: &ProcessEnd, reports: &mut Vec<JobReport>) {
        let is_explained = self.books.ledger.bad() > 0 || self.books.unhandled.is_some();
        let name = self.framework.name;
        let problem = match end {
            ProcessEnd::Exited(0) => None,
            ProcessEnd::Exited(_) if is_explained || self.says_nothing() => None,
            ProcessEnd::Exited(code) => Some(format!(
                "{name} ended with exit code {code} although no test failed: {}",
                self.last_words()
            )),
            ProcessEnd::Signalled(signal) => {
                Some(format!("{name} was killed by signal {signal} after its last test"))
            }
            ProcessEnd::NotStarted(why) => Some(why.clone()),
        };
        if !self.narrow_down(reports) {
            let unhandled = self.books.unhandled.take();
            self.blame(unhandled);
        }
        self.blame(problem);
        self.run_apart_from_broken();
    }

    /// A process of the framework died with a file: finds out which of its tests did it. Whether
    /// that explains the error outside of tests.
    fn narrow_down(&mut self, reports: &mut Vec<JobReport>) -> bool {
        let is_cut_off = self.framework.tells_late && !self.books.cut_off().is_empty();
        let Some(why) = self.books.unhandled.take_if(|_| is_cut_off) else { return false };
        let again = narrowed(&self.running, &why, &mut self.books, reports);
        if again.is_empty() || self.may_restart() {
            again.into_iter().rev().for_each(|batch| self.waiting.push_front(batch));
        }
        true
    }

    /// A file that cannot be loaded kept the others from running.
    fn run_apart_from_broken(&mut self) {
        let Batch { files, names, suspects } = self.running.clone();
        let has_broken = files.iter().any(|file| self.books.is_broken(file));
        let files: Vec<String> =
            files.into_iter().filter(|file| self.books.is_open(file)).collect();
        let is_due = self.framework.loads_all_first && has_broken && !files.is_empty();
        if is_due && self.may_restart() {
            self.waiting.push_front(Batch { files, names, suspects });
        }
    }

    fn may_restart(&mut self) -> bool {
        self.restarts += 1;
        self.restarts <= RESTARTS
    }

    /// Keeps the first problem.
    fn blame(&mut self, problem: Option<String>) {
        self.problem = self.problem.take().or(problem);
    }

    fn says_nothing(&self) -> bool {
        let text = self.prints.text() + &self.errors.text();
        self.framework.says_nothing.iter().any(|words| text.contains(words))
    }

    /// The program ended while the framework was at work, or before.
    fn after_unexpected_end(&mut self, end: &ProcessEnd, reports: &mut Vec<JobReport>) {
        if let ProcessEnd::NotStarted(why) = end {
            self.blame(Some(why.clone()));
            self.waiting.clear();
            return;
        }
        if self.books.is_untouched() && self.says_nothing() {
            return;
        }
        if self.running.files.is_empty() && !self.books.is_untouched() {
            let name = self.framework.name;
            self.blame(Some(format!("{name} ended early: what it had not told of did not run")));
        }
        let death = Death {
            end,
            batch: &self.running,
            folder: &self.work.folder,
            loads_all_first: self.framework.loads_all_first,
            said: self.last_words(),
            details: self.errors.text(),
        };
        let rest = after_death(&death, &mut self.books, reports);
        match rest {
            Some(batches) if batches.is_empty() => {}
            Some(batches) if self.may_restart() => {
                batches.into_iter().rev().for_each(|batch| self.waiting.push_front(batch));
            }
            Some(_) => {
                self.waiting.clear();
                let name = self.framework.name;
                let times = self.restarts;
                self.blame(Some(format!("tests did not run: {name} was ended {times} times")));
            }
            None => {
                self.waiting.clear();
                self.blame(Some(self.failed_start(end)));
            }
        }
    }

    /// Nothing was told: the framework itself could not start.
    fn failed_start(&self, end: &ProcessEnd) -> String {
        let how = match end {
            ProcessEnd::Exited(code) => format!("exit code {code}"),
            ProcessEnd::Signalled(signal) => format!("killed by signal {signal}"),
            ProcessEnd::NotStarted(why) => why.clone(),
        };
        let Self { framework, work, .. } = self;
        let said = self.last_words();
        let version =
            if work.version.is_empty() { String::new() } else { format!(" ({})", work.version) };
        format!("{} ended before any test ran, {how}: {said}{version}", framework.name)
    }

    /// The line that names the error, else the last one.
    fn last_words(&self) -> String {
        let (errors, prints) = (self.errors.text(), self.prints.text());
        let lines = || errors.lines().chain(prints.lines()).map(str::trim);
        let says = |line: &&str| {
            line.contains("Error:") || line.starts_with("Error") || line.contains(" threshold ")
        };
        let last = || errors.lines().rev().chain(prints.lines().rev());
        let line = lines()
            .find(says)
            .or_else(|| last().map(str::trim).find(|line| !line.is_empty()))
            .unwrap_or("it said nothing");
        first_line(line.trim_start_matches("Exception during run: "))
    }

    fn apply(&mut self, mut line: Line, reports: &mut Vec<JobReport>) {
        let case = line.case(&self.work.folder);
        // While a crash is narrowed down, tests that a pattern leaves out are told to be skipped.
        let suspects = &self.running.suspects;
        let is_due = suspects.is_empty() || suspects.contains(&case.id);
        let is_wanted = is_due && self.work.is_wanted(&case.id);
        match line.event.as_str() {
            "file" => self.books.begin_file(&line.file),
            "found" => {
                let Self { books, work, .. } = self;
                books.found(&line.tests, &work.folder, |id| work.is_wanted(id), reports);
            }
            "start" | "end" if !is_wanted => self.books.begin_file(&line.file),
            "start" => self.books.start(&line.file, case, reports),
            "end" => {
                let end = line.end();
                self.books.end(&line.file, case, end, reports);
            }
            "broken" => self.break_file(line, reports),
            "file_end" => {
                let file = line.file.clone();
                if !line.message.is_empty() || !line.details.is_empty() {
                    self.break_file(line, reports);
                }
                self.books.end_file(&file);
            }
            "unhandled" => self.unhandled(line, reports),
            "finished" => {
                self.has_finished = true;
                self.blame(Some(line.message).filter(|message| !message.is_empty()));
            }
            _ => {}
        }
    }

    fn break_file(&mut self, line: Line, reports: &mut Vec<JobReport>) {
        let Line { file, message, details, .. } = line;
        let breakage = Breakage { file: &file, folder: &self.work.folder, message, details };
        self.books.break_file(breakage, reports);
    }

    /// An error outside of tests: that of a file that could not be loaded, else of the run.
    fn unhandled(&mut self, line: Line, reports: &mut Vec<JobReport>) {
        let is_of_work = self.running.files.contains(&line.file);
        if self.framework.loads_all_first && is_of_work {
            self.break_file(line, reports);
            return;
        }
        let message = match line.file.as_str() {
            "" => line.message,
            file => format!("{file}: {}", line.message),
        };
        self.books.unhandled.get_or_insert_with(|| format!("an error outside of tests: {message}"));
    }

    /// Whether all was told, where a framework has no word for it.
    fn has_told_all(&self) -> bool {
        let files = &self.running.files;
        !self.framework.tells_end
            && self.books.has_ended_files()
            && files.iter().all(|file| self.books.has_ended_file(file))
    }
}

impl Session for JavascriptSession {
    fn clock(&mut self, now: Duration) {
        self.books.ledger.clock(now);
    }

    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        if let Some(end) = ended {
            if self.has_finished || self.has_told_all() {
                self.after_finish(end, reports);
            } else {
                self.after_unexpected_end(end, reports);
            }
        }
        self.run_next(reports)
    }

    fn stopping(&mut self, reports: &mut Vec<JobReport>) {
        if !self.framework.tells_late || self.books.ledger.is_any_running() {
            return;
        }
        let Some(file) = self.books.file_at_work() else { return };
        let open = self.books.open_tests(file);
        if let Some(first) = open.first() {
            let name = self.framework.name;
            reports.push(JobReport::Note(format!(
                "{name} had not told which test of {file} ran: one of {}, the first is {first}",
                open.len()
            )));
        }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], _reports: &mut Vec<JobReport>) {
        match stream {
            Stream::Stdout => self.prints.feed(bytes),
            Stream::Stderr => self.errors.feed(bytes),
        }
    }

    fn event_line(&mut self, line: &str, reports: &mut Vec<JobReport>) {
        if let Some(line) = Line::read(line) {
            self.apply(line, reports);
        }
    }
}
