//! Two runs of the same project at the same time.

use std::process::{Child, Stdio};

use apex_tests::processes::wait_until;
use apex_tests::project::Project;

/// A run that goes on until the file `go` exists.
fn project() -> Project {
    let command = "touch runs; i=0; while [ ! -e go ] && [ $i -lt 600 ]; do sleep 0.1; \
                   i=$((i+1)); done";
    Project::new(&[(
        "apex.yaml",
        &format!("apex: 1\nlayers: {{a: {{categories: [{{name: x, command: \"{command}\"}}]}}}}\n"),
    )])
}

#[test]
fn a_second_run_waits_for_the_first_and_says_so() {
    let project = project();
    let run = ["run", "--categories", "x"];
    let mut first =
        project.apex(&run).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("apex");
    wait_until("the first run", || project.root().join("runs").exists());

    let refused = project.run(&["run", "--categories", "x", "--no-wait"]);
    assert_eq!(refused.status.code(), Some(7), "{}", refused.stderr);
    assert!(refused.stderr.contains("another run of this project goes on (run "));
    assert!(refused.stderr.contains("hint: without --no-wait"), "{}", refused.stderr);

    let said = std::fs::File::create(project.root().join("said")).expect("a file");
    let mut second = project.apex(&run).stderr(said).stdout(Stdio::null()).spawn().expect("apex");
    wait_until("the word about waiting", || {
        project.read("said").contains("waiting for another run of this project (run ")
    });
    project.write("go", "");
    assert_eq!(first.wait().expect("the first run ends").code(), Some(0));
    assert_eq!(second.wait().expect("the second run ends").code(), Some(0));
}

/// A run that goes on until the file `go` is there.
fn first(project: &Project) -> Child {
    let first = project
        .apex(&["run", "--categories", "x"])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("apex");
    wait_until("the first run", || project.root().join("runs").exists());
    first
}

#[test]
fn a_refused_run_leaves_no_record() {
    let project = project();
    let mut first = first(&project);
    let refused = project.run(&["run", "--categories", "x", "--no-wait"]);
    assert_eq!(refused.status.code(), Some(7), "{}", refused.stderr);
    assert_eq!(project.runs().len(), 1, "a run that never was leaves nothing");
    project.write("go", "");
    assert_eq!(first.wait().expect("the first run ends").code(), Some(0));
}

#[test]
fn an_isolated_run_goes_on_beside_another_one() {
    let project = project();
    let mut first = first(&project);
    std::fs::remove_file(project.root().join("runs")).expect("the first run made it");
    let mut beside = project
        .apex(&["run", "--categories", "x", "--isolated"])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("apex");
    wait_until("the run beside it", || project.root().join("runs").exists());
    assert_eq!(project.runs().len(), 2, "each has a record of its own");
    project.write("go", "");
    assert_eq!(first.wait().expect("the first run ends").code(), Some(0));
    assert_eq!(beside.wait().expect("the other run ends").code(), Some(0));
}
