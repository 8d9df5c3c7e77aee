//! Names without running: those of tests where a framework knows them before they run, else of
//! files.
//!
//! mocha and Playwright tell our reporter, vitest writes a file, jest prints files only. Cypress
//! is not asked: it would start a browser.

use std::collections::HashMap;

use apex_core::event::{ProcessEnd, Stream};
use apex_core::report::JobReport;
use apex_core::test_case::TestCase;
use serde::Deserialize;

use super::frameworks::Framework;
use super::line::{Found, Line};
use super::work::Work;
use crate::runners::channel::place;
use crate::runners::ledger::{Ledger, bare_case};
use crate::runners::session::{Invocation, Session, Step};
use crate::runners::text::{Lines, Tail, first_line};

/// One entry of what `vitest list --json` writes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    /// Absolute.
    file: String,
    #[serde(default)]
    project_name: String,
}

/// Names the tests of a job whose project is in the folder `home`.
pub(super) fn session(framework: &'static Framework, work: Work, home: String) -> Box<dyn Session> {
    let is_asked = framework.name != "cypress";
    let mut program = is_asked.then(|| work.listing());
    if let Some(program) = program.as_mut().filter(|_| framework.name == "vitest") {
        program.report_files = vec!["{out}".to_owned()];
    }
    let (ledger, lines, errors, broken) = Default::default();
    Box::new(Listing { framework, work, home, program, ledger, lines, errors, broken })
}

struct Listing {
    framework: &'static Framework,
    work: Work,
    home: String,
    program: Option<Invocation>,
    ledger: Ledger,
    lines: Lines,
    errors: Tail<8192>,
    broken: Option<String>,
}

impl Listing {
    fn discover(&mut self, cases: Vec<TestCase>, reports: &mut Vec<JobReport>) {
        let wanted = cases.into_iter().filter(|case| self.work.is_wanted(&case.id)).collect();
        self.ledger.discover(wanted, reports);
    }

    fn discover_file(&mut self, file: &str, reports: &mut Vec<JobReport>) {
        let file = place(&self.work.folder, file);
        self.discover(vec![bare_case(&file, &file)], reports);
    }

    /// An absolute path as one of the project: the file that was asked for, else what is below
    /// the folder of the project.
    fn inside(&self, path: &str) -> Option<String> {
        let ends = |file: &&String| {
            path.strip_suffix(file.as_str()).is_some_and(|before| before.ends_with('/'))
        };
        let asked = self.work.all.files.iter().filter(ends).max_by_key(|file| file.len());
        let below = || path.strip_prefix(&self.home)?.strip_prefix('/').map(str::to_owned);
        asked.cloned().or_else(below)
    }

    fn problem(&self, end: &ProcessEnd) -> Option<String> {
        if let Some(broken) = &self.broken {
            return Some(broken.clone());
        }
        let text = self.errors.text();
        let said = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        match end {
            ProcessEnd::Exited(0) => None,
            ProcessEnd::Exited(code) => Some(format!(
                "{} could not list its tests (exit code {code}): {}",
                self.framework.name,
                first_line(said)
            )),
            ProcessEnd::Signalled(signal) => {
                Some(format!("{} was killed by signal {signal}", self.framework.name))
            }
            ProcessEnd::NotStarted(why) => Some(why.clone()),
        }
    }
}

impl Session for Listing {
    fn next(&mut self, ended: Option<&ProcessEnd>, reports: &mut Vec<JobReport>) -> Step {
        if let Some(program) = self.program.take() {
            return Step::Run(program);
        }
        let Some(end) = ended else {
            let files = self.work.all.files.clone();
            files.iter().for_each(|file| self.discover_file(file, reports));
            return Step::Finish { problem: None };
        };
        let text = self.errors.text();
        let is_empty = self.framework.says_nothing.iter().any(|words| text.contains(words));
        if self.ledger.len() == 0 && is_empty {
            return Step::NothingToRun;
        }
        Step::Finish { problem: self.problem(end) }
    }

    fn output(&mut self, stream: Stream, bytes: &[u8], reports: &mut Vec<JobReport>) {
        self.errors.feed(bytes);
        if self.framework.name != "jest" || stream != Stream::Stdout {
            return;
        }
        let mut lines = std::mem::take(&mut self.lines);
        let mut files = Vec::new();
        lines.feed(bytes, |line| files.extend(self.inside(line)));
        self.lines = lines;
        files.iter().for_each(|file| self.discover_file(file, reports));
    }

    fn event_line(&mut self, line: &str, reports: &mut Vec<JobReport>) {
        let Some(line) = Line::read(line) else { return };
        match line.event.as_str() {
            "found" => {
                let folder = &self.work.folder;
                let cases = line.tests.iter().map(|found| found.case(folder)).collect();
                self.discover(cases, reports);
            }
            "broken" | "unhandled" => {
                self.broken = Some(format!("{}: {}", line.file, line.message));
            }
            _ => {}
        }
    }

    fn report_file(&mut self, _path: &str, content: &[u8], reports: &mut Vec<JobReport>) {
        let listed: Vec<Listed> = serde_json::from_slice(content).unwrap_or_default();
        let mut numbers = Numbers::default();
        let cases = listed.iter().filter_map(|one| {
            let file = self.inside(&one.file)?;
            let project = Some(one.project_name.as_str()).filter(|name| !name.is_empty());
            let project = project.map(|name| format!("[{name}]"));
            let titles = project.into_iter().chain([one.name.clone()]).collect();
            Some(Found { titles: numbers.next(&file, titles), file, line: None })
        });
        let cases = cases.map(|found| found.case(&self.work.folder)).collect();
        self.discover(cases, reports);
    }
}

/// Tells tests of the same name apart, as the reporters do.
#[derive(Default)]
struct Numbers(HashMap<(String, Vec<String>), u32>);

impl Numbers {
    fn next(&mut self, file: &str, mut titles: Vec<String>) -> Vec<String> {
        let count = self.0.entry((file.to_owned(), titles.clone())).or_default();
        *count += 1;
        if *count > 1
            && let Some(last) = titles.last_mut()
        {
            *last = format!("{last} #{count}");
        }
        titles
    }
}
