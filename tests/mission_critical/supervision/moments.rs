//! Programs that end at the very moment of their time limit: each has one outcome, whichever came
//! first, and nothing is left.
//!
//! `APEX_FAULT_MOMENTS=n` changes how many there are.

use std::collections::BTreeMap;

use apex_tests::processes::with_mark;
use apex_tests::project::Project;

/// Programs, unless the variable says something else.
const MOMENTS: usize = 100;

/// Programs of one run, all at once.
const AT_ONCE: usize = 50;

#[test]
fn a_program_that_ends_at_the_moment_of_its_limit_has_one_outcome() {
    let moments = std::env::var("APEX_FAULT_MOMENTS").ok().and_then(|text| text.parse().ok());
    let moments: usize = moments.unwrap_or(MOMENTS);
    for round in 0..moments.div_ceil(AT_ONCE) {
        check(round);
    }
}

fn check(round: usize) {
    let project = Project::new(&[]);
    let mark = project.root().display().to_string();
    let mut layers = format!(
        "apex: 1\nexecution_config: {{max_global_parallel_tests: {AT_ONCE}, fail_fast_strategy: {{fast_feedback: disabled}}}}\nlayers:\n  \
         fast_feedback:\n    execution_mode: parallel\n    resource_limits: {{max_parallel_instances: {AT_ONCE}}}\n    \
         categories:\n"
    );
    for number in 0..AT_ONCE {
        // From 25 ms before the limit of a second to 25 ms after it; a start takes some of it.
        let millis = 970 + (number + round) % AT_ONCE;
        layers += &format!(
            "      - {{name: moment_{number}, timeout_seconds: 1, grace_seconds: 1, \
             env: {{FAULT_MARK: \"{mark}\"}}, command: [sleep, \"{}.{:03}\"]}}\n",
            millis / 1000,
            millis % 1000
        );
    }
    project.write("apex.yaml", &layers);
    let jobs = AT_ONCE.to_string();
    let finished = project.run(&["run", "--mode", "fast_feedback", "--jobs", &jobs]);
    assert!(with_mark(&mark).is_empty(), "left running: {:?}", with_mark(&mark));
    let events = std::fs::read_to_string(project.last_run().join("events.jsonl")).expect("events");
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for line in events.lines().filter(|line| line.contains("\"type\":\"job.finished\"")) {
        let outcome = line.split("\"outcome\":\"").nth(1).and_then(|rest| rest.split('"').next());
        *outcomes.entry(outcome.expect("an outcome")).or_default() += 1;
    }
    let counted = |word: &str| outcomes.get(word).copied().unwrap_or(0);
    let known = counted("passed") + counted("timed_out");
    assert_eq!(known, AT_ONCE, "{outcomes:?}\n{}", finished.stderr);
}
