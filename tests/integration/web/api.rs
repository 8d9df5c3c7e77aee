//! The interface for programs: its document and its answers.

use apex_monitor::web::openapi_document;
use serde_json::Value;

use super::journal::Journal;
use super::place::Place;

#[test]
fn every_path_of_the_document_answers_as_the_document_says() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    journal.run_tests(&[("a", "passed", ""), ("b", "failed", "boom")]);
    let document = place.json("/api/openapi.json");
    assert_eq!(document, openapi_document());
    let act = format!("Authorization: Bearer {}", place.tokens.act());
    let mut seen = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let mut asked = path.replace("{run}", "one").replace("{test}", "1");
            if path.ends_with("/output") {
                asked.push_str("?job=0");
            } else if path == "/api/history/test" {
                asked.push_str("?category=unit&id=a");
            }
            let answer = place.ask(&method.to_uppercase(), &asked, std::slice::from_ref(&act));
            let expected = &operation["responses"][answer.status.to_string()];
            assert!(expected.is_object(), "{asked}: {answer:?}");
            let schema = &expected["content"]["application/json"]["schema"];
            if schema.is_object() {
                check(&document, schema, &serde_json::from_str(&answer.body).unwrap(), &asked);
            }
            seen += 1;
        }
    }
    assert!(seen >= 16, "{seen}");
}

/// Checks an answer against a schema of the document.
fn check(document: &Value, schema: &Value, answer: &Value, path: &str) {
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&whole).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(answer).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{path}: {errors:?}\n{answer}");
}

#[test]
fn tests_are_searched_filtered_sorted_and_paged() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    let ids: Vec<String> = (0..1_000).map(|number| format!("tests/Case_{number:04}")).collect();
    let outcome = |number: usize| if number.is_multiple_of(10) { "failed" } else { "passed" };
    let tests: Vec<(&str, &str, &str)> =
        ids.iter().enumerate().map(|(number, id)| (id.as_str(), outcome(number), "")).collect();
    journal.run_tests(&tests);
    let page = |query: &str| place.json(&format!("/api/runs/one/tests?{query}"));
    let id = |page: &Value, at: usize| page["tests"][at]["id"].as_str().unwrap().to_owned();

    let all = page("limit=3&offset=5");
    assert_eq!(
        (&all["total"], &all["matched"], &all["offset"]),
        (&1000.into(), &1000.into(), &5.into())
    );
    assert_eq!((all["tests"].as_array().unwrap().len(), id(&all, 0)), (3, ids[5].clone()));
    assert_eq!(page("q=case_01")["matched"], 100, "whatever the case");
    assert_eq!(page("outcome=bad")["matched"], 100);
    assert_eq!(page("outcome=passed,failed")["matched"], 1000);
    assert_eq!(page("outcome=running")["matched"], 0);
    assert_eq!(page("category=unit")["matched"], 1000);
    assert_eq!(page("category=e2e")["matched"], 0);
    assert_eq!(page("sort=duration&limit=1")["tests"][0]["duration_seconds"], 6.5);
    assert_eq!(page("limit=100000")["tests"].as_array().unwrap().len(), 500, "pages are bounded");
    assert_eq!(page("offset=100000")["tests"].as_array().unwrap().len(), 0);
    assert_eq!(place.get("/api/runs/one/tests?offset=x").status, 400);
}

#[test]
fn output_is_told_in_parts_without_what_a_terminal_would_obey() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    let folder = journal.directory.path().join("output");
    std::fs::write(folder.join("unit-0-1.log"), "0123456789\u{1b}[31mred\u{1b}[0m<b>").unwrap();
    journal.write([r#""type":"job.started","job":0,"attempt":1"#.to_owned()]);
    let part = |query: &str| place.json(&format!("/api/runs/one/output?job=0{query}"));
    assert_eq!(part("")["text"], "0123456789red<b>");
    assert_eq!(part("&from=2&bytes=3")["text"], "234");
    assert_eq!(
        (&part("&from=-3")["text"], &part("&from=-3")["total"]),
        (&"<b>".into(), &25.into())
    );
    assert_eq!(part("&attempt=7")["text"], "", "nothing was written");
    assert_eq!(place.get("/api/runs/one/output?job=99").status, 404);
}

#[test]
fn what_is_not_there_is_a_problem_with_a_reason() {
    let place = Place::new();
    let _journal = Journal::begin(place.state(), "one");
    for path in [
        "/api/runs/two",
        "/api/runs/one/tests/99",
        "/api/nothing",
        "/api/runs/..%2f..%2fetc",
        "/api/runs/%2e%2e",
    ] {
        let answer = place.get(path);
        assert!([404, 400].contains(&answer.status), "{path}: {answer:?}");
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(problem["status"], answer.status);
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{path}");
    }
    assert_eq!(place.get("/runs/two").status, 404);
    assert!(place.get("/runs/two").body.contains("<!doctype html>"));
}

#[test]
fn runs_are_listed_the_newest_first_and_page_by_page() {
    let place = Place::new();
    let journals: Vec<Journal> =
        ["a", "b", "c"].iter().map(|run| Journal::begin(place.state(), run)).collect();
    let ids = |list: &Value| -> Vec<String> {
        let runs = list["runs"].as_array().unwrap().iter();
        runs.map(|run| run["run"].as_str().unwrap().to_owned()).collect()
    };
    let first = place.json("/api/runs?limit=2");
    assert_eq!((ids(&first), &first["next"]), (vec!["c".to_owned(), "b".to_owned()], &"b".into()));
    let rest = place.json("/api/runs?limit=2&before=b");
    assert_eq!((ids(&rest), &rest["next"]), (vec!["a".to_owned()], &Value::Null));
    assert_eq!(place.json("/api/services")["runs"].as_array().unwrap().len(), journals.len());
}
