//! Texts that are broken, empty, huge or hostile end in a problem with a place, quickly.

use std::fmt::Write as _;

use apex_config::{Document, LARGEST_FILE, Severity};

use super::support::{Project, lines, of};

/// Checks the place and the beginning of the first error.
#[track_caller]
fn check(bytes: &[u8], place: &str, message: &str) {
    let mut project = Project::default();
    project.documents.layer_file =
        Some(Document { label: "apex.yaml".to_owned(), bytes: bytes.to_vec() });
    let problems = project.problems();
    let errors = of(&problems, Severity::Error);
    let first = errors.first().unwrap_or_else(|| panic!("no error: {}", lines(&problems)));
    assert_eq!(first.place.to_string(), format!("apex.yaml:{place}"), "{first}");
    assert!(first.message.starts_with(message), "{first}");
}

#[test]
fn a_text_that_is_no_yaml_names_line_and_column() {
    check(b"layers:\n  a: [1, 2\n  b: 3\n", "3:4", "broken YAML");
    check(b"a: \"open\nb: 1\n", "1:4", "broken YAML");
    check(b"layers:\n\ta: 1\n", "2:2", "broken YAML");
    check(b"a: b: c\n", "1:5", "broken YAML");
    check(b"a: *nobody\n", "1:4", "broken YAML");
}

#[test]
fn tabs_are_named_as_the_cause() {
    let problems = Project::new("layers:\n\ta: 1\n").problems();
    assert!(problems[0].hint.as_deref().unwrap().contains("tabs"), "{}", problems[0]);
}

#[test]
fn a_text_without_a_map_is_refused() {
    check(b"", "1:1", "the file is empty");
    check(b"# nothing but a comment\n", "1:1", "the file is empty");
    check(b"~\n", "1:1", "the file is empty");
    check(b"- a\n- b\n", "1:1", "the file is not a map");
    check(b"just text\n", "1:1", "the file is not a map");
    check(b"a: 1\n---\nb: 2\n", "2:1", "the file holds several documents");
    check(b"{a: {[1]: 2}}\n", "1:6", "a name must be a single word");
}

#[test]
fn bytes_that_are_no_utf_8_are_placed() {
    check(b"a: 1\nb: \xff\n", "2:4", "the file is not UTF-8 text");
    check(b"\xff\xfea\0", "1:1", "the file is not UTF-8 text");
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let text = "\u{feff}layers: {a: {categories: [{name: unit}]}}";
    assert_eq!(Project::new(text).config().layers.len(), 1);
}

#[test]
fn a_file_that_is_too_large_is_not_parsed() {
    check(&vec![b' '; LARGEST_FILE + 1], "1:1", "the file has 4194305 bytes");
}

#[test]
fn deep_nesting_is_refused() {
    check(&b"[".repeat(100_000), "1:49", "");
    let deep = format!("a: {}1{}", "{b: ".repeat(60), "}".repeat(60));
    check(deep.as_bytes(), "1:192", "");
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    for levels in [5, 7, 10] {
        let mut text = String::from("x-0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
        for level in 1..levels {
            let alias = format!("*a{}", level - 1);
            let aliases = vec![alias; 10].join(", ");
            writeln!(text, "x-{level}: &a{level} [{aliases}]").unwrap();
        }
        let problems = Project::new(&text).problems();
        let errors = of(&problems, Severity::Error);
        assert!(errors[0].message.contains("more than 50000 values"), "{}", lines(&problems));
    }
}

#[test]
fn a_value_may_not_contain_itself() {
    check(b"a: &a [*a]\n", "1:8", "an alias refers to the value it is part of");
}

#[test]
fn anchors_aliases_and_merge_keys_work() {
    let text = "
apex: 1
x-usual: &usual {timeout_seconds: 7, retries: 2}
x-other: &other {retries: 3, summary: merged}
layers:
  a:
    categories:
      - {name: unit, <<: *usual}
      - {name: api, <<: [*usual, *other], timeout_seconds: 9}
";
    let config = Project::new(text).config();
    let [unit, api] = &config.layers[0].categories[..] else { panic!("two categories") };
    assert_eq!((unit.timeout.as_secs(), unit.retries), (7, 2));
    assert_eq!((api.timeout.as_secs(), api.retries), (9, 2));
    assert_eq!(api.summary, "merged");
}

#[test]
fn wrong_sorts_everywhere_are_problems_and_no_crash() {
    let sections = [
        "layers",
        "metadata",
        "execution_config",
        "environments",
        "execution",
        "services",
        "service_dependencies",
        "categories",
        "supplementary",
        "defaults",
        "sets",
        "modes",
        "alerts",
        "telemetry",
        "retention",
        "monitoring",
    ];
    for section in sections {
        for value in ["7", "[1, [2], {a: b}]", "{a: 7}", "{a: [1]}", "{a: {b: {c: [1]}}}", "text"] {
            let text = format!("apex: 1\n{section}: {value}\n");
            let problems = Project::new(&text).problems();
            let fits = section == "sets" || problems.iter().any(|p| p.severity == Severity::Error);
            assert!(fits || value.contains("{a: {b"), "{text}: {}", lines(&problems));
            assert!(problems.iter().all(|problem| problem.place.line() > 0));
        }
    }
}

#[test]
fn names_that_could_harm_are_refused() {
    for name in ["../../etc", "a b", "a/b", "a;rm", "$(x)", "\u{202e}x"] {
        let quoted = serde_json::Value::from(name);
        let text = format!(
            "apex: 1\nlayers: {{a: {{categories: [{{name: {quoted}}}]}}}}\nservices: {{{quoted}: {{}}}}\n"
        );
        let errors = Project::new(&text).problems();
        assert_eq!(of(&errors, Severity::Error).len(), 2, "{}", lines(&errors));
    }
}

#[test]
fn numbers_that_are_none_or_too_large_are_refused() {
    for value in [".nan", ".inf", "1e400", "-1", "99999999999999999999", "0x7fffffffffffffff"] {
        let text = format!(
            "apex: 1\nlayers: {{a: {{max_duration_minutes: {value}, categories: [{{name: unit}}]}}}}\n"
        );
        let problems = Project::new(&text).problems();
        assert_eq!(of(&problems, Severity::Error).len(), 1, "{value}: {}", lines(&problems));
    }
}
