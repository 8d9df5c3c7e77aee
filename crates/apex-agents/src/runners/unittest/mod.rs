//! unittest: Apex's own small program, which loads the files and reports each test.

use super::context::{Purpose, SessionContext, TestSelection};
use super::python::{CHANNEL, PythonSession, invocation, selection_env};
use super::session::Session;

/// The program, as a file of the private folder.
const PROGRAM: (&str, &str) = ("apex_unittest.py", include_str!("apex_unittest.py"));

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>, purpose: Purpose) -> Box<dyn Session> {
    let selection = TestSelection::of(&context.spec.work);
    let mut program = invocation(context);
    program.arguments = vec![context.tools.python.clone(), "{private}/apex_unittest.py".to_owned()];
    program.private_files = &[PROGRAM, CHANNEL];
    program.env = selection_env(context, selection.paths, purpose);
    let session = PythonSession::new(program, context.only, |_| None);
    Box::new(if purpose == Purpose::List { session.listing() } else { session })
}

/// The arguments that select, for people.
pub(crate) fn selected(selection: &TestSelection<'_>) -> Vec<String> {
    let mut arguments = selection.arguments.to_vec();
    if let Some(keyword) = selection.keyword {
        arguments.extend(["-k".to_owned(), keyword.to_owned()]);
    }
    arguments.extend(selection.paths.iter().cloned());
    arguments
}
