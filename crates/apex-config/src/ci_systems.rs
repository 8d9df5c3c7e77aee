//! What CI systems say in variables about the repository, the change and their own job.
//!
//! A table and nothing else; reading it for the environment of a process is the business of
//! others, and so is what the facts are called there.

use crate::environment_variables::{GITHUB_ACTIONS, GITLAB_CI};

/// What a CI system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CiFact {
    /// URL of the repository.
    Repository,
    /// Branch that is tested.
    Branch,
    /// Tag that is tested.
    Tag,
    /// Commit that is tested.
    Revision,
    /// Branch that the change is meant for.
    Base,
    /// Number of the pull or merge request, or a text that holds it.
    Change,
    /// Name of the pipeline.
    Pipeline,
    /// Its run.
    Run,
    /// Page of its run.
    RunUrl,
    /// Name of its job.
    Task,
    /// The run of that job.
    TaskRun,
    /// Page of that job.
    TaskUrl,
    /// Machine, its name.
    Worker,
    /// Machine, its id.
    WorkerId,
}

/// A CI system.
#[derive(Clone, Copy, Debug)]
pub struct CiSystem {
    /// Its name in lower case.
    pub name: &'static str,
    /// The variable that is set where it runs.
    pub marker: &'static str,
    /// Where each fact is: the first text all of whose `{VARIABLE}` are set counts.
    pub facts: &'static [(CiFact, &'static [&'static str])],
}

/// The CI systems that are known.
pub static CI_SYSTEMS: [CiSystem; 5] = [
    CiSystem {
        name: "github_actions",
        marker: GITHUB_ACTIONS,
        facts: &[
            (CiFact::Repository, &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}"]),
            (CiFact::Branch, &["{GITHUB_HEAD_REF}", "{GITHUB_REF_NAME}"]),
            (CiFact::Revision, &["{GITHUB_SHA}"]),
            (CiFact::Base, &["{GITHUB_BASE_REF}"]),
            (CiFact::Change, &["{GITHUB_REF}"]),
            (CiFact::Pipeline, &["{GITHUB_WORKFLOW}"]),
            (CiFact::Run, &["{GITHUB_RUN_ID}"]),
            (
                CiFact::RunUrl,
                &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"],
            ),
            (CiFact::Task, &["{GITHUB_JOB}"]),
            (CiFact::Worker, &["{RUNNER_NAME}"]),
        ],
    },
    CiSystem {
        name: "gitlab_ci",
        marker: GITLAB_CI,
        facts: &[
            (CiFact::Repository, &["{CI_PROJECT_URL}"]),
            (CiFact::Tag, &["{CI_COMMIT_TAG}"]),
            (CiFact::Branch, &["{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "{CI_COMMIT_BRANCH}"]),
            (CiFact::Revision, &["{CI_COMMIT_SHA}"]),
            (CiFact::Base, &["{CI_MERGE_REQUEST_TARGET_BRANCH_NAME}"]),
            (CiFact::Change, &["{CI_MERGE_REQUEST_IID}"]),
            (CiFact::Pipeline, &["{CI_PIPELINE_NAME}", "{CI_PROJECT_PATH}"]),
            (CiFact::Run, &["{CI_PIPELINE_ID}"]),
            (CiFact::RunUrl, &["{CI_PIPELINE_URL}"]),
            (CiFact::Task, &["{CI_JOB_NAME}"]),
            (CiFact::TaskRun, &["{CI_JOB_ID}"]),
            (CiFact::TaskUrl, &["{CI_JOB_URL}"]),
            (CiFact::Worker, &["{CI_RUNNER_DESCRIPTION}"]),
            (CiFact::WorkerId, &["{CI_RUNNER_ID}"]),
        ],
    },
    CiSystem {
        name: "buildkite",
        marker: "BUILDKITE",
        facts: &[
            (CiFact::Repository, &["{BUILDKITE_REPO}"]),
            (CiFact::Tag, &["{BUILDKITE_TAG}"]),
            (CiFact::Branch, &["{BUILDKITE_BRANCH}"]),
            (CiFact::Revision, &["{BUILDKITE_COMMIT}"]),
            (CiFact::Base, &["{BUILDKITE_PULL_REQUEST_BASE_BRANCH}"]),
            (CiFact::Change, &["{BUILDKITE_PULL_REQUEST}"]),
            (CiFact::Pipeline, &["{BUILDKITE_PIPELINE_SLUG}"]),
            (CiFact::Run, &["{BUILDKITE_BUILD_ID}"]),
            (CiFact::RunUrl, &["{BUILDKITE_BUILD_URL}"]),
            (CiFact::Task, &["{BUILDKITE_LABEL}", "{BUILDKITE_STEP_KEY}"]),
            (CiFact::TaskRun, &["{BUILDKITE_JOB_ID}"]),
            (CiFact::TaskUrl, &["{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}"]),
            (CiFact::Worker, &["{BUILDKITE_AGENT_NAME}"]),
            (CiFact::WorkerId, &["{BUILDKITE_AGENT_ID}"]),
        ],
    },
    CiSystem {
        name: "jenkins",
        marker: "JENKINS_URL",
        facts: &[
            (CiFact::Repository, &["{GIT_URL}"]),
            (CiFact::Tag, &["{TAG_NAME}"]),
            (CiFact::Branch, &["{CHANGE_BRANCH}", "{BRANCH_NAME}", "{GIT_BRANCH}"]),
            (CiFact::Revision, &["{GIT_COMMIT}"]),
            (CiFact::Base, &["{CHANGE_TARGET}"]),
            (CiFact::Change, &["{CHANGE_ID}"]),
            (CiFact::Pipeline, &["{JOB_NAME}"]),
            (CiFact::Run, &["{BUILD_TAG}", "{BUILD_NUMBER}"]),
            (CiFact::RunUrl, &["{BUILD_URL}"]),
            (CiFact::Task, &["{STAGE_NAME}"]),
            (CiFact::Worker, &["{NODE_NAME}"]),
        ],
    },
    CiSystem {
        name: "circleci",
        marker: "CIRCLECI",
        facts: &[
            (CiFact::Repository, &["{CIRCLE_REPOSITORY_URL}"]),
            (CiFact::Tag, &["{CIRCLE_TAG}"]),
            (CiFact::Branch, &["{CIRCLE_BRANCH}"]),
            (CiFact::Revision, &["{CIRCLE_SHA1}"]),
            (CiFact::Change, &["{CIRCLE_PR_NUMBER}", "{CIRCLE_PULL_REQUEST}"]),
            (CiFact::Pipeline, &["{CIRCLE_PROJECT_REPONAME}"]),
            (CiFact::Run, &["{CIRCLE_WORKFLOW_ID}"]),
            (
                CiFact::RunUrl,
                &["https://app.circleci.com/pipelines/workflows/{CIRCLE_WORKFLOW_ID}"],
            ),
            (CiFact::Task, &["{CIRCLE_JOB}"]),
            (CiFact::TaskRun, &["{CIRCLE_WORKFLOW_JOB_ID}"]),
            (CiFact::TaskUrl, &["{CIRCLE_BUILD_URL}"]),
        ],
    },
];

impl CiSystem {
    /// The variables that are read where this system runs, each once, in the order of the table.
    #[must_use]
    pub fn variables(&self) -> Vec<&'static str> {
        let mut found = vec![self.marker];
        for template in self.facts.iter().flat_map(|(_, templates)| templates.iter()) {
            for part in template.split('{').skip(1) {
                let name = part.split('}').next().unwrap_or_default();
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        }
        found
    }
}
