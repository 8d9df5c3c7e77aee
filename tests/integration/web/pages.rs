//! Pages as text: each is there, and what comes from a run is never markup.

use super::journal::Journal;
use super::place::Place;

/// What a test may be called by somebody who wants more.
const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";

#[test]
fn every_page_is_there_and_escapes_what_comes_from_a_run() {
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    journal.run_tests(&[(EVIL, "failed", EVIL)]);
    std::fs::write(journal.directory.path().join("output/unit-0-1.log"), EVIL).unwrap();
    journal.write([
        r#""type":"job.started","job":0,"attempt":1"#.to_owned(),
        format!(r#""type":"warning","text":{}"#, serde_json::to_string(EVIL).unwrap()),
    ]);
    for path in ["/", "/runs/one", "/runs/one/tests/0", "/flaky", "/slowest", "/trend"] {
        let answer = place.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(answer.body.contains("</html>"), "{path}: {}", answer.body);
        assert!(!answer.body.contains("<script>alert"), "{path}");
        assert!(!answer.body.contains("<img src=x"), "{path}");
        assert!(!answer.body.contains(" style=\""), "{path}: the policy forbids it");
        assert!(answer.body.contains("shop &lt;b&gt;"), "{path}: the project is named");
    }
    assert!(place.get("/runs/one/tests/0").body.contains("alert(1)"), "it is shown as text");
}

#[test]
fn files_of_pages_are_kept_by_browsers_until_they_change() {
    let place = Place::new();
    let answer = place.ask("GET", "/assets/run.js", &[]);
    assert_eq!(answer.status, 200);
    let tag = answer.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let again = place.ask("GET", "/assets/run.js", &[format!("If-None-Match: {tag}")]);
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(place.ask("GET", "/assets/nothing.js", &[]).status, 404);
}
