//! The exit codes, in one place.

use apex_core::event::RunResult;
use apex_monitor::ExitStatus;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    Passed,
    TestsFailed,
    Usage,
    Environment,
    NothingRan,
    BudgetExceeded,
    Internal,
    Locked,
    Skipped,
    Signal(u8),
}

impl ExitCode {
    /// Every code but those of signals, in the order of the numbers.
    pub(crate) const ALL: [Self; 9] = [
        Self::Passed,
        Self::TestsFailed,
        Self::Usage,
        Self::Environment,
        Self::NothingRan,
        Self::BudgetExceeded,
        Self::Internal,
        Self::Locked,
        Self::Skipped,
    ];

    /// The number.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::TestsFailed => 1,
            Self::Usage => 2,
            Self::Environment => 3,
            Self::NothingRan => 4,
            Self::BudgetExceeded => 5,
            Self::Internal => 6,
            Self::Locked => 7,
            Self::Skipped => 8,
            Self::Signal(signal) => 128 + signal,
        }
    }

    /// The code of a number, if Apex ever ends with it.
    pub(crate) fn of_number(number: u8) -> Option<Self> {
        if let Some(code) = Self::ALL.into_iter().find(|code| code.number() == number) {
            return Some(code);
        }
        (129..=192).contains(&number).then(|| Self::Signal(number - 128))
    }

    /// A few words, fit behind `exit code 1: `.
    pub(crate) fn meaning(self) -> String {
        match self {
            Self::Passed => "everything that was asked for passed".to_owned(),
            Self::TestsFailed => "a test failed, timed out or crashed".to_owned(),
            Self::Usage => "the command line or the configuration is wrong".to_owned(),
            Self::Environment => "something outside the tests could not run".to_owned(),
            Self::NothingRan => "nothing was selected, or nothing ran".to_owned(),
            Self::BudgetExceeded => "a time budget was used up".to_owned(),
            Self::Internal => "a fault of Apex itself".to_owned(),
            Self::Locked => "another run of this project goes on".to_owned(),
            Self::Skipped => "the rest of a layer was skipped by hand".to_owned(),
            Self::Signal(signal) => format!("stopped by {}", signal_name(signal)),
        }
    }

    /// When it is given and what to do, for `apex explain exit`.
    pub(crate) const fn explanation(self) -> &'static str {
        match self {
            Self::Passed => {
                "At least one test ran, and no layer failed. A layer that allows partial success \
                 may hold failed tests; the summary lists them."
            }
            Self::TestsFailed => {
                "The summary names each such test with its first error line, the file that holds \
                 what its job wrote, and the record of the run. It is also given when the result of a category \
                 contradicts itself: a missing report, fewer tests than were announced, an error \
                 exit without a failed test."
            }
            Self::Usage => {
                "Nothing was run. The message names the word, or file:line:column, and what \
                 would be right. `apex config check` reports every problem at once."
            }
            Self::Environment => {
                "A tool or a service is missing, a program could not be started, a build broke, \
                 or the disk is full. The summary says which category could not run, why, and \
                 how to get what is missing. No test failed."
            }
            Self::NothingRan => {
                "Not one test was executed although a run was asked for, or a category that was \
                 asked for by name has no tests. `apex plan` shows where Apex looked."
            }
            Self::BudgetExceeded => {
                "A layer or the run used up its time and was cut; what did not run is listed. \
                 Nothing else was wrong."
            }
            Self::Internal => {
                "Something that must never happen did. The run directory holds what is needed \
                 for a report."
            }
            Self::Locked => {
                "`--no-wait` was given and another run of the same project has not ended."
            }
            Self::Skipped => {
                "The key `s` of the live display skipped the rest of a layer. What was skipped is \
                 listed; the layers behind it went on. Nothing else was wrong."
            }
            Self::Signal(_) => {
                "The run was stopped in order: its jobs were ended, its reports written, its \
                 services taken away. The number is 128 plus that of the signal."
            }
        }
    }

    /// The code for the result of a run. When several hold, the order is
    /// 6 > 2 > signal > 1 > 3 > 5 > 8 > 4 > 0.
    pub(crate) fn of(result: &RunResult) -> Self {
        if result.internal_error.is_some() {
            Self::Internal
        } else if let Some(signal) = result.signal {
            Self::Signal(u8::try_from(signal).unwrap_or(0))
        } else if result.tests_failed {
            Self::TestsFailed
        } else if result.environment_failed {
            Self::Environment
        } else if result.budget_exceeded {
            Self::BudgetExceeded
        } else if result.skipped {
            Self::Skipped
        } else if result.nothing_ran {
            Self::NothingRan
        } else {
            Self::Passed
        }
    }

    /// Of two runs that count as one, the code that says more, in the same order.
    pub(crate) const fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::NothingRan => 1,
            Self::Skipped => 2,
            Self::BudgetExceeded => 3,
            Self::Environment => 4,
            Self::TestsFailed => 5,
            Self::Locked => 6,
            Self::Signal(_) => 7,
            Self::Usage => 8,
            Self::Internal => 9,
        }
    }

    /// The code with its meaning.
    pub(crate) fn status(self) -> ExitStatus {
        ExitStatus { code: self.number(), meaning: self.meaning() }
    }
}

fn signal_name(signal: u8) -> String {
    match signal {
        1 => "a hang-up (signal 1)".to_owned(),
        2 => "an interrupt (signal 2)".to_owned(),
        15 => "a request to end (signal 15)".to_owned(),
        other => format!("signal {other}"),
    }
}
