//! For whom services are, and when they start, with a real engine and as recorded.

use apex_tests::docker::{assert_nothing_left, has_engine};
use apex_tests::project::{Project, finish};

use super::scene::run;

/// Two layers that write into what they take for their own, and look whether it was empty. The
/// second job of the first layer gives the services of the second layer time to start early.
const LAYERS: &str = "apex: 1
layers:
  a:
    categories:
      - {name: one, services: [store], timeout_seconds: 60, command: 'URL=$BASE/note sh ./job.sh; sleep 3'}
  b:
    dependencies: [a]
    categories:
      - {name: two, services: [store, shared], timeout_seconds: 60, command: 'URL=$BASE/note sh ./job.sh'}
services:
  shared: {image: 'apex-test/busybox:1', command: 'exec sleep 60'}
  store:
    image: 'apex-test/busybox:1'
    command: 'mkdir /data/cgi-bin; exec httpd -f -p 80 -h /data'
    volumes: ['state:/data']
    ports: {main: 80}
    scope: SCOPE
    exports: {BASE: 'http://{host}:{port}'}
    readiness: {tcp: main}
";

/// Fails when the note of an earlier layer is there.
const JOB: &str = "id=$(docker ps --quiet --filter label=apex.run=$APEX_RUN_ID --filter \
                   publish=${APEX_SERVICE_STORE_PORT})
docker exec $id test ! -e /data/note || exit 9
docker exec $id touch /data/note
";

fn project(scope: &str) -> Project {
    Project::new(&[("apex.yaml", &LAYERS.replace("SCOPE", scope)), ("job.sh", JOB)])
}

/// The position of the first line of the journal that has all of these words.
fn at(journal: &str, words: &[&str]) -> usize {
    let has = |line: &&str| words.iter().all(|word| line.contains(word));
    journal.lines().position(|line| has(&line)).unwrap_or_else(|| panic!("no {words:?}: {journal}"))
}

fn journal(project: &Project) -> String {
    let runs = std::fs::read_dir(project.root().join(".apex/runs")).unwrap().flatten();
    let journal = runs.map(|run| run.path().join("events.jsonl")).find(|path| path.exists());
    std::fs::read_to_string(journal.expect("a journal")).unwrap()
}

#[test]
fn each_layer_or_category_gets_a_fresh_service_and_the_run_shares_one() {
    if !has_engine() {
        return;
    }
    for (scope, code, words) in [
        ("layer", 0, "store of layer b: ready"),
        ("category", 0, "store of two: ready"),
        ("run", 1, "store: ready"),
    ] {
        let project = project(scope);
        let answer = finish(run(&project, &[]));
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.status.code(), Some(code), "{scope}: {said}");
        assert!(said.contains(words), "{scope}: no {words:?} in {said}");
        assert_nothing_left(project.root());
    }
}

#[test]
fn the_services_of_the_next_layer_start_while_one_still_runs() {
    if !has_engine() {
        return;
    }
    let project = project("layer");
    let plan = project.run(&["plan"]);
    let early = "with layer b, early while a ends";
    assert!(plan.stdout.contains(early), "no {early:?} in {}", plan.stdout);
    let answer = finish(run(&project, &[]));
    assert_eq!(answer.status.code(), Some(0), "{}", answer.stderr);
    let journal = journal(&project);
    let first_ends = at(&journal, &["\"layer.finished\"", "\"layer\":0"]);
    let shared_is_ready = at(&journal, &["\"service.ready\"", "shared"]);
    assert!(shared_is_ready < first_ends, "{journal}");
}
