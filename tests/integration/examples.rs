//! The examples of the library do what they say, as libraries and as programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use apex_core::{Event, Outcome};
use apex_tests::tool::tool;
use custom_agent::SlowTests;
use embed::Tally;

use crate::agents::project::{Project, Record, TWO_LAYERS};

/// The second category ends only when the file `warned` is there, or after ten seconds.
const SLOW_THEN_WAITING: &str = "
apex: 1
layers:
  only:
    name: Only
    required_services: []
    execution_mode: sequential
    categories:
      - {name: unit, priority_order: 1, timeout_seconds: 60, command: [sleep, '0.01']}
      - name: smoke
        priority_order: 2
        timeout_seconds: 60
        command: [sh, -c, 'i=0; until [ -e warned ] || [ $i -gt 200 ]; do sleep 0.05; i=$((i+1)); done']
";

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_run_counts_the_tests_of_the_first_layer() {
    let file =
        TWO_LAYERS.replace("{name: smoke, command: ['true']}", "{name: smoke, command: ['false']}");
    let project = Project::new(&file);
    let tally = Tally::default();
    let prepared = project.open().fast_feedback().unwrap();
    let outcome = prepared.sink(tally.sink()).run().await.unwrap();
    assert!(outcome.result.tests_failed);
    assert_eq!((tally.total(), tally.of(Outcome::Passed), tally.of(Outcome::Failed)), (2, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_warns_of_slow_tests_in_the_stream() {
    struct Mark(PathBuf);
    impl apex_core::Sink for Mark {
        fn name(&self) -> &'static str {
            "mark"
        }
        fn accept(
            &mut self,
            batch: &[apex_core::Envelope],
            _: &apex_core::RunView,
        ) -> Result<(), String> {
            let warned = batch.iter().any(|one| matches!(one.event, Event::Warning(_)));
            if warned {
                std::fs::write(&self.0, "").map_err(|error| error.to_string())
            } else {
                Ok(())
            }
        }
    }
    let project = Project::new(SLOW_THEN_WAITING);
    let record = Record::default();
    let prepared = project.open().fast_feedback().unwrap();
    let outcome = prepared
        .agent(Box::new(SlowTests::new(Duration::from_millis(1))))
        .sink(Box::new(Mark(project.root().join("warned"))))
        .sink(record.sink())
        .run()
        .await
        .unwrap();
    assert!(!outcome.result.tests_failed, "{outcome:?}");
    let warnings: Vec<String> = record
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Warning(text) => Some(text),
            _ => None,
        })
        .collect();
    assert!(
        warnings.first().is_some_and(|text| text.starts_with("slow-tests: ")
            && text.contains("unit")
            && text.ends_with("more than 0.00 s")),
        "{warnings:?}"
    );
}

/// Builds an example in the profile of this test and answers where it is.
fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let executable = std::env::current_exe().unwrap();
        let profile = executable.ancestors().nth(2).unwrap().to_owned();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "embed", "-p", "custom_agent", "--target-dir"]);
        build.arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
        profile
    });
    folder.join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

fn run(name: &str, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program(name)).arg(folder).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_embedding_program_prints_one_line_and_ends_with_0_or_1() {
    let green = Project::new(TWO_LAYERS);
    let output = run("embed", green.root(), &[]);
    assert_eq!(said(&output), "2 tests: 2 passed, 0 failed, 0 skipped\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    let red = Project::new(&TWO_LAYERS.replace("['true']", "['false']"));
    let output = run("embed", red.root(), &[]);
    assert_eq!(said(&output), "2 tests: 0 passed, 2 failed, 0 skipped\n");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn the_program_with_an_agent_prints_its_warnings() {
    let project = Project::new(TWO_LAYERS);
    let output = run("custom_agent", project.root(), &["0"]);
    let text = said(&output);
    assert!(
        text.lines().count() == 2 && text.lines().all(|line| line.starts_with("slow-tests: ")),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_embedding_program_runs_the_shop() {
    for name in ["python3", "cargo"] {
        if tool(name).is_none() {
            return;
        }
    }
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples/shop");
    let output = run("embed", &shop, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(said(&output).contains(" 0 failed"), "{output:?}");
}
