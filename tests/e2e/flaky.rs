//! `apex flaky`: what earlier runs say about unsteady tests.

use apex_tests::project::Project;

/// A test that fails every other time, beside one that never does.
const LAYERS: &str = r#"apex: 1
layers:
  first:
    categories:
      - name: probe
        retries: 1
        report: stdout
        command: |
          if rm tried 2>/dev/null; then printf '1..2\nok 1 - steady\nok 2 - shaky\n'
          else touch tried; printf '1..2\nok 1 - steady\nnot ok 2 - shaky\n'; exit 1
          fi
"#;

#[test]
fn a_test_that_passes_only_when_tried_again_is_listed_with_its_rate() {
    let project = Project::new(&[("apex.yaml", LAYERS)]);
    let before = project.run(&["flaky"]);
    assert_eq!(before.stdout, "no test ended both ways on one commit in 0 runs\n");
    for _ in 0..4 {
        let answer = project.run(&["run", "--mode", "ci"]);
        assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    }
    let page = project.run(&["flaky"]);
    assert_eq!(page.status.code(), Some(0), "{}", page.stderr);
    let lines: Vec<&str> = page.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "a title and one test:\n{}", page.stdout);
    assert!(lines[1].starts_with("flaky"), "{}", page.stdout);
    assert!(lines[1].ends_with("probe: shaky"), "{}", page.stdout);
    let json = project.run(&["flaky", "--json"]).stdout;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["tests"][0]["attempts"], 8, "{json}");
    assert_eq!(value["tests"][0]["mixed_commits"], 4, "{json}");
}
