//! The merged tree for people: values, sources, secrets.

use apex_config::show::{Display, to_json_text, to_yaml};
use apex_config::{Document, Overlay};

use super::support::{COMPLETE, OLDER_V1, Project};

#[test]
fn what_is_shown_can_be_read_back_and_means_the_same() {
    let resolved = Project::new(COMPLETE).resolved();
    for defaults in [false, true] {
        let text = to_yaml(&resolved.tree, Display { origin: false, defaults });
        let again = Project::new(&text).config();
        assert_eq!(again.layers, resolved.config.layers);
        assert_eq!(again.execution, resolved.config.execution);
        assert_eq!(again.modes, resolved.config.modes);
        assert_eq!(again.categories, resolved.config.categories);
    }
}

#[test]
fn older_truth_values_are_shown_as_they_were_written() {
    let resolved = Project::new(OLDER_V1).resolved();
    let text = to_yaml(&resolved.tree, Display::default());
    assert!(text.contains("background_execution: yes\n"), "{text}");
    // What is read back is the user's word; a ceiling for processors holds for such alone.
    let without_ceilings = |mut config: apex_config::Config| {
        config.layers.values_mut().for_each(|layer| layer.limits.cpu_ceiling_percent = None);
        config.layers
    };
    let again = Project::new(&text).config();
    assert_eq!(without_ceilings(again), without_ceilings(resolved.config));
}

#[test]
fn origins_name_the_source_and_what_it_replaced() {
    let text = "apex: 1\nlayers:\n  fast_feedback:\n    max_duration_minutes: 4\n    categories: [{name: unit}]\n";
    let path = ["layers", "fast_feedback", "max_duration_minutes"];
    let project =
        Project::new(text).flags(Overlay::flags().with_flag("--max-duration", &path, 7_i64));
    let shown = to_yaml(&project.resolved().tree, Display { origin: true, defaults: true });
    let line = |start: &str| {
        shown.lines().find(|line| line.trim_start().starts_with(start)).unwrap().trim().to_owned()
    };
    assert_eq!(
        line("max_duration_minutes: 7"),
        "max_duration_minutes: 7  # flag --max-duration, replaced 4 from apex.yaml:4:27, \
         replaced 2 from built-in layers:17:27"
    );
    assert_eq!(line("grace_seconds:"), "grace_seconds: 10  # default");
}

#[test]
fn secrets_are_masked_in_every_form() {
    let text = "
apex: 1
layers: {a: {categories: [{name: unit, env: {API_TOKEN: verysecret1, WHERE: \"postgres://me:verysecret2@host/db\"}}]}}
services: {db: {image: x, env: {PASSWORD: \"${DB:-verysecret3}\", PLAIN: shown}}}
";
    let mut project = Project::new(text);
    project.documents.services =
        Some(Document::new("services.yaml", "db: {env: {PASSWORD: verysecret4}}"));
    let tree = project.resolved().tree;
    for origin in [false, true] {
        let display = Display { origin, defaults: false };
        for shown in [to_yaml(&tree, display), to_json_text(&tree, display)] {
            assert!(!shown.contains("verysecret"), "{shown}");
            assert!(shown.contains("shown"));
        }
    }
}

#[test]
fn json_is_json_and_carries_origins_when_asked() {
    let tree = Project::new(COMPLETE).resolved().tree;
    let plain: serde_json::Value =
        serde_json::from_str(&to_json_text(&tree, Display::default())).unwrap();
    assert_eq!(plain["layers"]["fast_feedback"]["max_duration_minutes"], 2);
    let origin = Display { origin: true, defaults: false };
    let with_origin: serde_json::Value =
        serde_json::from_str(&to_json_text(&tree, origin)).unwrap();
    let value = &with_origin["layers"]["fast_feedback"]["max_duration_minutes"];
    assert_eq!(value["value"], 2);
    assert_eq!(value["source"], "apex.yaml:14:27");
}
