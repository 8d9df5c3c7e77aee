//! The JSON Schema is what the binary prints, and agrees with the checker.

use std::path::Path;

use apex_config::builtin;
use apex_config::show::{Display, to_json_text};

use super::support::{COMPLETE, Project};

#[test]
fn the_schema_in_the_repository_is_the_one_of_the_code() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/schema/apex-layers.schema.json");
    let wanted = format!("{:#}\n", apex_config::json_schema());
    if std::env::var_os("APEX_UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == wanted, "run this test with APEX_UPDATE_SCHEMA=1 and look at the change");
}

#[test]
fn what_loads_fits_the_schema() {
    let validator = jsonschema::draft202012::new(&apex_config::json_schema()).unwrap();
    for text in [COMPLETE, builtin::LAYERS, builtin::CATEGORIES] {
        let tree = Project::new(text).load().map(|resolved| resolved.tree);
        // The category table alone is no layer file, but it loads as one.
        let Ok(tree) = tree else { panic!("loads") };
        let value: serde_json::Value =
            serde_json::from_str(&to_json_text(&tree, Display::default())).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| format!("{e} at {}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn what_the_checker_refuses_does_not_fit_the_schema() {
    let validator = jsonschema::draft202012::new(&apex_config::json_schema()).unwrap();
    for value in [
        serde_json::json!({"layrs": {}}),
        serde_json::json!({"layers": {"A": {}}}),
        serde_json::json!({"layers": {"a": {"max_duration_minutes": 500}}}),
        serde_json::json!({"layers": {"a": {"fail_fast": "yes"}}}),
        serde_json::json!({"layers": {"a": {"execution_mode": "fast"}}}),
        serde_json::json!({"services": {"a": {"compose": {"file": "x"}}}}),
    ] {
        assert!(!validator.is_valid(&value), "{value}");
    }
}

#[test]
fn every_field_has_a_line_about_it_and_its_default_fits() {
    let validator = jsonschema::draft202012::new(&apex_config::json_schema()).unwrap();
    let defaults = Display { origin: false, defaults: true };
    let tree = Project::new("apex: 1\nlayers: {a: {categories: [{name: unit}]}}").resolved().tree;
    let value: serde_json::Value = serde_json::from_str(&to_json_text(&tree, defaults)).unwrap();
    assert!(validator.is_valid(&value));
    let mut records = vec![&apex_config::shape::FILE];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(record) = records.pop() {
        if seen.contains(&record.name) {
            continue;
        }
        seen.push(record.name);
        for field in record.all_fields() {
            assert!(field.about.len() > 3, "{}.{}", record.name, field.name);
            collect(&field.kind, &mut records);
        }
    }
    assert!(seen.len() > 20);
}

fn collect(
    kind: &'static apex_config::shape::Kind,
    records: &mut Vec<&'static apex_config::shape::Record>,
) {
    use apex_config::shape::Kind;
    match kind {
        Kind::Record(record) => records.push(record),
        Kind::List(of) | Kind::Map(_, of) => collect(of, records),
        Kind::OneOf(kinds) => kinds.iter().for_each(|kind| collect(kind, records)),
        _ => {}
    }
}
