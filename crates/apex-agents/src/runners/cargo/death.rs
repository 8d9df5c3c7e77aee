//! What follows when a test program dies: who is accused, and what is run again.
//!
//! The tests that ran at its death are known ([`super::turns`]). A single one is the culprit. Of
//! several, each is run by itself; when none of them dies alone, that is said, so that a program
//! that died is never green. The tests that had not begun run in a new program.

use apex_core::event::ProcessEnd;

use super::programs::Task;

/// Most tests that are run one by one after their program died.
const SINGLES: usize = 500;

/// Most names in one argument vector.
pub(super) const NAMES: usize = 1000;

/// Most programs that are started again after one died.
const RESTARTS: usize = 20;

/// The tests of a dead program that have no end.
#[derive(Debug)]
pub(super) struct Scene {
    /// The program.
    pub(super) binary: usize,
    /// Its suite.
    pub(super) suite: String,
    /// How it ended, for people.
    pub(super) how: String,
    /// Those that ran at its death, as far as that is known.
    pub(super) running: Vec<String>,
    /// Those that had not begun; all of them, when it is not known what ran.
    pub(super) waiting: Vec<String>,
}

/// What follows.
#[derive(Debug)]
pub(super) enum Verdict {
    /// This test did it.
    Culprit(String),
    /// One of those did it that are run by themselves now.
    Trial,
    /// Nobody can be named.
    Problem(String),
}

/// The deaths of an attempt.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    count: usize,
    trial: Option<Trial>,
}

/// Tests that are run by themselves because one of them ended their program.
#[derive(Debug)]
struct Trial {
    accusation: String,
    open: usize,
    has_culprit: bool,
}

impl Deaths {
    /// A program died: who did it, and the programs that follow, in their order.
    pub(super) fn judge(&mut self, scene: Scene) -> (Verdict, Vec<Task>) {
        let Scene { binary, suite, how, running, waiting } = scene;
        self.count += 1;
        let is_known = !running.is_empty();
        let (accused, rest) = if is_known { (running, waiting) } else { (waiting, Vec::new()) };
        let open = accused.len() + rest.len();
        if open == 0 || accused.len() > SINGLES || self.count > RESTARTS {
            let problem = format!("{suite} ended with {how} and left {open} tests unfinished");
            return (Verdict::Problem(problem), Vec::new());
        }
        let again = rest.chunks(NAMES).map(|part| Task::Run(binary, Some(part.to_vec())));
        if is_known && let [culprit] = &accused[..] {
            return (Verdict::Culprit(culprit.clone()), again.collect());
        }
        self.trial = Some(Trial {
            accusation: format!("{suite} ended with {how} while {} ran", shown(&accused)),
            open: accused.len(),
            has_culprit: false,
        });
        let singles = accused.into_iter().map(|name| Task::Single(binary, name));
        (Verdict::Trial, singles.chain(again).collect())
    }

    /// A test that was run by itself is over. The answer is a problem, when it was the last one
    /// of its trial and none of them died.
    pub(super) fn acquit(&mut self, has_died: bool) -> Option<String> {
        let trial = self.trial.as_mut()?;
        trial.open = trial.open.saturating_sub(1);
        trial.has_culprit |= has_died;
        if trial.open > 0 {
            return None;
        }
        let trial = self.trial.take().filter(|trial| !trial.has_culprit)?;
        Some(format!("{}, and none of these ends its program by itself", trial.accusation))
    }
}

/// The first names of a list.
fn shown(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let first = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{first} and {} more", names.len() - SHOWN) } else { first }
}

/// How a program ended, for people.
pub(super) fn how(end: &ProcessEnd) -> String {
    match end {
        ProcessEnd::Exited(code) => format!("exit code {code}"),
        ProcessEnd::Signalled(signal) => format!("signal {signal}"),
        ProcessEnd::NotStarted(why) => why.clone(),
    }
}
