//! pytest: `python -m pytest` with Apex's plug-in, which needs nothing installed.

use super::context::{Purpose, SessionContext, TestSelection};
use super::python::{PythonSession, invocation, selection_env};
use super::session::Session;

/// The plug-in, as a file of the private folder.
const PLUG_IN: (&str, &str) = ("apex_pytest.py", include_str!("apex_pytest.py"));

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>, purpose: Purpose) -> Box<dyn Session> {
    let selection = TestSelection::of(&context.spec.work);
    let mut program = invocation(context);
    program.arguments = vec![context.tools.python.clone()];
    program.arguments.extend(["-m", "pytest", "-p", "apex_pytest"].map(String::from));
    program.arguments.push("--continue-on-collection-errors".to_owned());
    program.arguments.extend(selected(&selection));
    program.private_files = &[PLUG_IN];
    program.env = selection_env(context, &[], purpose);
    let behind = context.variable("PYTHONPATH").filter(|path| !path.is_empty());
    let path = behind.map_or_else(|| "{private}".to_owned(), |path| format!("{{private}}:{path}"));
    program.env.insert("PYTHONPATH".to_owned(), path);
    let session = PythonSession::new(program, context.only, meaning);
    Box::new(if purpose == Purpose::List { session.listing() } else { session })
}

/// The arguments that select, for programs and for people.
pub(crate) fn selected(selection: &TestSelection<'_>) -> Vec<String> {
    let mut arguments = selection.arguments.to_vec();
    for (option, value) in [("-m", selection.markers), ("-k", selection.keyword)] {
        arguments.extend(value.into_iter().flat_map(|value| [option.to_owned(), value.to_owned()]));
    }
    for path in selection.ignore {
        let option = if path.contains(['*', '?', '[']) { "--ignore-glob" } else { "--ignore" };
        arguments.push(format!("{option}={path}"));
    }
    arguments.extend(selection.paths.iter().cloned());
    arguments
}

/// Exit codes of pytest that are no result of tests.
const fn meaning(code: i32) -> Option<&'static str> {
    match code {
        2 => Some("pytest was interrupted"),
        3 => Some("pytest had an internal error"),
        4 => Some("pytest was called wrongly"),
        _ => None,
    }
}
