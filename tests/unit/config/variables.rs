//! Variables: which environment, which values, `.env` files, and what beats what.

use apex_config::{Document, Overlay, Severity};

use super::support::{Project, category, of, seconds};

const FILE: &str = "
apex: 1
layers:
  quick:
    categories:
      - name: unit
        timeout_seconds: 100
        env: {GREETING: \"hello ${WHO:-nobody}\"}
      - {name: e2e_critical}
";

fn greeting(project: &Project) -> String {
    category(&project.config(), "unit").recipe.env["GREETING"].clone()
}

#[test]
fn the_first_variable_that_names_a_known_environment_counts() {
    let project = Project::new(FILE).variable("TEST_ENV", "dev").variable("ENVIRONMENT", "prod");
    assert_eq!(project.config().environment.as_str(), "development");
    let project = Project::new(FILE).variable("APEX_ENV", "mars").variable("ENVIRONMENT", "stage");
    assert_eq!(project.config().environment.as_str(), "staging");
    let project = project.environment("test");
    assert_eq!(project.config().environment.as_str(), "test", "what is asked for beats variables");
}

#[test]
fn variables_are_configuration_and_beat_the_file() {
    let project = Project::new(FILE)
        .variable("TEST_CONFIG_CATEGORY_UNIT_TIMEOUT_SECONDS", "50")
        .variable("TEST_CONFIG_CATEGORY_E2E_CRITICAL_RETRIES", "3")
        .variable("TEST_CONFIG_EXECUTION_MAX_GLOBAL_PARALLEL_TESTS", "3")
        .variable("TEST_CONFIG_EXECUTION_ENVIRONMENT", "test");
    let config = project.config();
    assert_eq!(category(&config, "unit").timeout, seconds(50));
    assert_eq!(category(&config, "e2e_critical").retries, 3);
    assert_eq!(config.execution.max_parallel, 3);
}

#[test]
fn flags_beat_variables() {
    let path = ["execution_config", "max_global_parallel_tests"];
    let project = Project::new(FILE)
        .variable("TEST_CONFIG_EXECUTION_MAX_GLOBAL_PARALLEL_TESTS", "3")
        .flags(Overlay::flags().with_flag("--jobs", &path, 5_i64));
    assert_eq!(project.config().execution.max_parallel, 5);
}

#[test]
fn a_variable_with_a_wrong_value_or_name_is_a_problem_that_names_it() {
    let problems = Project::new(FILE)
        .variable("TEST_CONFIG_CATEGORY_UNIT_RETRIES", "many")
        .variable("TEST_CONFIG_LAYRS", "{}")
        .problems();
    let found: Vec<String> = problems.iter().map(|p| p.place.to_string()).collect();
    assert_eq!(found, ["variable TEST_CONFIG_CATEGORY_UNIT_RETRIES", "variable TEST_CONFIG_LAYRS"]);
    assert_eq!(problems[0].severity, Severity::Error);
    assert_eq!(problems[1].hint.as_deref(), Some("did you mean `layers`"));
}

#[test]
fn texts_are_filled_in_and_an_unset_variable_is_an_error() {
    assert_eq!(greeting(&Project::new(FILE)), "hello nobody");
    assert_eq!(greeting(&Project::new(FILE).variable("WHO", "world")), "hello world");
    let text = FILE.replace("${WHO:-nobody}", "${WHO}");
    let problems = Project::new(&text).problems();
    let errors = of(&problems, Severity::Error);
    assert_eq!(errors[0].message, "variable `WHO` is not set");
    assert_eq!(errors[0].place.to_string(), "apex.yaml:8:25");
}

#[test]
fn files_of_variables_lose_against_the_process_and_those_of_the_environment_win() {
    let with_files = |process: Option<&str>, environment| {
        let mut project = Project::new(FILE).environment(environment);
        project.documents.variables = vec![
            (None, Document::new(".env", "# who\nexport WHO='file'\nbroken line\n")),
            (Some("stage".to_owned()), Document::new(".env.stage", "WHO=\"staging\" # there\n")),
        ];
        if let Some(value) = process {
            project = project.variable("WHO", value);
        }
        project
    };
    assert_eq!(greeting(&with_files(None, "test")), "hello file");
    assert_eq!(greeting(&with_files(None, "staging")), "hello staging");
    assert_eq!(greeting(&with_files(Some("process"), "staging")), "hello process");
    let notes = with_files(None, "staging").resolved().notes;
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].place.to_string(), ".env:3:1");
}

#[test]
fn custom_settings_reach_the_children_as_json() {
    let text = "layers: {a: {custom_settings: {a: 1, b: 2}, custom_config: {b: [x]}, categories: [{name: unit}]}}";
    let config = Project::new(text).config();
    let json = &category(&config, "unit").recipe.env["APEX_CUSTOM_CONFIG"];
    assert_eq!(json, r#"{"a":1,"b":["x"]}"#);
}
