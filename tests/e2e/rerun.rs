//! Again what did not pass, and nothing that did.

use apex_tests::project::Project;
use apex_tests::tool::tool_answers;

/// Three categories that write down that they ran; `b` fails until the file `mended` is there.
fn project() -> Project {
    Project::new(&[(
        "apex.yaml",
        "apex: 1\nexecution_config: {fail_fast_strategy: {all: disabled}}\nlayers:\n  all:\n    \
         categories:\n      \
         - {name: a, retries: 0, command: \"echo ran >> ran-a\"}\n      \
         - {name: b, retries: 0, command: \"echo ran >> ran-b; test -e mended\"}\n      \
         - {name: c, retries: 0, command: \"echo ran >> ran-c\"}\n",
    )])
}

fn ran(project: &Project) -> [usize; 3] {
    ["ran-a", "ran-b", "ran-c"].map(|file| project.read(file).lines().count())
}

#[test]
fn only_what_failed_runs_again_also_from_a_run_directory_that_was_moved() {
    let project = project();
    assert_eq!(project.run(&["run", "--layers", "all"]).status.code(), Some(1));
    let failed = project.run(&["rerun"]);
    assert_eq!(failed.status.code(), Some(1), "{}", failed.stderr);
    assert_eq!(ran(&project), [1, 2, 1]);
    let moved = project.root().join("from-ci");
    std::fs::rename(project.last_run(), &moved).expect("a run directory moves");
    project.write("mended", "");
    let mended = project.run(&["rerun", "from-ci", "--failed"]);
    assert_eq!(mended.status.code(), Some(0), "{}", mended.stderr);
    assert_eq!(ran(&project), [1, 3, 1]);
    let nothing = project.run(&["rerun"]);
    assert_eq!(nothing.status.code(), Some(0), "{}", nothing.stderr);
    assert!(nothing.stderr.contains("has no test that failed; nothing is run"));
    assert_eq!(ran(&project), [1, 3, 1]);
}

#[test]
fn going_on_repeats_what_failed_and_nothing_that_passed() {
    let project = project();
    assert_eq!(project.run(&["run", "--layers", "all"]).status.code(), Some(1));
    project.write("mended", "");
    let resumed = project.run(&["run", "--layers", "all", "--resume"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("goes on with run "), "{}", resumed.stderr);
    assert_eq!(ran(&project), [1, 2, 1]);
    // What went on is gone on with, too: what passed before it still counts.
    let again = project.run(&["run", "--layers", "all", "--resume"]);
    assert_eq!(again.status.code(), Some(0), "{}", again.stderr);
    assert_eq!(ran(&project), [1, 2, 1]);
}

#[test]
fn a_changed_layer_file_repeats_everything() {
    let project = project();
    assert_eq!(project.run(&["run", "--layers", "all"]).status.code(), Some(1));
    std::thread::sleep(std::time::Duration::from_millis(20));
    let text = project.read("apex.yaml");
    project.write("apex.yaml", &format!("{text}# changed\n"));
    let resumed = project.run(&["run", "--layers", "all", "--resume"]);
    assert_eq!(resumed.status.code(), Some(1), "{}", resumed.stderr);
    assert!(resumed.stderr.contains("cannot be gone on with, because"), "{}", resumed.stderr);
    assert_eq!(ran(&project), [2, 2, 2]);
}

#[test]
fn of_a_job_that_was_cut_off_the_tests_that_passed_are_not_repeated() {
    if !tool_answers("pytest", "python3", &["-m", "pytest", "--version"]) {
        return;
    }
    let project = Project::new(&[
        (
            "apex.yaml",
            "apex: 1\nlayers: {all: {categories: [{name: unit, runner: pytest, paths: [tests], retries: 0}]}}\n",
        ),
        (
            "tests/test_a.py",
            "import os\n\ndef note(name):\n    with open('ran', 'a') as file:\n        \
             file.write(name + '\\n')\n\ndef test_first():\n    note('first')\n\n\
             def test_second():\n    note('second')\n    assert os.path.exists('mended')\n",
        ),
    ]);
    assert_eq!(project.run(&["run", "--layers", "all"]).status.code(), Some(1));
    project.write("mended", "");
    let resumed = project.run(&["run", "--layers", "all", "--resume"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", resumed.stderr);
    assert_eq!(project.read("ran"), "first\nsecond\nsecond\n");
    assert!(resumed.stderr.contains("1 passed"), "{}", resumed.stderr);
}
