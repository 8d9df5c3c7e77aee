//! Cargo, by its own test programs and by nextest: the same outcomes by the same ids.

use std::sync::Arc;

use apex_agents::runners::Tools;
use apex_config::model::RunnerKind;
use apex_core::Outcome;
use apex_core::plan::JobSpec;
use apex_tests::tool::tool;

use super::drive::{Driven, Project, job, list_in, run_until, run_with};

fn project() -> Project {
    Project::with(&[
        (
            "Cargo.toml",
            "[package]\nname = \"demo-pack\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
        ),
        (
            "src/lib.rs",
            r#"//! A sample.
/// ```
/// assert_eq!(demo_pack::two(), 2);
/// ```
pub fn two() -> u32 { 2 }
#[cfg(test)]
mod tests {
    #[test] fn passes() {}
    #[test] fn fails() { println!("to the output"); assert_eq!(1, 2, "numbers differ"); }
    #[test] #[ignore = "too slow"] fn ignored() {}
    #[test] #[should_panic] fn panics() { panic!("x") }
    #[test] fn result() -> Result<(), String> { Err("bad result".into()) }
}
"#,
        ),
        (
            "tests/it.rs",
            "#[test] fn aborts() { std::process::abort(); }\n#[test] fn exits() { std::process::exit(3); }\n#[test] fn fine() {}\n#[test] fn also_fine() {}\n",
        ),
    ])
}

fn check(driven: &Driven, exit_is: &str) {
    let expected = [
        ("demo-pack::demo_pack$tests::passes", "passed", ""),
        (
            "demo-pack::demo_pack$tests::fails",
            "failed",
            "assertion `left == right` failed: numbers differ (src/lib.rs:9:",
        ),
        ("demo-pack::demo_pack$tests::panics", "passed", ""),
        ("demo-pack::demo_pack$tests::result", "failed", "Error: \"bad result\""),
        ("demo-pack::it$fine", "passed", ""),
        ("demo-pack::it$also_fine", "passed", ""),
        ("demo-pack::it$exits", exit_is, ""),
        ("demo-pack::it$aborts", "errored", ""),
        ("doc$src/lib.rs - two (line 2)", "passed", ""),
    ];
    for (id, outcome, message) in expected {
        assert_eq!(driven.outcome(id), outcome, "{id}: {driven:#?}");
        assert!(driven.message(id).starts_with(message), "{id}: {}", driven.message(id));
    }
    assert_eq!(driven.outcome("demo-pack::demo_pack$tests::ignored"), "skipped");
    assert_eq!((driven.tests.len(), &driven.problem), (10, &None));
}

#[test]
fn the_test_programs_tell_every_outcome_and_a_crash_is_pinned_on_its_test() {
    let Some(_) = tool("cargo") else { return };
    let project = project();
    let driven = project.run(&job(RunnerKind::Cargo), None);
    check(&driven, "errored");
    assert!(driven.details["demo-pack::demo_pack$tests::fails"].contains("to the output"));
    assert_eq!(driven.message("demo-pack::it$aborts"), "killed by signal 6 while it ran");
    assert_eq!(
        driven.message("demo-pack::it$exits"),
        "ended the process with exit code 3 while it ran"
    );
    assert_eq!(driven.message("demo-pack::demo_pack$tests::ignored"), "too slow");

    let only = ["demo-pack::it$fine", "demo-pack::demo_pack$tests::fails"];
    let again = project.run(&job(RunnerKind::Cargo), Some(&only));
    assert_eq!((again.tests.len(), again.count(Outcome::Failed), again.problem), (2, 1, None));

    let listed = list_in(project.path(), &job(RunnerKind::Cargo));
    assert_eq!((listed.discovered.len(), listed.tests.len(), listed.problem), (10, 0, None));

    let halves = [1, 2].map(|number| {
        let spec = JobSpec { shard: Some((number, 2)), ..job(RunnerKind::Cargo) };
        project.run(&spec, None).tests.len()
    });
    assert_eq!(halves.iter().sum::<usize>(), 10, "{halves:?}");
}

const MANIFEST: (&str, &str) = (
    "Cargo.toml",
    "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
);

/// Tests in the order in which they begin; the two that hang leave a file first.
const HANGING: &str = r#"//! ```
//! assert!(true);
//! ```
#[cfg(test)]
mod tests {
    fn hang(file: &str) {
        std::fs::write(file, "").unwrap();
        std::thread::sleep(std::time::Duration::from_secs(600));
    }
    #[test] fn a_fails() { panic!("no"); }
    #[test] fn b_passes() { std::thread::sleep(std::time::Duration::from_secs(1)); }
    #[test] fn c_hangs() { hang("c.ran"); }
    #[test] fn d_hangs() { hang("d.ran"); }
    #[test] fn e_never() {}
}
"#;

#[test]
fn tests_that_hang_are_named_and_what_did_not_run_is_known() {
    let Some(_) = tool("cargo") else { return };
    let driven = cut_while_two_hang(Tools { threads: 2, ..Tools::default() });
    assert_eq!(driven.tests.len(), 2, "{driven:#?}");
    let time = driven.durations["demo::demo$tests::b_passes"].expect("a time that was measured");
    // Of a second; a busy machine reads the line of its begin late, never early.
    assert!(time >= std::time::Duration::from_millis(100), "{time:?}");
}

#[test]
fn nextest_knows_what_did_not_run_as_well() {
    let (Some(_), Some(_)) = (tool("cargo"), tool("cargo-nextest")) else { return };
    cut_while_two_hang(Tools { has_nextest: true, ..Tools::default() });
}

fn cut_while_two_hang(tools: Tools) -> Driven {
    let project = Project::with(&[MANIFEST, ("src/lib.rs", HANGING)]);
    let mut spec = job(RunnerKind::Cargo);
    if tools.has_nextest {
        spec.env = Arc::new([("NEXTEST_TEST_THREADS".to_owned(), "2".to_owned())].into());
    }
    let has = |file: &str| project.path().join(file).exists();
    let id = |name: &str| format!("demo::demo$tests::{name}");
    let driven = run_until(project.path(), &spec, &tools, |driven| {
        // The files may be there before the lines about the tests are read. What failed is not
        // waited for: libtest tells the details of a failure at the end of the program only.
        let told = |name: &str| driven.started.contains(&id(name));
        has("c.ran")
            && has("d.ran")
            && told("c_hangs")
            && told("d_hangs")
            && driven.tests.contains_key(&id("b_passes"))
    });
    assert_eq!(driven.outcome(&id("a_fails")), "failed", "{driven:#?}");
    assert_eq!(driven.outcome(&id("b_passes")), "passed");
    for hanging in [id("c_hangs"), id("d_hangs")] {
        assert!(driven.started.contains(&hanging), "{hanging}: {driven:#?}");
    }
    // nextest may begin the last one between the end of a test and the request to itself.
    assert!(matches!(driven.started.len(), 4 | 5), "{driven:#?}");
    for known in [id("e_never"), "doc$src/lib.rs - (line 1)".to_owned()] {
        assert!(driven.discovered.contains(&known), "{known}: {driven:#?}");
    }
    driven
}

#[test]
fn what_dies_only_in_company_is_a_problem_and_the_rest_still_runs() {
    let Some(_) = tool("cargo") else { return };
    let dying = r#"
use std::sync::atomic::{AtomicU32, Ordering};
static SEEN: AtomicU32 = AtomicU32::new(0);
fn meet() {
    SEEN.fetch_add(1, Ordering::SeqCst);
    for _ in 0..20 {
        if SEEN.load(Ordering::SeqCst) == 2 { std::process::abort(); }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
#[test] fn a_meets() { meet(); }
#[test] fn b_meets() { meet(); }
#[test] fn c_passes() {}
#[test] fn d_passes() {}
"#;
    let project = Project::with(&[MANIFEST, ("src/lib.rs", ""), ("tests/it.rs", dying)]);
    let tools = Tools { threads: 2, ..Tools::default() };
    let driven = run_with(project.path(), &job(RunnerKind::Cargo), None, &tools);
    assert_eq!((driven.tests.len(), driven.count(Outcome::Passed)), (4, 4), "{driven:#?}");
    assert_eq!(
        driven.problem.as_deref(),
        Some(
            "demo::it ended with signal 6 while a_meets, b_meets ran, and none of these ends its \
             program by itself"
        )
    );
}

#[test]
fn nextest_tells_the_same() {
    let (Some(_), Some(_)) = (tool("cargo"), tool("cargo-nextest")) else { return };
    let project = project();
    let tools = Tools { has_nextest: true, ..Tools::default() };
    let driven = run_with(project.path(), &job(RunnerKind::Cargo), None, &tools);
    check(&driven, "failed");
    assert_eq!(driven.message("demo-pack::it$aborts"), "ended by SIGABRT while it ran");

    let only = ["demo-pack::it$fine", "demo-pack::demo_pack$tests::fails"];
    let again = run_with(project.path(), &job(RunnerKind::Cargo), Some(&only), &tools);
    assert_eq!((again.tests.len(), again.count(Outcome::Failed), again.problem), (2, 1, None));
}

#[test]
fn an_error_of_the_compiler_keeps_the_tests_from_running_and_is_named_with_its_place() {
    let Some(_) = tool("cargo") else { return };
    let project = project();
    std::fs::write(project.path().join("tests/zz.rs"), "#[test] fn x() { let y: u32 = \"\"; }\n")
        .expect("a file");
    let reason = project.run(&job(RunnerKind::Cargo), None).unable.expect("a reason");
    assert!(reason.starts_with("the build failed at tests/zz.rs:1:31: error[E0308]"), "{reason}");
}
