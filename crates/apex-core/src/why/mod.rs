//! Why a test, a file or a category is in a plan or not, when its turn comes, what it is expected
//! to do, and what happened to it in a run.
//!
//! It gathers what plan, history, flakiness and the record of a run say; it weighs nothing anew,
//! so that an answer never disagrees with what is done. Words for people are made elsewhere, but
//! for reasons that the plan and the run carry as text.

mod past;
mod place;
mod run;
mod search;

use std::sync::Arc;

use apex_config::Config;
use apex_config::model::{CategoryName, Quarantined};

use crate::history::History;
use crate::plan::{Plan, RequestSummary};
use crate::view::RunView;

pub use past::{Past, Sighting};
pub use place::{Presence, Retries, Turn};
pub use run::{AttemptInRun, InRun, TestInRun};
pub use search::{Search, search};

/// What is known, to answer from.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// What would run.
    pub plan: &'a Plan,
    /// What earlier runs taught.
    pub history: &'a History,
    /// The run that is asked about, if there is one.
    pub run: Option<&'a RunView>,
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A category.
    Category(CategoryName),
    /// The tests of a category in a file; its path is relative to the project root.
    File(CategoryName, Arc<str>),
    /// A test of a category, by its id; with its file where that is known.
    Test(CategoryName, Arc<str>, Option<Arc<str>>),
}

impl Subject {
    /// The category that it is, or belongs to.
    #[must_use]
    pub const fn category(&self) -> &CategoryName {
        match self {
            Self::Category(name) | Self::File(name, _) | Self::Test(name, ..) => name,
        }
    }

    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Category(name) => name.as_str(),
            Self::File(_, name) | Self::Test(_, name, _) => name,
        }
    }

    /// What it is, as a word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Category(_) => "category",
            Self::File(..) => "file",
            Self::Test(..) => "test",
        }
    }

    /// The file that it is, or is in.
    fn file(&self) -> Option<&Arc<str>> {
        match self {
            Self::Category(_) => None,
            Self::File(_, file) => Some(file),
            Self::Test(_, _, file) => file.as_ref(),
        }
    }

    /// Whether it is, or holds, a test.
    fn holds(&self, category: &CategoryName, id: &str, file: Option<&str>) -> bool {
        self.category() == category
            && match self {
                Self::Category(_) => true,
                Self::File(_, own) => file == Some(&**own),
                Self::Test(_, own, _) => **own == *id,
            }
    }
}

/// Everything that is known of a subject.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked about.
    pub subject: Subject,
    /// What the plan was made for.
    pub request: RequestSummary,
    /// Whether it would run, and why.
    pub presence: Presence,
    /// The jobs that run it, the first to be considered first.
    pub turns: Vec<Turn>,
    /// What is tried again.
    pub retries: Option<Retries>,
    /// What earlier runs taught; none when none knows it.
    pub past: Option<Past>,
    /// Why its failure does not decide, if it does not.
    pub quarantine: Option<Quarantined>,
    /// What happened to it in the run that was asked about.
    pub run: Option<InRun>,
}

/// Answers for one subject.
#[must_use]
pub fn answer(known: Known<'_>, subject: Subject) -> Answer {
    let quarantine = match &subject {
        Subject::Test(category, id, _) => {
            known.plan.quarantine.iter().find(|entry| entry.matches(category, id)).cloned()
        }
        Subject::Category(_) | Subject::File(..) => None,
    };
    Answer {
        request: known.plan.request.clone(),
        presence: place::presence(known, subject.category()),
        turns: place::turns(known, &subject),
        retries: place::retries(known, subject.category()),
        past: past::past(known, &subject),
        quarantine,
        run: known.run.and_then(|view| run::in_run(view, &subject)),
        subject,
    }
}
