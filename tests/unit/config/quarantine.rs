//! Tests in quarantine: who may be there, and for how long. It is the 15th of June 2026 here.

use apex_config::Document;
use apex_config::model::{CategoryName, Quarantined};

use super::support::{Project, lines};

fn entry(fields: &str) -> String {
    format!("apex: 1\nquarantine:\n  - {{{fields}}}\n")
}

#[test]
fn an_entry_holds_up_to_its_last_day_and_is_an_error_after_it() {
    for (fields, expected) in [
        ("test: a, owner: me, reason: slow, expires: 2026-06-15", ""),
        (
            "test: a, owner: me, reason: slow, expires: 2026-06-14",
            "3:49 the quarantine of `a` ended on 2026-06-14",
        ),
        ("test: a, owner: me, reason: slow", "3:5 `expires` is missing"),
        ("test: a, reason: slow, expires: 2026-07-01", "3:5 `owner` is missing"),
        (
            "test: a, category: unti, owner: me, reason: slow, expires: 2026-07-01",
            "3:25 `unti` is no category",
        ),
        (
            "test: a, owner: me, reason: slow, expires: soon",
            "3:49 `soon` is not a date such as 2025-01-31 or 2025-01-31T12:00:00Z",
        ),
    ] {
        let problems = Project::new(&entry(fields)).problems();
        let found: Vec<String> = problems
            .iter()
            .map(|one| format!("{}:{} {}", one.place.line(), one.place.column(), one.message))
            .collect();
        assert_eq!(found.join("\n"), expected, "{fields}: {}", lines(&problems));
    }
}

#[test]
fn a_file_beside_the_layer_file_may_hold_the_quarantine() {
    let mut project = Project::default();
    let text = "quarantine:\n  - {test: a, owner: me, reason: slow, expires: 2026-12-31}\n";
    project.documents.quarantine = Some(Document::new("config/quarantine.yaml", text));
    let found = project.config().quarantine;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].owner.as_str(), found[0].expires.as_str()), ("me", "2026-12-31"));
}

#[test]
fn a_pattern_means_the_tests_that_it_says() {
    let unit = CategoryName::new("unit").unwrap();
    for (test, category, id, matches) in [
        ("tests/a.py::b", None, "tests/a.py::b", true),
        ("tests/a.py::b", None, "tests/a.py::bc", false),
        ("tests/a.py::b[*]", None, "tests/a.py::b[1-x]", true),
        ("tests/a.py::b[*]", None, "tests/a.py::b", false),
        ("tests/a.py::*", None, "tests/a.py::b[1]", true),
        ("*::b", None, "tests/a.py::b", true),
        ("a*a", None, "a", false),
        ("a*b*b", None, "axb", false),
        ("*", Some("unit"), "anything", true),
        ("*", Some("api"), "anything", false),
    ] {
        let entry = Quarantined {
            test: test.to_owned(),
            category: category.map(|name| CategoryName::new(name).unwrap()),
            owner: String::new(),
            reason: String::new(),
            expires: String::new(),
        };
        assert_eq!(entry.matches(&unit, id), matches, "{test} {id}");
    }
}
