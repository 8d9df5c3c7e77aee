//! Variables of CI systems against what is sent of them.

use std::collections::BTreeMap;

use apex_config::ci_systems::CI_SYSTEMS;
use apex_monitor::otlp::surroundings::{of_variables, repository_url};

/// Names and values.
type Variables<'a> = &'a [(&'a str, &'a str)];

const GITHUB: &[(&str, &str)] = &[
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SERVER_URL", "https://github.com"),
    ("GITHUB_REPOSITORY", "org/shop"),
    ("GITHUB_REF", "refs/pull/12/merge"),
    ("GITHUB_REF_NAME", "12/merge"),
    ("GITHUB_HEAD_REF", "topic"),
    ("GITHUB_BASE_REF", "main"),
    ("GITHUB_SHA", "c0ffee"),
    ("GITHUB_WORKFLOW", "CI"),
    ("GITHUB_RUN_ID", "77"),
    ("GITHUB_JOB", "test"),
    ("RUNNER_NAME", "runner 3"),
];

#[test]
fn each_system_is_read() {
    let table: [(Variables<'_>, &[&str]); 7] = [
        (&[("HOME", "/home/ana"), ("CI", "true")], &[]),
        (
            GITHUB,
            &[
                "apex.ci.system=github_actions",
                "cicd.pipeline.name=CI",
                "cicd.pipeline.run.id=77",
                "cicd.pipeline.run.url.full=https://github.com/org/shop/actions/runs/77",
                "cicd.pipeline.task.name=test",
                "cicd.worker.name=runner 3",
                "vcs.change.id=12",
                "vcs.provider.name=github",
                "vcs.ref.base.name=main",
                "vcs.ref.head.name=topic",
                "vcs.ref.head.revision=c0ffee",
                "vcs.ref.head.type=branch",
                "vcs.repository.url.full=https://github.com/org/shop",
            ],
        ),
        (
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_REF", "refs/tags/12"),
                ("GITHUB_REF_NAME", "12"),
                ("GITHUB_REF_TYPE", "tag"),
                ("GITHUB_BASE_REF", ""),
            ],
            &["apex.ci.system=github_actions", "vcs.ref.head.name=12", "vcs.ref.head.type=tag"],
        ),
        (
            &[
                ("GITLAB_CI", "true"),
                ("CI_PROJECT_URL", "https://gitlab.example/org/shop"),
                ("CI_COMMIT_SHA", "c0ffee"),
                ("CI_COMMIT_BRANCH", "main"),
                ("CI_PROJECT_PATH", "org/shop"),
                ("CI_PIPELINE_ID", "5"),
                ("CI_PIPELINE_URL", "https://gitlab.example/p/5"),
                ("CI_JOB_NAME", "unit"),
                ("CI_JOB_ID", "9"),
                ("CI_JOB_URL", "https://gitlab.example/j/9"),
                ("CI_MERGE_REQUEST_IID", "4"),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "topic"),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
                ("CI_RUNNER_ID", "3"),
                ("CI_RUNNER_DESCRIPTION", "big"),
            ],
            &[
                "apex.ci.system=gitlab_ci",
                "cicd.pipeline.name=org/shop",
                "cicd.pipeline.run.id=5",
                "cicd.pipeline.run.url.full=https://gitlab.example/p/5",
                "cicd.pipeline.task.name=unit",
                "cicd.pipeline.task.run.id=9",
                "cicd.pipeline.task.run.url.full=https://gitlab.example/j/9",
                "cicd.worker.id=3",
                "cicd.worker.name=big",
                "vcs.change.id=4",
                "vcs.provider.name=gitlab",
                "vcs.ref.base.name=main",
                "vcs.ref.head.name=topic",
                "vcs.ref.head.revision=c0ffee",
                "vcs.ref.head.type=branch",
                "vcs.repository.url.full=https://gitlab.example/org/shop",
            ],
        ),
        (
            &[
                ("BUILDKITE", "true"),
                ("BUILDKITE_REPO", "git@bitbucket.org:org/shop.git"),
                ("BUILDKITE_BRANCH", "main"),
                ("BUILDKITE_PULL_REQUEST", "false"),
                ("BUILDKITE_BUILD_URL", "https://b/1"),
                ("BUILDKITE_JOB_ID", "j"),
                ("BUILDKITE_LABEL", ""),
                ("BUILDKITE_STEP_KEY", "unit"),
            ],
            &[
                "apex.ci.system=buildkite",
                "cicd.pipeline.run.url.full=https://b/1",
                "cicd.pipeline.task.name=unit",
                "cicd.pipeline.task.run.id=j",
                "cicd.pipeline.task.run.url.full=https://b/1#j",
                "vcs.provider.name=bitbucket",
                "vcs.ref.head.name=main",
                "vcs.ref.head.type=branch",
                "vcs.repository.url.full=https://bitbucket.org/org/shop",
            ],
        ),
        (
            &[
                ("JENKINS_URL", "https://j"),
                ("JOB_NAME", "shop/PR-8"),
                ("BUILD_NUMBER", "3"),
                ("CHANGE_ID", "8"),
                ("CHANGE_BRANCH", "topic"),
                ("BRANCH_NAME", "PR-8"),
                ("CHANGE_TARGET", "main"),
            ],
            &[
                "apex.ci.system=jenkins",
                "cicd.pipeline.name=shop/PR-8",
                "cicd.pipeline.run.id=3",
                "vcs.change.id=8",
                "vcs.ref.base.name=main",
                "vcs.ref.head.name=topic",
                "vcs.ref.head.type=branch",
            ],
        ),
        (
            &[
                ("CIRCLECI", "true"),
                ("CIRCLE_TAG", "v1"),
                ("CIRCLE_BRANCH", "main"),
                ("CIRCLE_PULL_REQUEST", "https://github.com/org/shop/pull/21"),
                ("CIRCLE_WORKFLOW_ID", "w"),
            ],
            &[
                "apex.ci.system=circleci",
                "cicd.pipeline.run.id=w",
                "cicd.pipeline.run.url.full=https://app.circleci.com/pipelines/workflows/w",
                "vcs.change.id=21",
                "vcs.ref.head.name=v1",
                "vcs.ref.head.type=tag",
            ],
        ),
    ];
    for (variables, expected) in table {
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut found: Vec<String> = of_variables(&variables)
            .into_iter()
            .map(|(name, value)| format!("{}={value}", name.text))
            .collect();
        found.sort();
        assert_eq!(found, expected, "{variables:?}");
    }
}

#[test]
fn a_repository_is_shown_without_what_is_secret() {
    for (text, expected) in [
        ("https://github.com/org/shop.git", "https://github.com/org/shop"),
        ("https://oauth2:token@gitlab.com/org/shop.git", "https://gitlab.com/org/shop"),
        ("https://a@b:token@host/path@1", "https://host/path@1"),
        ("git@github.com:org/shop.git", "https://github.com/org/shop"),
        ("ssh://git@host:22/org/shop", "https://host:22/org/shop"),
        ("/srv/git/shop.git", "/srv/git/shop"),
        ("", ""),
    ] {
        assert_eq!(repository_url(text), expected);
    }
}

#[test]
fn every_system_has_a_marker_and_reads_variables_by_name() {
    for system in &CI_SYSTEMS {
        let variables = system.variables();
        assert_eq!(variables[0], system.marker);
        assert!(variables.len() > 8, "{variables:?}");
        let is_name = |name: &&str| {
            name.bytes()
                .all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit() || sign == b'_')
        };
        assert!(variables.iter().all(is_name), "{variables:?}");
    }
}
