//! Calls that cannot work, readers that go away, places that cannot be written: a sentence and
//! the right exit code, never a panic and never a wait without end.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;
use apex_tests::watchdog::Finished;

const LAYERS: &str = "apex: 1\nlayers:\n  first:\n    categories:\n      \
    - {name: greet, command: \"echo hello\"}\n      - {name: chatter, command: [sh, -c, \
    \"yes 0123456789012345678901234567890123456789 | head -c 30000000\"]}\n";

fn project() -> Project {
    Project::new(&[("apex.yaml", LAYERS)])
}

#[track_caller]
fn check(answer: &Finished, code: i32, texts: &[&str]) {
    assert_eq!(answer.status.code(), Some(code), "{}", answer.stderr);
    assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
    for text in texts {
        assert!(answer.stderr.contains(text), "`{text}` is missing in:\n{}", answer.stderr);
    }
}

#[test]
fn an_unknown_word_is_answered_with_the_nearest_one() {
    let project = project();
    let nearest = [
        (["run", "--mode", "nigthly"], "unknown mode `nigthly`", "did you mean `nightly`?"),
        (["run", "--layers", "frist"], "unknown layer `frist`", "did you mean `first`?"),
        (["run", "--categories", "great"], "unknown category `great`", "did you mean `greet`?"),
        (["run", "--categories", "zzzzz"], "unknown category `zzzzz`", "`apex list categories`"),
        (["run", "--jobs", "0"], "0 is not a whole number from 1 to 128", "--jobs"),
        (["plan", "--categories", "great"], "unknown category `great`", "did you mean `greet`?"),
        (["list", "layer", "--json"], "invalid value 'layer'", "layers"),
    ];
    for (arguments, what, hint) in nearest {
        check(&project.run(&arguments), 2, &[what, hint]);
    }
    let explained = project.run(&["explain", "chater"]);
    check(&explained, 2, &["no category, layer, mode or path", "did you mean `chatter`?"]);
}

#[test]
fn a_project_folder_that_does_not_exist_is_refused_and_not_made() {
    let project = project();
    for command in ["run", "plan", "init"] {
        let answer = project.run(&[command, "--project", "nowhere"]);
        check(&answer, 2, &["nowhere"]);
        assert!(!project.root().join("nowhere").exists(), "{command} made the folder");
    }
}

#[test]
fn a_path_without_tests_is_refused() {
    let project = project();
    check(&project.run(&["run", "no/such/test.py"]), 2, &["there is no `no/such/test.py`"]);
    check(&project.run(&["run", "apex.yaml"]), 2, &["no category runs tests under"]);
    check(&project.run(&["run", ""]), 2, &["a value is required"]);
    check(&project.run(&["run", "--categories", ""]), 2, &["a value is required"]);
}

const CARTS: &str = "import unittest\n\n\nclass Cart(unittest.TestCase):\n    def test_one(self):\n        \
    pass\n\n    @unittest.skip('not now')\n    def test_two(self):\n        pass\n";

#[test]
fn one_test_is_run_by_its_id_and_an_id_that_is_none_is_not_green() {
    if tool("python3").is_none() {
        return;
    }
    let layers = "apex: 1\nlayers:\n  a:\n    categories: [{name: unit, runner: unittest, paths: [tests]}]\n";
    let project = Project::new(&[("apex.yaml", layers), ("tests/test_cart.py", CARTS)]);
    for (path, code, says) in [
        ("tests/test_cart.py", 0, "Selected: 2 tests"),
        ("tests/test_cart.py::Cart", 0, "Selected: 2 tests"),
        ("tests/test_cart.py::Cart::test_one", 0, "Selected: 1 test "),
        ("tests.test_cart.Cart.test_one", 0, "Selected: 1 test "),
        ("tests/test_cart.py::Cart::test_on", 4, "hint: nothing at tests/test_cart.py::Cart"),
        ("tests.test_wagon.Cart", 2, "there is no `tests.test_wagon.Cart`"),
    ] {
        check(&project.run(&["run", path]), code, &[says]);
    }
    let told = project.run(&["run", "-v", "tests"]);
    check(&told, 0, &["SKIPPED unit: tests.test_cart.Cart.test_two (", "): not now"]);
    // What was typed counts from the folder it was typed in.
    for (path, code) in
        [("test_cart.py::Cart::test_one", 0), ("tests/test_cart.py", 0), ("cart.py", 2)]
    {
        let mut command = project.apex(&["run", path]);
        command.current_dir(project.root().join("tests"));
        check(&finish(command), code, &[]);
    }
    let mut command = project.apex(&["explain", "test_cart.py"]);
    command.current_dir(project.root().join("tests"));
    check(&finish(command), 0, &[]);
    let listed = project.run(&["list", "tests"]);
    let second = "tests.test_cart.Cart.test_two  tests/test_cart.py:8";
    assert!(listed.stdout.contains(second), "{}{}", listed.stdout, listed.stderr);
}

#[test]
fn a_part_that_a_framework_is_not_asked_for_is_refused_and_not_run_as_a_whole() {
    let layers = "apex: 1\nlayers:\n  a:\n    categories: [{name: rust, runner: cargo}, {name: web, \
                  runner: node, paths: [web/a.test.js]}]\n";
    let project = Project::new(&[
        ("apex.yaml", layers),
        ("Cargo.toml", "[package]\nname = \"a\"\n"),
        ("src/lib.rs", ""),
        ("tests/all.rs", ""),
        ("web/a.test.js", ""),
    ]);
    if tool("cargo").is_some() {
        let way_out = "`apex run --categories rust --no-dependencies`";
        check(&project.run(&["plan", "tests/all.rs"]), 2, &["part of category `rust`", way_out]);
    }
    if tool("node").is_some() {
        let answer = project.run(&["plan", "web/a.test.js::adds"]);
        check(&answer, 2, &["part of category `web`, and node is not asked for a part that small"]);
        let listed = project.run(&["list", "tests", "web/a.test.js"]);
        check(&listed, 0, &[]);
        assert!(!listed.stderr.contains("warning"), "{}", listed.stderr);
    }
}

#[test]
fn arguments_that_are_not_utf_8_are_refused() {
    let project = project();
    for before in [&["run"][..], &["run", "--mode"], &["explain"]] {
        let mut command = project.apex(before);
        command.arg(OsStr::from_bytes(b"\xff\xfe"));
        check(&finish(command), 2, &["UTF-8"]);
    }
}

#[test]
fn a_reader_that_goes_away_changes_neither_the_run_nor_its_exit_code() {
    if tool("sh").is_none() {
        return;
    }
    let project = project();
    for arguments in [
        &["run", "--layers", "first", "--progress-mode", "json"][..],
        &["list", "categories"],
        &["schema", "events"],
        &["plan", "--json", "--layers", "first"],
    ] {
        let mut command = project.apex(arguments);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("apex starts");
        drop(child.stdout.take());
        let answer = child.wait_with_output().expect("apex ends");
        let said = String::from_utf8_lossy(&answer.stderr);
        assert_eq!(answer.status.code(), Some(0), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_program_that_writes_very_much_is_kept_in_bounds() {
    if tool("sh").is_none() {
        return;
    }
    let project = project();
    let answer = project.run(&["run", "--categories", "chatter"]);
    check(&answer, 0, &["chatter: passed"]);
    assert!(answer.stderr.len() < 10_000, "{} bytes for people", answer.stderr.len());
    let report = project.junit();
    assert!(report.len() < 100_000, "{} bytes of JUnit", report.len());
}

#[test]
fn a_project_that_cannot_be_written_is_refused_with_a_way_out() {
    let project = project();
    let folder = project.root();
    let mut permissions = std::fs::metadata(folder).expect("a folder").permissions();
    permissions.set_mode(0o555);
    std::fs::set_permissions(folder, permissions.clone()).expect("permissions");
    let is_writable = std::fs::write(folder.join("probe"), "").is_ok();
    let answer = project.run(&["run", "--layers", "first"]);
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let mut command = project.apex(&["run", "--categories", "greet"]);
    command.env("APEX_STATE_DIR", elsewhere.path());
    let with_state = finish(command);
    permissions.set_mode(0o755);
    std::fs::set_permissions(folder, permissions).expect("permissions");
    check(&with_state, 0, &["PASSED"]);
    // The superuser may write everywhere.
    if !is_writable {
        check(&answer, 3, &["hint: set APEX_STATE_DIR"]);
    }
}

#[test]
fn a_state_folder_that_cannot_be_made_is_refused_with_a_way_out() {
    let project = project();
    project.write("occupied", "a file");
    let mut command = project.apex(&["run", "--categories", "greet"]);
    command.env("APEX_STATE_DIR", project.root().join("occupied"));
    check(&finish(command), 3, &["occupied", "hint: set APEX_STATE_DIR"]);
}

#[test]
fn a_report_that_cannot_be_written_is_told_and_changes_nothing() {
    let project = project();
    project.write("occupied", "a file");
    let answer = project.run(&["run", "--categories", "greet", "--junit", "occupied/x.xml"]);
    check(&answer, 0, &["warning: junit: ", "occupied/x.xml"]);
}
