//! Files that were written for the earlier runner are read as they are.

use apex_tests::project::Project;

const MINIMAL: &str = include_str!("../../fixtures/config/minimal.yaml");
const OLDER: &str = include_str!("../../fixtures/config/older_v1.yaml");
const NATIVE: &str = "apex: 1\nlayers:\n  fast_feedback: {categories: [{name: unit}]}\n";
/// The form with categories alone.
const CATEGORIES: &str = "categories:\n  unit:\n    description: Small ones\n    priority: HIGH\n    \
                          category_type: functional\n    estimated_duration_minutes: 7\n    dependencies: []\n";

#[test]
fn every_form_loads_for_the_environment_that_is_asked_for_and_stays_as_it_was() {
    for (form, text) in
        [("minimal", MINIMAL), ("older", OLDER), ("categories", CATEGORIES), ("native", NATIVE)]
    {
        let project = Project::new(&[("config/layers.yaml", text)]);
        let line = ["--config", "config/layers.yaml", "--env", "dev", "--category", "unit"];
        let look = [&line[..], &["--dry-run", "--progress-mode", "json"]].concat();
        let answer = project.run(&look);
        assert_ne!(answer.status.code(), Some(2), "{form}: {}", answer.stderr);
        let environment = r#""environment":"development""#;
        assert!(answer.stdout.contains(environment), "{form}: {}", answer.stdout);
        assert_eq!(project.read("config/layers.yaml"), text, "{form}");
    }
}

#[test]
fn a_block_for_an_environment_changes_what_it_names_and_nothing_beside_it() {
    let project = Project::new(&[("config/layers.yaml", OLDER)]);
    let of = |environment: &str| {
        let line = ["--config", "config/layers.yaml", "--env", environment, "--show-config"];
        project.run(&line).stdout
    };
    let layer = |text: &str| {
        let at = text.find("  e2e_performance:").expect("the layer");
        text[at..].to_owned()
    };
    let (test, development) = (layer(&of("test")), layer(&of("dev")));
    assert!(test.contains("max_duration_minutes: 60"), "{test}");
    assert!(development.contains("max_duration_minutes: 30"), "{development}");
    for kept in ["name: E2E", "execution_order: 2"] {
        assert!(test.contains(kept) && development.contains(kept), "{kept}\n{development}");
    }
}
