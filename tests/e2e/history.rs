//! What the program keeps across runs, and that nothing about it changes a verdict.

use std::fs;
use std::process::Stdio;

use apex_tests::processes::wait_until;
use apex_tests::project::Project;
use apex_tests::tool::tool;

fn project(command: &str) -> Project {
    Project::new(&[(
        "apex.yaml",
        &format!(
            "apex: 1\nlayers: {{a: {{categories: [{{name: x, command: \"{command}\"}}, \
             {{name: y, command: 'true'}}]}}}}\n"
        ),
    )])
}

fn summary(project: &Project) -> serde_json::Value {
    let finished = project.run(&["history", "--json"]);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    serde_json::from_str(&finished.stdout).expect("JSON")
}

#[test]
fn every_run_is_kept_and_can_be_taken_to_another_machine() {
    let project = project("true");
    assert_eq!(summary(&project)["runs"], 0);
    for _ in 0..2 {
        assert_eq!(project.run(&["run"]).status.code(), Some(0));
    }
    let kept = summary(&project);
    assert_eq!(
        (&kept["runs"], &kept["tests"], &kept["job_attempts"]),
        (&2.into(), &2.into(), &4.into())
    );
    let page = project.run(&["history"]).stdout;
    assert!(page.contains("runs      2, from ") && page.contains("90 days"), "{page}");

    assert_eq!(
        project.run(&["history", "export", "out.jsonl"]).stdout,
        "wrote 2 runs to out.jsonl\n"
    );
    assert_eq!(project.run(&["history", "export"]).stdout, project.read("out.jsonl"));
    let root = project.root().display().to_string();
    assert!(!project.read("out.jsonl").contains(&root), "no path of this machine");

    let other = self::project("true");
    other.write("in.jsonl", &project.read("out.jsonl"));
    let import = ["history", "import", "in.jsonl"];
    assert_eq!(other.run(&import).stdout, "added 2 runs, 0 runs in the history before\n");
    assert_eq!(other.run(&import).stdout, "added 0 runs, 2 runs in the history before\n");
    assert_eq!(summary(&other)["runs"], 2);
}

#[test]
fn a_history_that_is_gone_is_made_again_from_the_records_of_runs() {
    let project = project("true");
    for _ in 0..3 {
        assert_eq!(project.run(&["run"]).status.code(), Some(0));
    }
    let before = project.run(&["history", "export"]).stdout;
    fs::remove_file(project.root().join(".apex/history.db")).expect("a history");
    let rebuilt = project.run(&["history", "rebuild"]);
    assert_eq!(rebuilt.stdout, "added 3 runs, 0 runs in the history before\n");
    assert_eq!(project.run(&["history", "export"]).stdout, before);
}

#[test]
fn a_run_whose_apex_was_killed_is_in_the_history_of_the_next() {
    let project = project("touch started; sleep 60");
    let mut killed =
        project.apex(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("apex");
    wait_until("the test", || project.root().join("started").exists());
    // The other category has ended, and the journal says so.
    wait_until("the journal", || {
        let journal = fs::read_to_string(project.last_run().join("events.jsonl"));
        journal.is_ok_and(|text| text.contains("\"type\":\"job.finished\""))
    });
    killed.kill().expect("apex can be killed");
    killed.wait().expect("it ends");
    assert_eq!(summary(&project)["runs"], 0);
    assert_eq!(project.run(&["run", "--categories", "y"]).status.code(), Some(0));
    let kept = summary(&project);
    assert_eq!((&kept["runs"], &kept["job_attempts"]), (&2.into(), &2.into()));
}

/// Ways to make a history unusable, with what is said of it.
const TROUBLES: [(&str, &str); 4] = [
    ("damaged", "is damaged"),
    ("newer", "is of version 9"),
    ("a folder", "cannot be opened or written"),
    ("cut off", "is damaged"),
];

fn spoil(project: &Project, what: &str) {
    let path = project.root().join(".apex/history.db");
    match what {
        "damaged" => {
            fs::write(&path, "no database at all, however long one looks at it. ".repeat(99))
        }
        "cut off" => fs::write(&path, &fs::read(&path).expect("a history")[..5000]),
        "newer" => {
            let mut bytes = fs::read(&path).expect("a history");
            // The version that SQLite keeps for its user: four bytes from 60 on.
            bytes[60..64].copy_from_slice(&9_u32.to_be_bytes());
            fs::write(&path, bytes)
        }
        _ => fs::remove_file(&path).and_then(|()| fs::create_dir(&path)),
    }
    .expect("the history is spoilt");
}

#[test]
fn a_history_that_cannot_be_used_costs_one_warning_and_no_verdict() {
    for (command, code) in [("true", 0), ("exit 1", 1)] {
        for (what, said) in TROUBLES {
            let project = project(command);
            assert_eq!(project.run(&["run"]).status.code(), Some(code));
            spoil(&project, what);
            let run = project.run(&["run"]);
            assert_eq!(run.status.code(), Some(code), "{what}: {}", run.stderr);
            let warnings: Vec<&str> =
                run.stderr.lines().filter(|line| line.contains("history")).collect();
            assert_eq!(warnings.len(), 1, "{what}: {}", run.stderr);
            assert!(warnings[0].starts_with("warning: history: "), "{what}: {}", warnings[0]);
            assert!(warnings[0].contains(said), "{what}: {}", warnings[0]);
            assert!(run.stderr.contains("executed: 2"), "everything ran: {}", run.stderr);
        }
    }
}

#[test]
fn a_damaged_history_is_kept_under_another_name_and_the_next_run_says_nothing() {
    let project = project("true");
    assert_eq!(project.run(&["run"]).status.code(), Some(0));
    spoil(&project, "damaged");
    let run = project.run(&["run"]);
    assert!(run.stderr.contains("history.db.damaged"), "{}", run.stderr);
    assert!(project.root().join(".apex/history.db.damaged").exists());
    let run = project.run(&["run"]);
    assert!(!run.stderr.contains("history"), "{}", run.stderr);
    assert_eq!(summary(&project)["runs"], 3, "the runs before are there again");
}

#[test]
fn a_command_that_only_looks_touches_no_damaged_history() {
    let project = project("true");
    assert_eq!(project.run(&["run"]).status.code(), Some(0));
    spoil(&project, "damaged");
    let before = fs::read(project.root().join(".apex/history.db")).expect("a file");
    let plan = project.run(&["plan"]);
    assert_eq!(plan.status.code(), Some(0), "{}", plan.stderr);
    assert!(plan.stderr.contains("warning: history: "), "{}", plan.stderr);
    assert_eq!(fs::read(project.root().join(".apex/history.db")).expect("a file"), before);
    assert_eq!(project.run(&["history"]).status.code(), Some(3));
}

#[test]
fn a_full_disk_costs_one_warning_and_no_verdict() {
    // A disk of its own, which needs rights that not every machine gives.
    let Some(unshare) = tool("unshare") else { return };
    let project = project("true");
    assert_eq!(project.run(&["run"]).status.code(), Some(0));
    let apex = project.apex(&[]).get_program().to_owned();
    let mut command = std::process::Command::new(unshare);
    // The records fit, the log of the database does not.
    let script = "mkdir small && mount -t tmpfs -o size=256k tmpfs small || exit 77; \
                  mkdir -p small/state; cp .apex/history.db small/state/; \
                  dd if=/dev/zero of=small/fill bs=1k count=150 2>/dev/null; \
                  APEX_STATE_DIR=small/state \"$0\" run";
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(apex);
    command.current_dir(project.root());
    let run = apex_tests::project::finish(command);
    if run.status.code() == Some(77) || run.stderr.contains("unshare") {
        eprintln!("SKIPPED: no mounts on this machine: {}", run.stderr);
        return;
    }
    assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
    let warnings = run.stderr.lines().filter(|line| line.contains("history")).count();
    assert_eq!(warnings, 1, "{}", run.stderr);
}

#[test]
fn what_is_too_old_leaves_when_it_is_asked_for() {
    let project = project("true");
    let mut file = project.read("apex.yaml");
    file.push_str("retention: {history_days: 1, history_megabytes: 8}\n");
    project.write("apex.yaml", &file);
    let old = "{\"type\":\"head\",\"schema\":\"apex.history/1\"}\n\
               {\"type\":\"run\",\"run\":\"old\",\"unix_millis\":1500000000000,\"slots\":2,\
               \"duration_micros\":7,\"jobs\":0,\"tests\":0}\n";
    project.write("old.jsonl", old);
    assert_eq!(project.run(&["history", "import", "old.jsonl"]).status.code(), Some(0));
    let page = project.run(&["history"]).stdout;
    assert!(page.contains("1 day, at most 8.0 MiB"), "{page}");
    let pruned = project.run(&["history", "prune"]);
    assert_eq!(pruned.stdout, "removed 1 run, 0 tests without a run left\n");
    // A run does it now and then by itself.
    let project = self::project("true");
    project.write("apex.yaml", &file);
    project.write("old.jsonl", old);
    assert_eq!(project.run(&["history", "import", "old.jsonl"]).status.code(), Some(0));
    assert_eq!(project.run(&["run"]).status.code(), Some(0));
    assert_eq!(summary(&project)["runs"], 1);
}
