//! Maven and Gradle: their own commands, and the JUnit files that they leave behind.
//!
//! Both compile first and name a test only when its class has run, so that there is no list, and
//! what hangs is known as a class at best. Only files of this run are read (the executor leaves
//! older ones alone), and tests are run although they would be up to date: what Apex calls passed
//! has run.

mod console;
mod selection;
mod session;

use std::collections::HashSet;
use std::sync::Arc;

use apex_config::model::RunnerKind;
use apex_core::plan::JobSpec;

use self::selection::{Choice, gradle_filters, maven_filters};
use self::session::JvmSession;
use super::command::Collector;
use super::context::{SessionContext, TestSelection};
use super::session::{Invocation, Session};

/// Makes the tests of Gradle run although nothing changed, and lets a chosen test be missing in
/// the other projects of a build.
const INIT_SCRIPT: (&str, &str) = ("apex.gradle", include_str!("apex.gradle"));

/// Where Surefire and Failsafe write, and where Gradle does.
const MAVEN_REPORTS: [&str; 2] =
    ["**/target/surefire-reports/TEST-*.xml", "**/target/failsafe-reports/TEST-*.xml"];
const GRADLE_REPORTS: [&str; 1] = ["**/build/test-results/**/TEST-*.xml"];

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>) -> Box<dyn Session> {
    let selection = TestSelection::of(&context.spec.work);
    let choices = match context.only {
        None => vec![Choice::of_paths(selection.paths)],
        Some(ids) => Choice::of_ids(ids),
    };
    let kind = context.spec.runner;
    let goals = goals(kind, selection.arguments);
    let program = |choice: &Choice| match kind {
        RunnerKind::Gradle => gradle(context, &goals, choice),
        _ => maven(context, &goals, choice),
    };
    let only: Option<HashSet<Arc<str>>> = context.only.map(|ids| ids.iter().cloned().collect());
    Box::new(JvmSession::new(
        kind,
        context.project_root.display().to_string(),
        choices.iter().map(program).collect(),
        Collector::new(context.only, &context.spec.working_directory),
        only,
    ))
}

/// The arguments that select, for people.
pub(crate) fn described(spec: &JobSpec) -> Vec<String> {
    let selection = TestSelection::of(&spec.work);
    let choice = Choice::of_paths(selection.paths);
    let filters = match spec.runner {
        RunnerKind::Gradle => gradle_filters(&choice),
        _ => maven_filters(&choice),
    };
    goals(spec.runner, selection.arguments).into_iter().chain(filters).collect()
}

/// What is asked for: `test`, unless the arguments name something else.
fn goals(kind: RunnerKind, arguments: &[String]) -> Vec<String> {
    let flags_with_value = ["-f", "-pl", "-P", "-s", "-p", "-x", "-I", "-b", "-c"];
    let mut is_value = false;
    let mut has_goal = false;
    for argument in arguments {
        has_goal |= !is_value && !argument.starts_with('-');
        is_value = flags_with_value.contains(&argument.as_str())
            && !(kind == RunnerKind::Gradle && argument == "-s");
    }
    let goal = (!has_goal).then(|| "test".to_owned());
    goal.into_iter().chain(arguments.iter().cloned()).collect()
}

fn maven(context: &SessionContext<'_>, goals: &[String], choice: &Choice) -> Invocation {
    // The other modules run although the tests of one failed.
    let mut arguments = vec![context.tools.maven.clone()];
    arguments.extend(["--batch-mode", "--fail-at-end"].map(String::from));
    arguments.extend(goals.iter().cloned());
    arguments.extend(maven_filters(choice));
    Invocation {
        arguments,
        working_directory: context.spec.working_directory.to_string(),
        report_files: MAVEN_REPORTS.map(String::from).into(),
        ..Invocation::default()
    }
}

fn gradle(context: &SessionContext<'_>, goals: &[String], choice: &Choice) -> Invocation {
    let mut arguments = vec![context.tools.gradle.clone()];
    // A daemon would outlive the run.
    let own = ["--no-daemon", "--console=plain", "--continue"];
    arguments.extend(own.map(String::from));
    arguments.extend(["--init-script", "{private}/apex.gradle"].map(String::from));
    arguments.extend(goals.iter().cloned());
    arguments.extend(gradle_filters(choice));
    Invocation {
        arguments,
        working_directory: context.spec.working_directory.to_string(),
        private_files: &[INIT_SCRIPT],
        report_files: GRADLE_REPORTS.map(String::from).into(),
        ..Invocation::default()
    }
}
