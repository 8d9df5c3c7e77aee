//! `--shard` and `merge`: machines that share a run, here folders, and the verdict over all parts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use apex_tests::project::{Project, finish};
use apex_tests::tool::tool;
use apex_tests::watchdog::Finished;
use serde_json::Value;

/// Six categories in two layers. What `FAIL` names fails.
const LAYERS: &str = r#"apex: 1
layers:
  first:
    execution_order: 1
    success_criteria: {max_failures: 1, min_pass_rate: 0.5, allow_partial_success: true, critical_tests_must_pass: false}
    categories:
      - {name: one, command: ["sh", "-c", "test \"$FAIL\" != one && echo said by one"]}
      - {name: two, command: ["sh", "-c", "test \"$FAIL\" != all"]}
      - {name: three, command: ["sh", "-c", "test \"$FAIL\" != all"]}
  second:
    execution_order: 2
    dependencies: [first]
    categories:
      - {name: four, command: ["true"]}
      - {name: five, command: ["sh", "-c", "test \"$HANG\" != five || sleep 60"]}
      - {name: six, command: ["true"]}
"#;

/// Machines with the same files.
fn machines(count: usize) -> Vec<Project> {
    (0..count).map(|_| Project::new(&[("apex.yaml", LAYERS)])).collect()
}

/// Runs the part of each machine; their exit codes.
fn run_parts(machines: &[Project], arguments: &[&str], variables: &[(&str, &str)]) -> Vec<i32> {
    let of = machines.len();
    let part = |(number, machine): (usize, &Project)| {
        let share = format!("{number}/{of}");
        let mut call = machine.apex(&[&["run", "--shard", &share], arguments].concat());
        call.envs(variables.iter().copied());
        finish(call).status.code().unwrap()
    };
    (1..).zip(machines).map(part).collect()
}

fn records(machines: &[Project]) -> Vec<PathBuf> {
    machines.iter().map(Project::last_run).collect()
}

/// A machine that joins, and what it said.
fn merge(parts: &[PathBuf], arguments: &[&str]) -> (Project, Finished) {
    let place = Project::new(&[("apex.yaml", LAYERS)]);
    let mut call: Command = place.apex(&["merge"]);
    call.args(parts).args(arguments);
    let finished = finish(call);
    (place, finished)
}

fn summary(record: &Path) -> Value {
    serde_json::from_slice(&fs::read(record.join("summary.json")).unwrap()).unwrap()
}

/// What a record says of its layers, categories and tests, without times and what was measured.
fn amounts_to(record: &Path) -> Value {
    let mut summary = summary(record);
    let Value::Object(fields) = &mut summary else { panic!("a summary is an object") };
    let measured = ["duration_seconds", "services", "prediction", "jobs", "resources"];
    for field in ["run", "started_unix_millis"].iter().chain(&measured) {
        fields.remove(*field);
    }
    for list in ["layers", "categories", "failed_tests"] {
        for row in summary[list].as_array_mut().unwrap() {
            let row = row.as_object_mut().unwrap();
            row.remove("spent_seconds");
            row.remove("duration_seconds");
        }
    }
    summary
}

#[test]
fn three_machines_amount_to_what_one_does() {
    if tool("python3").is_none() || tool("pytest").is_none() || tool("node").is_none() {
        return;
    }
    let alone = Project::copy_of("examples/shop");
    let code = alone.run(&["run", "--mode", "ci"]).status.code();
    let machines: Vec<Project> = (0..3).map(|_| Project::copy_of("examples/shop")).collect();
    assert_eq!(run_parts(&machines, &["--mode", "ci"], &[]), [0, 0, 0]);
    let place = Project::copy_of("examples/shop");
    let mut call = place.apex(&["merge", "--junit", "all.xml"]);
    call.args(records(&machines));
    let merged = finish(call);
    assert_eq!(merged.status.code(), code, "{}", merged.stderr);
    assert_eq!(amounts_to(&place.last_run()), amounts_to(&alone.last_run()));
    assert!(place.read("all.xml").contains("<testsuites"));
    assert!(merged.stderr.contains("Selected: 45 tests in 7 categories"), "{}", merged.stderr);
}

#[test]
fn every_job_is_in_one_part_and_the_joined_record_holds_its_output() {
    let machines = machines(3);
    assert_eq!(run_parts(&machines, &["--layers", "second"], &[]), [0, 0, 0]);
    let (place, merged) = merge(&records(&machines), &[]);
    assert_eq!(merged.status.code(), Some(0), "{}", merged.stderr);
    let record = place.last_run();
    assert_eq!(summary(&record)["counts"]["executed"], 6);
    let logs = fs::read_dir(record.join("output")).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<String> = logs.map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(texts.iter().any(|text| text.contains("said by one")), "{texts:?}");
    assert!(record.join("events.jsonl").exists() && record.join("junit.xml").exists());
}

#[test]
fn a_part_into_which_nothing_falls_says_so_and_is_joined() {
    let machines = machines(4);
    let arguments = ["--categories", "one,two", "--no-dependencies"];
    let last = machines[3].run(&[&["run", "--shard", "4/4"], &arguments[..]].concat());
    assert_eq!(last.status.code(), Some(0), "{}", last.stderr);
    assert!(last.stderr.contains("nothing falls into part 4 of 4"), "{}", last.stderr);
    assert_eq!(run_parts(&machines[..], &arguments, &[]), [0, 0, 0, 0]);
    let (_, merged) = merge(&records(&machines), &[]);
    assert_eq!(merged.status.code(), Some(0), "{}", merged.stderr);
    let nothing = machines[0].run(&["plan", "--shard", "4/4", "--categories", "one"]);
    assert_eq!(nothing.status.code(), Some(0));
    assert!(nothing.stdout.contains("nothing falls into part 4 of 4"), "{}", nothing.stdout);
}

#[test]
fn criteria_are_judged_over_the_joined_layer_and_not_by_each_part() {
    let machines = machines(3);
    // One failure in a layer that allows one of three: fine together, although nothing of the
    // failing part passed.
    let codes = run_parts(&machines, &["--layers", "first"], &[("FAIL", "one")]);
    assert_eq!(codes.iter().filter(|code| **code == 1).count(), 1, "{codes:?}");
    let (place, merged) = merge(&records(&machines), &[]);
    assert_eq!(merged.status.code(), Some(0), "{}", merged.stderr);
    assert_eq!(summary(&place.last_run())["layers"][0]["verdict"], "partial");
    // Two failures are one too many, wherever they are.
    run_parts(&machines, &["--layers", "first"], &[("FAIL", "all")]);
    let (place, merged) = merge(&records(&machines), &[]);
    assert_eq!(merged.status.code(), Some(1), "{}", merged.stderr);
    let layer = &summary(&place.last_run())["layers"][0];
    let reason = layer["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("2 tests failed, at most 1 may (max_failures)"), "{reason}");
}

#[test]
fn a_layer_that_a_part_did_not_begin_is_not_green() {
    let machines = machines(3);
    let codes =
        run_parts(&machines, &["--layers", "second", "--fail-fast", "layer"], &[("FAIL", "one")]);
    assert!(codes.contains(&1), "{codes:?}");
    let (place, merged) = merge(&records(&machines), &[]);
    assert_eq!(merged.status.code(), Some(1), "{}", merged.stderr);
    let layers = &summary(&place.last_run())["layers"];
    assert_eq!(
        (&layers[0]["verdict"], &layers[1]["verdict"]),
        (&"partial".into(), &"blocked".into())
    );
}

#[test]
fn a_missing_or_doubled_part_is_named_and_never_green() {
    let machines = machines(3);
    run_parts(&machines, &["--layers", "second"], &[]);
    let parts = records(&machines);
    let two = [parts[0].clone(), parts[2].clone()];
    let (_, merged) = merge(&two, &[]);
    assert_eq!(merged.status.code(), Some(3), "{}", merged.stderr);
    assert!(merged.stderr.contains("of 3 parts, part 2 is missing"), "{}", merged.stderr);
    let (place, merged) = merge(&two, &["--allow-missing"]);
    assert_eq!(merged.status.code(), Some(3), "{}", merged.stderr);
    assert!(merged.stderr.contains("part 2 of 3 is missing"), "{}", merged.stderr);
    assert!(summary(&place.last_run())["counts"]["passed"].as_u64().unwrap() >= 2);
    let (_, merged) = merge(&[parts.clone(), vec![parts[1].clone()]].concat(), &[]);
    assert_eq!(merged.status.code(), Some(2), "{}", merged.stderr);
    assert!(merged.stderr.contains("are both part 2 of 3"), "{}", merged.stderr);
}

#[test]
fn parts_of_another_request_or_of_other_work_are_told_apart() {
    let machines = machines(3);
    run_parts(&machines, &["--layers", "second"], &[]);
    let parts = records(&machines);
    let other = machines[1].run(&["run", "--shard", "2/3", "--layers", "first"]);
    assert_eq!(other.status.code(), Some(0), "{}", other.stderr);
    let with = |part: PathBuf| [parts[0].clone(), part, parts[2].clone()];
    let (_, merged) = merge(&with(machines[1].last_run()), &[]);
    assert_eq!(merged.status.code(), Some(2), "{}", merged.stderr);
    assert!(merged.stderr.contains("part 2 of 3"), "{}", merged.stderr);
    assert!(merged.stderr.contains("was asked for `first`"), "{}", merged.stderr);

    machines[1].write("apex.yaml", &LAYERS.replace("name: six", "name: seven"));
    let other = machines[1].run(&["run", "--shard", "2/3", "--layers", "second"]);
    assert_eq!(other.status.code(), Some(0), "{}", other.stderr);
    let (_, merged) = merge(&with(machines[1].last_run()), &[]);
    assert_eq!(merged.status.code(), Some(2), "{}", merged.stderr);
    assert!(merged.stderr.contains("it does not have category six"), "{}", merged.stderr);

    let whole = machines[0].run(&["run", "--layers", "first"]);
    assert_eq!(whole.status.code(), Some(0), "{}", whole.stderr);
    let (_, merged) = merge(&[machines[0].last_run()], &[]);
    assert_eq!(merged.status.code(), Some(2), "{}", merged.stderr);
    assert!(merged.stderr.contains("not of a part of one"), "{}", merged.stderr);
}

#[test]
fn parts_of_another_commit_are_told_apart() {
    if tool("git").is_none() {
        return;
    }
    let machines = machines(2);
    for (number, machine) in (0..).zip(&machines) {
        for arguments in [
            vec!["init", "-q"],
            vec!["add", "."],
            vec!["commit", "-qm", if number == 0 { "one" } else { "two" }],
        ] {
            let names = ["-c", "user.name=a", "-c", "user.email=a@b"];
            let mut git = Command::new("git");
            git.args(names).args(&arguments).current_dir(machine.root());
            assert!(git.status().unwrap().success(), "git {arguments:?}");
        }
    }
    assert_eq!(run_parts(&machines, &["--layers", "first"], &[]), [0, 0]);
    let (_, merged) = merge(&records(&machines), &[]);
    assert_eq!(merged.status.code(), Some(2), "{}", merged.stderr);
    assert!(merged.stderr.contains("join parts of one commit only"), "{}", merged.stderr);
}

#[test]
fn a_part_whose_node_was_lost_is_named_and_blames_the_environment() {
    let machines = machines(3);
    run_parts(&machines, &["--layers", "second"], &[]);
    let parts = records(&machines);
    // What is left of a node that was switched off: the beginning of a journal, its last line torn.
    let journal = parts[1].join("events.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let started = lines.iter().position(|line| line.contains("\"job.started\"")).unwrap();
    let kept = format!("{}\n{{\"schema\":\"apex.ev", lines[..=started].join("\n"));
    fs::write(&journal, kept).unwrap();
    fs::remove_file(parts[1].join("summary.json")).unwrap();
    let (place, merged) = merge(&parts, &[]);
    assert_eq!(merged.status.code(), Some(3), "{}", merged.stderr);
    assert!(merged.stderr.contains("its node was lost"), "{}", merged.stderr);
    assert!(merged.stderr.contains("the history does not learn"), "{}", merged.stderr);
    let layers = &summary(&place.last_run())["layers"];
    assert!(
        layers.as_array().unwrap().iter().any(|layer| layer["verdict"] == "errored"),
        "{layers}"
    );
    let known = place.run(&["history", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&known.stdout).unwrap()["runs"],
        0,
        "{}",
        known.stdout
    );
}

#[test]
fn the_history_learns_from_the_joined_run_once_and_from_no_part() {
    let machines = machines(2);
    run_parts(&machines, &["--layers", "first"], &[]);
    let runs = |project: &Project| {
        let known = project.run(&["history", "--json"]);
        serde_json::from_str::<Value>(&known.stdout).unwrap()["runs"].clone()
    };
    // The next run looks after records that the history does not have.
    assert_eq!(
        machines[0].run(&["run", "--shard", "1/2", "--layers", "first"]).status.code(),
        Some(0)
    );
    assert_eq!(runs(&machines[0]), 0, "machines that share runs have to know the same");
    let parts = records(&machines);
    let mut call = machines[0].apex(&["merge"]);
    call.args(&parts);
    assert_eq!(finish(call).status.code(), Some(0));
    assert_eq!(runs(&machines[0]), 1);
    let mut again = machines[0].apex(&["merge", "--into", "again/and/again"]);
    again.args(&parts);
    assert_eq!(finish(again).status.code(), Some(0));
    assert_eq!(runs(&machines[0]), 1, "the same parts are the same run");
    assert!(machines[0].root().join("again/and/again/summary.json").exists());
    let mut third = machines[0].apex(&["merge"]);
    third.args(&parts);
    let third = finish(third);
    assert_eq!(third.status.code(), Some(2), "{}", third.stderr);
    assert!(third.stderr.contains("were joined before"), "{}", third.stderr);
}

#[test]
fn the_numbers_of_the_ci_system_are_taken_when_asked_for() {
    let project = Project::new(&[("apex.yaml", LAYERS)]);
    let planned = |variables: &[(&str, &str)]| {
        let mut call = project.apex(&["plan", "--layers", "first", "--shard", "auto"]);
        for name in ["CI_NODE_INDEX", "CI_NODE_TOTAL", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL"] {
            call.env_remove(name);
        }
        call.envs(variables.iter().copied());
        finish(call)
    };
    for (variables, which) in [
        ([("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "3")], "part 1 of 3"),
        ([("CIRCLE_NODE_INDEX", "1"), ("CIRCLE_NODE_TOTAL", "3")], "part 2 of 3"),
        ([("BUILDKITE_PARALLEL_JOB", "2"), ("BUILDKITE_PARALLEL_JOB_COUNT", "3")], "part 3 of 3"),
    ] {
        let answer = planned(&variables);
        assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
        assert!(answer.stdout.contains(which), "{variables:?}: {}", answer.stdout);
    }
    for (variables, told) in [
        (vec![], "finds no CI system"),
        (vec![("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "3")], "CI_NODE_INDEX=0"),
        (vec![("CIRCLE_NODE_INDEX", "3"), ("CIRCLE_NODE_TOTAL", "3")], "CIRCLE_NODE_INDEX=3"),
    ] {
        let answer = planned(&variables);
        assert_eq!(answer.status.code(), Some(2), "{variables:?}");
        assert!(answer.stderr.contains(told), "{variables:?}: {}", answer.stderr);
    }
    for words in ["0/3", "4/3", "1/0", "2", "a/b", "1/1001", "-1/3"] {
        let answer = project.run(&["run", &format!("--shard={words}")]);
        assert_eq!(answer.status.code(), Some(2), "{words}: {}", answer.stderr);
    }
}

#[test]
fn what_no_change_concerns_is_spared_once_for_all_parts() {
    if tool("git").is_none() {
        return;
    }
    let layers = "apex: 1
execution_config: {affected_sample_percent: 0}
layers:
  first:
    categories:
      - {name: front, command: [\"true\"], inputs: [\"web/**\"]}
      - {name: back, command: [\"true\"], inputs: [\"api/**\"]}
      - {name: whole, command: [\"true\"]}
";
    let repository = Project::new(&[("apex.yaml", layers), ("web/page", "a"), ("api/main", "b")]);
    for arguments in [vec!["init", "-q"], vec!["add", "."], vec!["commit", "-qm", "one"]] {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(&arguments);
        assert!(git.current_dir(repository.root()).status().unwrap().success(), "{arguments:?}");
    }
    repository.write("web/page", "changed");
    let mut parts = Vec::new();
    for share in ["1/2", "2/2"] {
        let run = repository.run(&["run", "--mode", "ci", "--affected", "HEAD", "--shard", share]);
        assert_eq!(run.status.code(), Some(0), "{}", run.stderr);
        parts.push(repository.last_run());
    }
    let (place, merged) = merge(&parts, &[]);
    assert_eq!(merged.status.code(), Some(0), "{}", merged.stderr);
    let summary = summary(&place.last_run());
    let outcomes = summary["categories"].as_array().unwrap().iter();
    let outcomes: Vec<&str> = outcomes.map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["passed", "skipped", "passed"]);
}

#[test]
fn a_record_that_contradicts_itself_is_told_and_not_joined() {
    let machines = machines(2);
    run_parts(&machines, &["--layers", "first"], &[]);
    let parts = records(&machines);
    let whole = parts[0].join("whole.json");
    let text = fs::read_to_string(&whole).unwrap();
    for (from, to, told) in [
        ("\"category\":0", "\"category\":99", "contradict"),
        ("\"of\":2", "\"of\":4000000000", "contradict"),
        ("\"digest\":\"", "\"digest\":\"0", "contradict"),
        ("{", "", "whole.json"),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "{from}");
        fs::write(&whole, broken).unwrap();
        let (_, merged) = merge(&parts, &[]);
        assert_eq!(merged.status.code(), Some(3), "{from}: {}", merged.stderr);
        assert!(merged.stderr.contains(told), "{from}: {}", merged.stderr);
    }
}

#[test]
fn a_plan_says_how_large_each_part_is_and_which_is_asked_for() {
    let project = Project::new(&[("apex.yaml", LAYERS)]);
    let plan = project.run(&["plan", "--layers", "second", "--shard", "2/3"]);
    assert_eq!(plan.status.code(), Some(0), "{}", plan.stderr);
    for text in ["Parts  (split ", "part 1    2 jobs", "part 2    2 jobs", "this one"] {
        assert!(plan.stdout.contains(text), "{text}: {}", plan.stdout);
    }
}
