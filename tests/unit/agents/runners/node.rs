//! Lines of the reporter for Node.

use apex_agents::runners::Tools;
use apex_config::model::RunnerKind;
use apex_core::event::ProcessEnd;
use apex_core::plan::JobSpec;

use super::{job, lines, program, session};

#[test]
fn lines_become_tests_with_the_folder_of_the_project_in_front() {
    let spec = JobSpec { working_directory: "web".into(), ..job(RunnerKind::Node) };
    let mut session = session(&spec, None, &Tools::default());
    program(session.as_mut(), None);
    let mut reports = Vec::new();
    for line in [
        r#"{"event":"node","file":"a.mjs","path":["outer"],"name":"x","line":3,"passed":true,"skip":null,"todo":null,"milliseconds":1.5,"error":null}"#,
        r#"{"event":"node","file":"a.mjs","path":[],"name":"y","passed":false,"error":{"kind":"testCodeFailure","message":"boom"}}"#,
        r#"{"event":"node","file":"a.mjs","path":[],"name":"z","passed":true,"skip":"test name does not match pattern"}"#,
        r#"{"event":"node","file":"b.mjs","path":[],"name":"","passed":false,"error":{"exitCode":3},"output":"x\nTypeError: no\n"}"#,
        "not json",
    ] {
        session.event_line(line, &mut reports);
    }
    assert_eq!(
        lines(&reports),
        [
            "web/a.mjs::outer > x passed",
            "web/a.mjs::y failed boom",
            "web/b.mjs errored TypeError: no"
        ]
    );
}

#[test]
fn an_end_without_the_last_line_is_a_problem() {
    let mut session = session(&job(RunnerKind::Node), None, &Tools::default());
    program(session.as_mut(), None);
    let step = session.next(Some(&ProcessEnd::Signalled(11)), &mut Vec::new());
    assert!(format!("{step:?}").contains("node was killed by signal 11"), "{step:?}");
}
