//! Blocks for an environment, their order, and the multiplier.

use apex_config::{Document, Overlay, Severity};

use super::support::{COMPLETE, Project, category, layer, minutes, of, seconds};

const FILE: &str = "
apex: 1
layers:
  quick:
    max_duration_minutes: 10
    grace_seconds: 1
    categories: [{name: unit, timeout_seconds: 100}]
    environment_overrides:
      staging: {grace_seconds: 5}
environments:
  stage:
    layer_overrides:
      quick: {grace_seconds: 4, max_duration_minutes: 14}
";

fn grace(project: &Project) -> u64 {
    layer(&project.config(), "quick").grace.as_secs()
}

#[test]
fn later_sources_beat_earlier_ones() {
    let with_file = |block: &str| {
        let mut project = Project::new(FILE).environment("staging");
        project
            .documents
            .environments
            .push(("staging".to_owned(), Document::new("environments/staging.yaml", block)));
        project
    };
    assert_eq!(grace(&Project::new(FILE)), 1, "no block for test");
    assert_eq!(grace(&Project::new(FILE).environment("staging")), 5, "the layer's own block");
    let file = "layers: {quick: {grace_seconds: 3, max_duration_minutes: 13}}";
    assert_eq!(grace(&with_file(file)), 5);
    let budget = |project: &Project| layer(&project.config(), "quick").budget;
    assert_eq!(budget(&with_file(file)), minutes(14), "the block beats the file of it");
    let flags = Overlay::flags().with_flag("--grace", &["layers", "*", "grace_seconds"], 9_i64);
    assert_eq!(grace(&with_file(file).flags(flags)), 9);
}

#[test]
fn ci_is_as_test_when_no_file_knows_it() {
    let text = FILE.replace("stage:", "test:").replace("staging:", "local:");
    let project = Project::new(&text).environment("ci");
    assert_eq!(grace(&project), 5);
    assert_eq!(project.config().environment.as_str(), "ci");
    let text =
        format!("{text}  ci: {{layer_overrides: {{quick: {{max_duration_minutes: 20}}}}}}\n");
    let project = Project::new(&text).environment("ci");
    assert_eq!(grace(&project), 1, "with a block of its own, that of test does not hold");
}

#[test]
fn an_alias_and_its_name_are_merged_with_a_warning() {
    let text =
        format!("{FILE}  staging: {{layer_overrides: {{quick: {{max_duration_minutes: 15}}}}}}\n");
    let project = Project::new(&text).environment("staging");
    let resolved = project.resolved();
    assert_eq!(layer(&resolved.config, "quick").budget, minutes(15));
    let warnings = of(&resolved.notes, Severity::Warning);
    assert!(warnings.iter().any(|w| w.message.starts_with("`stage` and `staging` are the same")));
}

#[test]
fn an_unknown_environment_is_an_error_with_the_nearest_name() {
    let problems = Project::new(FILE).environment("stagin").problems();
    assert_eq!(problems[0].hint.as_deref(), Some("did you mean `staging`"));
    let text = format!("{FILE}  qa: {{layer_overrides: {{}}}}\n");
    assert_eq!(Project::new(&text).environment("qa").config().environment.as_str(), "qa");
}

#[test]
fn a_multiplier_is_applied_once_and_the_last_one_counts() {
    let flags = Overlay::flags().with_flag(
        "--timeout-multiplier",
        &["layers", "*", "timeout_multiplier"],
        2.0,
    );
    let text = FILE.replace("grace_seconds: 1", "timeout_multiplier: 3");
    let config = Project::new(&text).config();
    assert_eq!(layer(&config, "quick").budget, minutes(30));
    assert_eq!(category(&config, "unit").timeout, seconds(300));
    let config = Project::new(&text).flags(flags).config();
    assert_eq!(layer(&config, "quick").budget, minutes(20));
    assert_eq!(category(&config, "unit").timeout, seconds(200));
}

#[test]
fn staging_gives_categories_half_as_much_again_unless_the_layer_says_otherwise() {
    let config = Project::new(FILE).environment("staging").config();
    assert_eq!(category(&config, "unit").timeout, seconds(150));
    assert_eq!(layer(&config, "quick").budget, minutes(14));
    let config = Project::new(COMPLETE).environment("staging").config();
    assert_eq!(layer(&config, "fast_feedback").budget, minutes(3));
}

#[test]
fn null_takes_the_default_back() {
    let text = FILE.replace("grace_seconds: 5", "grace_seconds: null");
    assert_eq!(grace(&Project::new(&text).environment("staging")), 10);
}

#[test]
fn an_override_of_a_layer_that_does_not_exist_is_a_problem() {
    let text = FILE.replace("      quick: {grace_seconds: 4", "      quik: {grace_seconds: 4");
    let problems = Project::new(&text).problems();
    let errors = of(&problems, Severity::Error);
    assert_eq!(errors[0].message, "there is no layer `quik`");
    assert_eq!(errors[0].hint.as_deref(), Some("did you mean `quick`"));
    assert_eq!(errors[0].place.to_string(), "apex.yaml:13:7");
}
