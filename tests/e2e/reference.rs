//! Pages and schemas that the program prints are kept in the repository as it prints them.
//!
//! After a change, `APEX_TEST_UPDATE=1 cargo test -p apex-tests --test e2e reference` writes them.

use std::path::Path;

use apex_tests::apex::apex;
use apex_tests::project::finish;

#[track_caller]
fn check(file: &str, arguments: &[&str]) {
    let mut command = apex();
    command.args(arguments);
    let answer = finish(command);
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("APEX_TEST_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        std::fs::write(&path, &answer.stdout).expect("a file of the repository");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == answer.stdout, "{file} is not what `apex {}` prints", arguments.join(" "));
}

#[test]
fn the_page_of_exit_codes_is_the_one_that_the_program_prints() {
    check("docs/reference/exit-codes.md", &["reference", "exit-codes"]);
}

#[test]
fn the_page_of_the_command_line_is_the_one_that_the_program_prints() {
    check("docs/reference/cli.md", &["reference", "cli"]);
}

#[test]
fn the_page_of_the_layer_file_is_the_one_that_the_program_prints() {
    check("docs/reference/config.md", &["reference", "config"]);
}

#[test]
fn the_page_of_environment_variables_is_the_one_that_the_program_prints() {
    check("docs/reference/environment.md", &["reference", "environment"]);
}

#[test]
fn the_page_of_telemetry_is_the_one_that_the_program_prints() {
    check("docs/reference/telemetry.md", &["reference", "telemetry"]);
}

#[test]
fn the_schema_of_layer_files_is_the_one_that_the_program_prints() {
    check("config/schema/apex-layers.schema.json", &["schema", "config"]);
}

#[test]
fn the_schemas_of_documents_are_those_that_the_program_prints() {
    for word in ["plan", "summary", "runs", "runs-diff", "status"] {
        let file = format!("docs/reference/{}.schema.json", word.replace('-', "_"));
        check(&file, &["schema", word]);
    }
}

#[test]
fn the_schema_of_events_is_the_one_that_the_program_prints() {
    check("docs/reference/events.schema.json", &["schema", "events"]);
}
