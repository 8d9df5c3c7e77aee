//! What the two frameworks of Python have in common: the program, its selection in the
//! environment, and a session that goes on after a test has killed the interpreter.

mod batch;
mod part;
mod session;

use std::collections::BTreeMap;

pub(crate) use session::{PythonSession, within};

use super::context::{Purpose, SessionContext, TestSelection};
use super::session::Invocation;

/// What both plug-ins import, as a file of the private folder.
pub(crate) const CHANNEL: (&str, &str) = ("apex_channel.py", include_str!("apex_channel.py"));

/// The environment that carries the selection to Apex's side of the framework. `paths` are those
/// that the framework does not get as arguments.
pub(crate) fn selection_env(
    context: &SessionContext<'_>,
    paths: &[String],
    purpose: Purpose,
) -> BTreeMap<String, String> {
    let selection = TestSelection::of(&context.spec.work);
    let value = serde_json::json!({
        "paths": paths,
        "ignore": selection.ignore,
        "keyword": selection.keyword,
        "shard": context.spec.shard.map(|(number, count)| [number, count]),
        "list": purpose == Purpose::List,
    });
    let folder = &context.spec.working_directory;
    let mut env = part::variables(context.spec.part.as_deref(), folder);
    env.insert("APEX_SELECTION".to_owned(), value.to_string());
    env.insert("PYTHONUNBUFFERED".to_owned(), "1".to_owned());
    env
}

/// An invocation in the folder of the job, with the event channel of Apex's plug-ins.
pub(crate) fn invocation(context: &SessionContext<'_>) -> Invocation {
    Invocation {
        working_directory: context.spec.working_directory.to_string(),
        event_channel: Some("APEX_EVENTS"),
        ..Invocation::default()
    }
}
