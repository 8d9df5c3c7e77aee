//! What programs are asked for, and what people are told of them.

use apex_agents::runners::{Tools, describe};
use apex_config::model::{CommandLine, RunnerKind};
use apex_core::event::ProcessEnd;
use apex_core::plan::{JobSpec, Work};

use super::{command, job, program, session};

fn selected() -> JobSpec {
    let work = Work::Tests {
        paths: vec!["tests/api".to_owned()],
        markers: Some("not slow".to_owned()),
        keyword: Some("user".to_owned()),
        ignore: vec!["tests/api/old".to_owned(), "**/x*".to_owned()],
        arguments: vec!["-x".to_owned()],
    };
    JobSpec { work, shard: Some((2, 3)), ..job(RunnerKind::Pytest) }
}

#[test]
fn pytest_gets_the_selection_and_keeps_the_path_of_the_user() {
    let mut session = session(&selected(), None, &Tools::default());
    let program = program(session.as_mut(), None);
    let words = "python3 -m pytest -p apex_pytest --continue-on-collection-errors -x -m not slow -k user --ignore=tests/api/old --ignore-glob=**/x* tests/api";
    assert_eq!(program.arguments.join(" "), words);
    assert_eq!(program.env["PYTHONPATH"], "{private}:/own");
    assert!(program.env["APEX_SELECTION"].contains("\"shard\":[2,3]"));
    assert_eq!(program.event_channel, Some("APEX_EVENTS"));
    assert_eq!(
        describe(&selected()).join(" "),
        "python -m pytest -x -m not slow -k user --ignore=tests/api/old --ignore-glob=**/x* tests/api"
    );
}

#[test]
fn many_ids_are_cut_into_several_programs_and_no_id_is_a_placeholder() {
    let ids: Vec<String> =
        (0..60_000).map(|n| format!("tests/test_a.py::test_{n}[{{out}}]")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut session = session(&job(RunnerKind::Pytest), Some(&ids), &Tools::default());
    let mut found = 0;
    let mut programs = 0;
    let mut ended = None;
    while found < ids.len() {
        let program = program(session.as_mut(), ended.as_ref());
        programs += 1;
        for (name, value) in program.env.iter().filter(|(name, _)| name.starts_with("APEX_ONLY_")) {
            assert!(value.len() < 128 * 1024, "{name} is too long for a variable");
            assert!(!value.contains("{out}"), "{name} has a placeholder");
            found += serde_json::from_str::<Vec<String>>(value).unwrap().len();
        }
        session.event_line(r#"{"event":"finished","status":0}"#, &mut Vec::new());
        ended = Some(ProcessEnd::Exited(0));
    }
    assert_eq!((found, programs), (60_000, 5));
}

#[test]
fn a_command_has_its_placeholders_filled_in() {
    let text = "run {shard}/{shards} {tests} > {out}";
    let spec = JobSpec { shard: Some((2, 4)), ..command(text, None) };
    let mut session_all = session(&spec, None, &Tools::default());
    assert_eq!(program(session_all.as_mut(), None).arguments[2], "run 2/4  > {out}");
    let mut session_two = session(&spec, Some(&["a", "it's"]), &Tools::default());
    assert_eq!(program(session_two.as_mut(), None).arguments[2], "run 2/4 'a' 'it'\\''s' > {out}");
    let list = CommandLine::Arguments(["x", "{tests}", "-n{shard}"].map(String::from).to_vec());
    let work = Work::Command { command: list, discover: None, report: None };
    let spec = JobSpec { work, ..job(RunnerKind::Command) };
    let mut session_list = session(&spec, Some(&["a", "b"]), &Tools::default());
    assert_eq!(program(session_list.as_mut(), None).arguments, ["x", "a", "b", "-n1"]);
}
