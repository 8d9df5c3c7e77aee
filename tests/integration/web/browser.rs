//! The pages in a real browser. With `APEX_TEST_PICTURES=folder`, pictures of them are written there.

use std::path::PathBuf;

use apex_tests::browser::Browser;

use super::journal::Journal;
use super::place::Place;

/// What somebody who wants more would call a test, or print.
const EVIL: &str = "</script><script>window.evil=1</script><img src=x onerror='window.evil=2'>";

/// Opens a page with the cookie of somebody who may look.
fn open(browser: &Browser, place: &Place, path: &str) {
    let token = place.tokens.look();
    browser.open(&format!("http://{}{path}?token={token}", place.address));
}

fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("APEX_TEST_PICTURES") {
        browser.picture(&PathBuf::from(folder).join(name));
    }
}

/// Tests with names as a project has them, some of which fail.
fn some_tests(journal: &mut Journal, count: usize) {
    let names =
        ["a_discount_is_rounded_down", "an_order_is_paid_once", "stock_never_goes_below_zero"];
    let first = journal.tests as usize;
    let ids: Vec<String> = (first..first + count)
        .map(|number| format!("tests/unit/test_orders.py::test_{}[{number}]", names[number % 3]))
        .collect();
    let outcome = |number: usize| match number % 25 {
        7 => "failed",
        11 => "skipped",
        13 => "flaky",
        _ => "passed",
    };
    let tests: Vec<(&str, &str, &str)> = (first..first + count)
        .zip(&ids)
        .map(|(number, id)| {
            let message =
                if outcome(number) == "failed" { "AssertionError: 10.01 != 10.02" } else { "" };
            (id.as_str(), outcome(number), message)
        })
        .collect();
    journal.run_tests(&tests);
}

fn begin_layer(journal: &mut Journal) {
    journal.write(
        [
            r#""type":"layer.started","layer":0"#,
            r#""type":"service.starting","service":0"#,
            r#""type":"service.ready","service":0,"addresses":[{"label":"main","address":"127.0.0.1:5432"}]"#,
            r#""type":"category.started","category":0"#,
            r#""type":"job.started","job":0,"attempt":1"#,
        ]
        .map(str::to_owned),
    );
}

#[test]
fn a_live_run_fills_the_page_and_its_end_is_shown() {
    let Some(browser) = Browser::start(1280, 1100) else { return };
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    begin_layer(&mut journal);
    open(&browser, &place, "/runs/one");
    browser.wait_for("document.getElementById('connection').textContent === 'live'");
    browser.wait_for("document.querySelector('#timeline .running') !== null");
    some_tests(&mut journal, 100);
    browser.wait_for("document.getElementById('tallies').textContent.includes('100')");
    browser.wait_for("document.querySelectorAll('#all .line').length > 5");
    browser.wait_for("document.getElementById('matched').textContent === '100'");
    browser.wait_for("document.querySelectorAll('#failed li').length === 4");
    browser.wait_for("document.getElementById('services').textContent.includes('127.0.0.1:5432')");
    picture(&browser, "live-run.png");
    journal.finish();
    browser.wait_for("document.getElementById('verdict').textContent === 'passed'");
    assert_eq!(browser.errors(), [""; 0]);
    browser.run("document.getElementById('theme').click()");
    picture(&browser, "run-dark.png");
}

#[test]
fn the_page_goes_on_after_the_server_was_restarted() {
    let Some(browser) = Browser::start(1280, 900) else { return };
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    open(&browser, &place, "/runs/one");
    browser.wait_for("document.getElementById('connection').textContent === 'live'");
    let place = place.restart();
    some_tests(&mut journal, 30);
    browser.wait_for("document.getElementById('tallies').textContent.includes('30')");
    browser.wait_for("document.getElementById('connection').textContent === 'live'");
    journal.finish();
    browser.wait_for("document.getElementById('verdict').textContent === 'passed'");
    drop(place);
}

#[test]
fn markup_in_names_and_output_does_nothing() {
    let Some(browser) = Browser::start(1280, 1000) else { return };
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    begin_layer(&mut journal);
    journal.run_tests(&[(EVIL, "failed", EVIL)]);
    let warning = serde_json::to_string(EVIL).unwrap();
    journal.write([
        format!(r#""type":"output.text","job":0,"stream":"stdout","text":{warning}"#),
        format!(r#""type":"warning","text":{warning}"#),
    ]);
    let log = journal.directory.path().join("output/unit-0-1.log");
    std::fs::write(log, format!("collected 1 item\n{EVIL}\n")).unwrap();
    open(&browser, &place, "/runs/one");
    browser.wait_for("document.getElementById('failed').textContent.includes('onerror')");
    browser.wait_for("document.getElementById('all').textContent.includes('onerror')");
    browser.wait_for("document.getElementById('warnings').textContent.includes('onerror')");
    assert_eq!(browser.value("window.evil === undefined && document.images.length === 1"), true);
    browser.run("document.querySelector('#failed a').click()");
    browser
        .wait_for("location.pathname === '/runs/one/tests/0' && document.querySelector('.output')");
    browser.wait_for("document.querySelector('.message').textContent.includes('onerror')");
    browser.wait_for("document.body.textContent.includes('collected 1 item')");
    assert_eq!(browser.value("window.evil === undefined && document.images.length === 1"), true);
    picture(&browser, "failed-test.png");
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn tests_are_searched_filtered_and_walked_through_by_keyboard() {
    let Some(browser) = Browser::start(1280, 900) else { return };
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    some_tests(&mut journal, 300);
    journal.finish();
    open(&browser, &place, "/runs/one");
    browser.wait_for("document.getElementById('matched').textContent === '300'");
    browser.press("/");
    browser.press("paid_once");
    browser.wait_for("document.getElementById('matched').textContent === '100 of 300'");
    // Escape, then failed tests only.
    browser.press("\u{e00c}");
    browser.press("f");
    browser.wait_for("document.getElementById('matched').textContent === '4 of 300'");
    browser.press("jj");
    browser
        .wait_for("document.querySelector('.line.here .name').textContent.includes('paid_once')");
    // Enter.
    browser.press("\u{e007}");
    browser.wait_for("location.pathname.startsWith('/runs/one/tests/')");
    browser.press("g");
    browser.wait_for("location.pathname === '/' && document.querySelector('tr[data-line]')");
    browser.press("?");
    browser.wait_for("document.getElementById('help').open");
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn of_a_hundred_thousand_tests_only_those_in_sight_exist() {
    let Some(browser) = Browser::start(1280, 900) else { return };
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    for _ in 0..100 {
        some_tests(&mut journal, 1_000);
    }
    journal.finish();
    open(&browser, &place, "/runs/one");
    browser.wait_for("document.getElementById('matched').textContent === '100000'");
    browser.run("document.getElementById('window').scrollTo(0, 1e9)");
    browser.wait_for("document.getElementById('all').textContent.includes('[99999]')");
    let lines = browser.value("document.querySelectorAll('.line').length");
    assert!(lines.as_u64().unwrap() < 100, "{lines} lines");
    browser.press("/");
    browser.press("[77777]");
    browser.wait_for("document.getElementById('matched').textContent === '1 of 100000'");
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn every_page_names_what_can_be_used_and_fits_a_narrow_window() {
    let Some(browser) = Browser::start(500, 900) else { return };
    let place = Place::new();
    let mut journal = Journal::begin(place.state(), "one");
    begin_layer(&mut journal);
    some_tests(&mut journal, 60);
    for path in ["/", "/runs/one", "/runs/one/tests/7", "/flaky", "/slowest", "/trend"] {
        open(&browser, &place, path);
        browser.wait_for("document.querySelector('main h1')");
        let nameless = "[...document.querySelectorAll('button, a, input, select, svg[role], img')].filter(\
                        element => !(element.innerText || element.getAttribute('aria-label') || \
                        element.getAttribute('aria-labelledby') || element.hasAttribute('alt') || \
                        element.textContent)).map(element => element.outerHTML)";
        assert_eq!(browser.value(nameless), serde_json::json!([]), "{path}");
        let width = "document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(browser.value(width), true, "{path} is wider than the window");
        assert_eq!(browser.errors(), [""; 0], "{path}");
    }
}
