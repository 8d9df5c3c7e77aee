//! Apex killed with `kill -9` at random moments: ten seconds later nothing of its run is there,
//! and the next run says what was taken away.
//!
//! `APEX_GUARD_KILLS=n` changes how often; `APEX_SIMULATION_SEED` the moments.

use std::process::Stdio;
use std::time::{Duration, Instant};

use apex_tests::processes::with_mark;
use apex_tests::project::Project;
use apex_tests::random::Random;
use apex_tests::tool::tool;

use super::row::PRELUDE;

/// How often Apex is killed, unless the variable says something else.
const KILLS: u32 = 20;

/// The longest that Apex lives, in milliseconds: from before its first program to after its last.
const LONGEST_LIFE: u64 = 900;

/// How long anything may be left.
const LIMIT: Duration = Duration::from_secs(10);

/// Programs that are hard to find and hard to end.
const PROGRAMS: [&str; 6] = [
    "forever()",
    "ignore(signal.SIGTERM)\nin_child(forever)\nforever()",
    "in_child(lambda: (os.setsid(), quiet(), forever()))\ntime.sleep(0.2)",
    "in_child(lambda: (os.setsid(), in_child(lambda: (ignore(signal.SIGTERM), quiet(), forever()))))\nforever()",
    "without_environment('while True: time.sleep(1)')",
    "for _ in range(8): in_child(lambda: (os.setpgid(0, 0), quiet(), forever()))\nos.kill(os.getpid(), signal.SIGSTOP)",
];

#[test]
fn after_a_kill_nothing_is_left_and_the_next_run_says_so() {
    if tool("python3").is_none() {
        return;
    }
    let kills = std::env::var("APEX_GUARD_KILLS").ok().and_then(|text| text.parse().ok());
    let seed = std::env::var("APEX_SIMULATION_SEED").ok().and_then(|text| text.parse().ok());
    let mut random = Random::new(seed.unwrap_or(20_261_123));
    let mut told = 0;
    for number in 0..kills.unwrap_or(KILLS) {
        told += u32::from(check(number, random.within(0, LONGEST_LIFE)));
    }
    assert!(told > 0, "no run was killed while something ran");
}

/// Kills one run; the answer is whether the next one said something of it.
fn check(number: u32, life: u64) -> bool {
    let project = Project::new(&[]);
    let mark = project.root().display().to_string();
    project.write("apex.yaml", &layer_file(&mark));
    for (index, program) in PROGRAMS.iter().enumerate() {
        project.write(&format!("program_{index}.py"), &format!("{PRELUDE}\n{program}\n"));
    }
    let mut command = project.apex(&["run", "--mode", "fast_feedback", "--jobs", "6"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut apex = command.spawn().expect("apex starts");
    std::thread::sleep(Duration::from_millis(life));
    apex.kill().expect("apex can be killed");
    apex.wait().expect("apex ends");
    let end = Instant::now() + LIMIT;
    while !with_mark(&mark).is_empty() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    let left = with_mark(&mark);
    assert!(left.is_empty(), "kill {number} after {life} ms left {left:#?}");
    let had_begun = has_list(&project);
    project.write(
        "apex.yaml",
        "apex: 1\nlayers:\n  fast_feedback:\n    categories:\n      \
                                - {name: fine, command: [\"true\"]}\n",
    );
    let said = project.run(&["run", "--mode", "fast_feedback"]).stderr;
    let says = said.contains("was lost, because Apex itself was ended while it ran");
    assert_eq!(says, had_begun, "kill {number} after {life} ms: {said}");
    let again = project.run(&["run", "--mode", "fast_feedback"]).stderr;
    assert!(!again.contains("was lost"), "said once: {again}");
    says
}

/// Whether the run had come to start something.
fn has_list(project: &Project) -> bool {
    let lists = std::fs::read_dir(project.root().join(".apex/guard")).into_iter().flatten();
    lists.flatten().any(|list| list.metadata().is_ok_and(|about| about.len() > 0))
}

fn layer_file(mark: &str) -> String {
    let mut text = "apex: 1\nlayers:\n  fast_feedback:\n    execution_mode: parallel\n    \
                    resource_limits: {max_parallel_instances: 6}\n    categories:\n"
        .to_owned();
    for index in 0..PROGRAMS.len() {
        text += &format!(
            "      - {{name: program_{index}, grace_seconds: 1, env: {{FAULT_MARK: \"{mark}\"}}, \
             command: [python3, program_{index}.py, \"{mark}\"]}}\n"
        );
    }
    text
}
