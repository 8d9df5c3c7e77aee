//! pytest: `python -m pytest` with Apex's plug-in, which needs nothing installed.

use std::sync::Arc;

use apex_core::plan::JobSpec;

use super::context::{Purpose, SessionContext, TestSelection};
use super::python::{CHANNEL, PythonSession, invocation, selection_env, within};
use super::session::{Resident, Session};

/// The plug-in and its parts, as files of the private folder.
const FILES: &[(&str, &str)] = &[
    ("apex_pytest.py", include_str!("apex_pytest.py")),
    ("apex_ending.py", include_str!("apex_ending.py")),
    ("apex_resident.py", include_str!("apex_resident.py")),
    CHANNEL,
];

/// One attempt.
pub(crate) fn session(context: &SessionContext<'_>, purpose: Purpose) -> Box<dyn Session> {
    let selection = TestSelection::of(&context.spec.work);
    let mut program = invocation(context);
    program.arguments = vec![context.tools.python.clone()];
    program.arguments.extend(["-m", "pytest", "-p", "apex_pytest"].map(String::from));
    program.arguments.push("--continue-on-collection-errors".to_owned());
    program.arguments.extend(selected(&selection));
    program.private_files = FILES;
    program.env = selection_env(context, &[], purpose);
    let behind = context.variable("PYTHONPATH").filter(|path| !path.is_empty());
    let path = behind.map_or_else(|| "{private}".to_owned(), |path| format!("{{private}}:{path}"));
    program.env.insert("PYTHONPATH".to_owned(), path);
    program.resident = resident(&selection);
    let session = PythonSession::new(program, context.only, meaning);
    Box::new(if purpose == Purpose::List { session.listing() } else { session })
}

/// How a process is given more files; none where single tests are named, because it keeps the tests
/// of a file that it has collected.
fn resident(selection: &TestSelection<'_>) -> Option<Resident> {
    let names_tests = selection.paths.iter().any(|path| path.contains("::"));
    let arguments = || selection.paths.to_vec();
    (!names_tests).then(|| Resident { variable: "APEX_ORDERS", arguments: arguments() })
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

/// The arguments of a job for people: with what its part leaves out, in pytest's own words.
pub(crate) fn described(selection: &TestSelection<'_>, spec: &JobSpec) -> Vec<String> {
    let Some(part) = &spec.part else { return selected(selection) };
    let ids = |ids: &[Arc<str>]| -> Vec<String> {
        ids.iter().map(|id| within(&spec.working_directory, id).to_owned()).collect()
    };
    let (only, without) = (ids(&part.only), ids(&part.without));
    let in_part = |path: &String| only.iter().any(|id| id.split("::").next() == Some(path));
    let paths = selection.paths.iter().filter(|path| !in_part(path)).cloned();
    let paths: Vec<String> = paths.chain(only.iter().cloned()).collect();
    let markers = part.serial.as_ref().map(|serial| {
        let serial = if serial.marked { "serial" } else { "not serial" };
        selection.markers.map_or_else(|| serial.to_owned(), |own| format!("({own}) and {serial}"))
    });
    let markers = markers.as_deref().or(selection.markers);
    let leave = part.leave.iter().map(|path| format!("--ignore={path}"));
    let without = without.iter().map(|id| format!("--deselect={id}"));
    let mut arguments: Vec<String> = leave.chain(without).collect();
    arguments.extend(selected(&TestSelection { paths: &paths, markers, ..*selection }));
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
