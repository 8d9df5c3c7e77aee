//! The script of the earlier runner's name, and calls of it in files.

use std::process::Command;

use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;

#[test]
fn the_script_hands_its_arguments_over_unchanged() {
    if tool("python3").is_none() {
        return;
    }
    let project = super::repository();
    let installed = project.run(&["shim", "install"]);
    assert_eq!(installed.status.code(), Some(0), "{}", installed.stderr);
    let line = ["--category", "unit", "-k", "alpha or beta", "--dry-run"];
    let direct = project.run(&line);
    let apex = project.apex(&[]).get_program().to_owned();
    let mut command = Command::new("python3");
    command.arg("unified_test_runner.py").args(line).current_dir(project.root());
    command.env("APEX_BIN", apex);
    let through = finish(command);
    assert_eq!(through.stdout, direct.stdout);
    assert_eq!(through.status.code(), direct.status.code());
    assert!(direct.stdout.contains("alpha or beta"), "{}", direct.stdout);
    let lines = project.read("unified_test_runner.py").lines().count();
    assert!(lines <= 40, "{lines} lines");
}

#[test]
fn a_script_that_somebody_else_wrote_is_kept() {
    let project = Project::new(&[("unified_test_runner.py", "print('mine')\n")]);
    let answer = project.run(&["shim", "install"]);
    assert_eq!(answer.status.code(), Some(2), "{}", answer.stdout);
    assert_eq!(project.read("unified_test_runner.py"), "print('mine')\n");
}

#[test]
fn calls_in_files_are_found_and_what_differs_is_said() {
    let workflow = "steps:\n  - run: python unified_test_runner.py --category unit \\\n      --maxfail 2\n  \
                    - run: python3 scripts/unified_test_runner.py --caetgory unit | tee log\n  \
                    - run: cat unified_test_runner.py\n";
    let project = Project::new(&[("ci.yml", workflow)]);
    let answer = project.run(&["compat", "check", "ci.yml"]);
    assert_eq!(answer.status.code(), Some(1), "{}", answer.stderr);
    for text in [
        "ci.yml:2: accepted\n  --category unit --maxfail 2\n",
        "differs: --maxfail stops",
        "ci.yml:4: refused: unrecognized argument: --caetgory",
        "hint: did you mean `--category`?",
        "2 calls, 1 refused",
    ] {
        assert!(answer.stdout.contains(text), "`{text}` is missing in:\n{}", answer.stdout);
    }
}
