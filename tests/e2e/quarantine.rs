//! Tests in quarantine run, are reported, and do not decide.

use apex_tests::project::Project;

const TAP: &str = "printf '1..2\\nok 1 - steady\\nnot ok 2 - shaky\\n'; exit 1";

fn project(expires: &str) -> Project {
    let layers = format!(
        "apex: 1\nlayers:\n  first:\n    categories:\n      \
         - {{name: probe, command: [sh, -c, {TAP:?}], report: stdout}}\n\
         quarantine:\n  - {{test: shaky, owner: ana, reason: shared port, expires: {expires}}}\n"
    );
    Project::new(&[("apex.yaml", &layers)])
}

#[test]
fn a_failure_in_quarantine_is_shown_and_leaves_the_run_green() {
    let project = project("2999-12-31");
    let answer = project.run(&["run"]);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    for text in [
        "1 test failed and did not decide:",
        ": in quarantine until 2999-12-31, ana mends it",
        "1 passed, 1 quarantined",
    ] {
        assert!(answer.stderr.contains(text), "`{text}` is missing in:\n{}", answer.stderr);
    }
    assert!(!answer.stderr.contains("FAILED"), "{}", answer.stderr);
    assert!(project.junit().contains(r#"type="quarantined""#), "{}", project.junit());
}

#[test]
fn an_entry_that_expired_is_refused_before_anything_runs() {
    let project = project("2001-02-03");
    let answer = project.run(&["run"]);
    assert_eq!(answer.status.code(), Some(2), "{}", answer.stderr);
    let text = "the quarantine of `shaky` ended on 2001-02-03";
    assert!(answer.stderr.contains(text), "{}", answer.stderr);
    assert_eq!(project.runs().len(), 0);
}
