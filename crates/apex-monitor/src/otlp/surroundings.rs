//! Where a run happens, as facts about everything that is sent: the machine, the repository, and
//! the CI system by the variables that it sets. A pure function over a map of variables.

use apex_config::environment_variables::GITHUB_ACTIONS;
use std::collections::BTreeMap;

use apex_config::ci_systems::{CI_SYSTEMS, CiFact, CiSystem};

use crate::names::{self, Name};

/// What the variables say about CI system, repository and change; empty outside of the systems
/// that are known.
#[must_use]
pub fn of_variables(variables: &BTreeMap<String, String>) -> Vec<(Name, String)> {
    let is_set =
        |name: &str| variables.get(name).is_some_and(|value| !value.is_empty() && value != "false");
    let Some(system) = CI_SYSTEMS.iter().find(|system| is_set(system.marker)) else {
        return Vec::new();
    };
    let mut found = vec![(names::CI_SYSTEM, system.name.to_owned())];
    for (fact, templates) in system.facts {
        let text = templates.iter().find_map(|template| filled(template, variables));
        if let Some(text) = text {
            add(&mut found, system, *fact, text, variables);
        }
    }
    found
}

fn add(
    found: &mut Vec<(Name, String)>,
    system: &CiSystem,
    fact: CiFact,
    text: String,
    variables: &BTreeMap<String, String>,
) {
    match fact {
        CiFact::Repository => {
            let url = repository_url(&text);
            found.extend(provider(&url).map(|name| (names::PROVIDER_NAME, name.to_owned())));
            found.push((names::REPOSITORY_URL, url));
        }
        CiFact::Tag => {
            found.push((names::HEAD_NAME, text));
            found.push((names::HEAD_TYPE, "tag".to_owned()));
        }
        CiFact::Branch => {
            if found.iter().any(|(name, _)| *name == names::HEAD_NAME) {
                return;
            }
            let says_tag = variables.get("GITHUB_REF_TYPE").is_some_and(|word| word == "tag");
            let is_tag = system.marker == GITHUB_ACTIONS && says_tag;
            let word = if is_tag { "tag" } else { "branch" };
            found.push((names::HEAD_NAME, text));
            found.push((names::HEAD_TYPE, word.to_owned()));
        }
        CiFact::Change => {
            found.extend(number_of_change(&text).map(|number| (names::CHANGE_ID, number)));
        }
        CiFact::Revision => found.push((names::HEAD_REVISION, text)),
        CiFact::Base => found.push((names::BASE_NAME, text)),
        CiFact::Pipeline => found.push((names::PIPELINE_NAME, text)),
        CiFact::Run => found.push((names::PIPELINE_RUN, text)),
        CiFact::RunUrl => found.push((names::RUN_URL, text)),
        CiFact::Task => found.push((names::TASK_NAME, text)),
        CiFact::TaskRun => found.push((names::TASK_RUN, text)),
        CiFact::TaskUrl => found.push((names::CI_TASK_URL, text)),
        CiFact::Worker => found.push((names::WORKER_NAME, text)),
        CiFact::WorkerId => found.push((names::WORKER_ID, text)),
    }
}

/// A text with its `{VARIABLE}` filled in; none when one of them is not set.
fn filled(template: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(variables.get(name).filter(|value| !value.is_empty())?);
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

/// The number of a change: the text itself, or its part behind `pull`.
fn number_of_change(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('/').collect();
    let number = match parts.as_slice() {
        [alone] => alone,
        parts => {
            let pull = parts.iter().position(|part| matches!(*part, "pull" | "merge_requests"))?;
            parts.get(pull + 1)?
        }
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| (*number).to_owned())
}

/// A repository as the page that people open: without `.git`, and without the user and password
/// that some systems write into it.
#[must_use]
pub fn repository_url(text: &str) -> String {
    let text = text.trim().trim_end_matches('/');
    let text = text.strip_suffix(".git").unwrap_or(text);
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest.to_owned()),
        Some((_, rest)) => ("https", rest.to_owned()),
        // What ssh writes: `git@host:path`.
        None => match text.split_once(':') {
            Some((host, path)) => ("https", format!("{host}/{path}")),
            None => return text.to_owned(),
        },
    };
    let end_of_host = rest.find('/').unwrap_or(rest.len());
    let begin = rest[..end_of_host].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[begin..])
}

fn provider(url: &str) -> Option<&'static str> {
    let host = url.split_once("://")?.1.split('/').next()?;
    ["github", "gitlab", "bitbucket"].into_iter().find(|name| host.contains(name))
}
