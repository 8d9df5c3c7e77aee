//! Why a command could not do what it was asked, and the exit code that follows.

use apex_config::Problem;

use crate::exit::ExitCode;

/// Names that are listed when one is unknown; longer lists hide more than they tell.
const LISTED: usize = 12;

/// A command that could not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for something that does not exist or does not fit.
    Usage { message: String, hint: String },
    /// The configuration is wrong.
    Config(Vec<Problem>),
    /// Something outside is missing or broken.
    Environment { message: String, hint: String },
    /// Another run goes on.
    Locked { message: String },
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    pub(crate) fn environment(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Environment { message: message.into(), hint: hint.into() }
    }

    /// The system gave no thread.
    pub(crate) fn no_threads(error: &std::io::Error) -> Self {
        Self::environment(
            format!("no threads could be started: {error}"),
            "look at the limits of this session (`ulimit -u`)",
        )
    }

    /// The exit code.
    pub(crate) const fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage { .. } | Self::Config(_) => ExitCode::Usage,
            Self::Environment { .. } => ExitCode::Environment,
            Self::Locked { .. } => ExitCode::Locked,
        }
    }
}

impl From<apex_core::select::UnknownName> for Failure {
    fn from(unknown: apex_core::select::UnknownName) -> Self {
        let hint = match &unknown.nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if unknown.known.len() <= LISTED => format!("known: {}", unknown.known.join(", ")),
            None => match unknown.what {
                "mode" => "`apex list modes` shows the names",
                "layer" => "`apex list layers` shows the names",
                _ => "`apex list categories` shows the names",
            }
            .to_owned(),
        };
        Self::usage(unknown.to_string(), hint)
    }
}

impl From<apex_agents::changes::GitError> for Failure {
    fn from(error: apex_agents::changes::GitError) -> Self {
        use apex_agents::changes::GitError;
        let message = error.to_string();
        match error {
            GitError::Missing(_) => {
                Self::environment(message, "install Git, or leave `--affected` out")
            }
            GitError::NoRepository(_) => {
                Self::environment(message, "leave `--affected` out, or run `git init`")
            }
            GitError::UnknownBase { .. } => Self::usage(
                message,
                "name a branch, tag or commit of this clone; a shallow clone may have to fetch it",
            ),
            GitError::Failed { .. } => {
                Self::environment(message, "ask Git the same; `--affected` needs its answer")
            }
        }
    }
}

impl From<apex_agents::controller::AffectedError> for Failure {
    fn from(error: apex_agents::controller::AffectedError) -> Self {
        use apex_agents::controller::AffectedError;
        match error {
            AffectedError::Planning(error) => error.into(),
            AffectedError::Git(error) => error.into(),
        }
    }
}

impl From<apex_core::plan::PlanError> for Failure {
    fn from(error: apex_core::plan::PlanError) -> Self {
        Self::usage(error.to_string(), "take one of these dependencies out of the layer file")
    }
}
