//! Looks whether this machine has what the tests of a project need, and says how to mend what it
//! has not.
//!
//! Each part answers with [`Check`]s; nothing is changed, and every question has a limit of time.
//! What belongs to the configuration and the history of a project is checked elsewhere.

mod system;
mod tools;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use apex_config::Config;

use crate::services::docker;

/// How long one question to a program may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was looked at, and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, one or two words.
    pub what: String,
    /// How it is.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// How to mend it; nothing when it is fine.
    pub mend: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// As it should be.
    Fine,
    /// Runs are possible, and something of them suffers.
    Poor,
    /// Something that this project needs does not work.
    Broken,
}

impl CheckState {
    /// The word for it in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Poor => "poor",
            Self::Broken => "broken",
        }
    }
}

impl Check {
    /// Something that is as it should be.
    pub fn fine(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), state: CheckState::Fine, found: found.into(), mend: None }
    }

    /// Something that is not, and how to mend it.
    pub fn not_fine(
        state: CheckState,
        what: impl Into<String>,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { what: what.into(), state, found: found.into(), mend: Some(mend.into()) }
    }
}

/// What is checked.
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Project root, absolute.
    pub root: &'a Path,
    /// The folder of the records of runs; it need not exist.
    pub state: &'a Path,
    /// The environment that tests will get.
    pub variables: &'a BTreeMap<String, String>,
}

/// Looks at the machine.
pub async fn examine(patient: Patient<'_>) -> Vec<Check> {
    let mut checks = tools::check(patient).await;
    checks.push(engine(patient).await);
    checks.push(system::limits_of_layers(patient.config));
    checks.push(system::disk(patient.state));
    checks.push(system::writable(patient.state));
    checks.push(system::memory());
    checks.push(system::clock());
    checks.push(system::open_files());
    checks
}

/// The container engine; one that nobody needs may be missing.
async fn engine(patient: Patient<'_>) -> Check {
    use apex_config::model::ServiceSource;
    let what = "container engine";
    let services = patient.config.services.values();
    let needing =
        services.filter(|service| matches!(service.source, ServiceSource::Container(_))).count();
    let asked = docker::connect(patient.variables);
    let answer = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map(drop).map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
    };
    match answer {
        Ok(()) => Check::fine(what, "it answers"),
        Err(_) if needing == 0 => Check::fine(what, "none answers, and no service needs one"),
        Err(text) => {
            let (found, mend) = text
                .split_once("\nnext: ")
                .unwrap_or((&text, "look whether the engine works: `docker version`"));
            Check::not_fine(CheckState::Broken, what, found, mend)
        }
    }
}
