//! The library face: each ready-made run means the layers that its name promises.

use std::path::Path;

use apex_agents::controller::{Controller, PreparedRun};
use apex_agents::planning::PlanningError;
use apex_core::event::RunResult;
use apex_core::oracle;
use apex_core::{Envelope, RunView, Sink};

use super::project::{Project, Record, TWO_LAYERS};

type Prepare = fn(&Controller) -> Result<PreparedRun, PlanningError>;

/// The ready-made runs with the layers and categories of each.
const READY_MADE: [(&str, Prepare, &[&str], &[&str]); 5] = [
    ("fast_feedback", Controller::fast_feedback, &["front"], &["unit", "smoke"]),
    ("full_layered", Controller::full_layered, &["front", "behind"], &["unit", "smoke", "e2e"]),
    ("background_only", Controller::background_only, &["behind"], &["e2e"]),
    ("hybrid", Controller::hybrid, &["front", "behind"], &["unit", "smoke", "e2e"]),
    ("categories", |controller| controller.categories(&["unit"]), &["selection"], &["unit"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_ready_made_run_means_its_layers_and_passes() {
    let project = Project::new(TWO_LAYERS);
    let controller = project.open();
    for (name, prepare, layers, categories) in READY_MADE {
        let prepared = prepare(&controller).unwrap();
        let plan = prepared.plan();
        let planned: Vec<&str> = plan.layers.iter().map(|layer| layer.id.as_str()).collect();
        assert_eq!(planned, layers, "{name}");
        let planned: Vec<&str> = plan.categories.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(planned, categories, "{name}");

        let outcome = prepared.run().await.unwrap();
        assert_eq!(outcome.result, RunResult::default(), "{name}");
        assert!(outcome.troubles.is_empty() && outcome.late_feeds == 0, "{name}: {outcome:?}");
    }
}

/// A runtime with one thread, as `#[tokio::main(flavor = "current_thread")]` gives it.
#[tokio::test]
async fn a_run_works_on_a_runtime_with_a_single_thread() {
    let project = Project::new(TWO_LAYERS);
    let outcome = project.open().fast_feedback().unwrap().run().await.unwrap();
    assert_eq!(outcome.result, RunResult::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_of_one_program_have_different_ids() {
    struct Id(std::sync::mpsc::Sender<String>);
    impl Sink for Id {
        fn name(&self) -> &'static str {
            "id"
        }
        fn accept(&mut self, _: &[Envelope], _: &RunView) -> Result<(), String> {
            Ok(())
        }
        fn close(&mut self, view: &RunView) -> Result<(), String> {
            let run = view.identity().map(|identity| identity.run.to_string());
            self.0.send(run.unwrap_or_default()).map_err(|error| error.to_string())
        }
    }
    let project = Project::new(TWO_LAYERS);
    let (sender, ids) = std::sync::mpsc::channel();
    for _ in 0..2 {
        let sink = Box::new(Id(sender.clone()));
        project.open().fast_feedback().unwrap().sink(sink).run().await.unwrap();
    }
    drop(sender);
    let ids: Vec<String> = ids.iter().collect();
    assert_eq!(ids.len(), 2);
    assert!(!ids[0].is_empty() && ids[0] != ids[1], "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_command_fails_the_run_and_the_stream_keeps_the_laws() {
    let project = Project::new(
        &TWO_LAYERS.replace("{name: unit, command: ['true']}", "{name: unit, command: ['false']}"),
    );
    struct Envelopes(std::sync::mpsc::Sender<Envelope>);
    impl Sink for Envelopes {
        fn name(&self) -> &'static str {
            "envelopes"
        }
        fn accept(&mut self, batch: &[Envelope], _: &RunView) -> Result<(), String> {
            batch.iter().try_for_each(|one| self.0.send(one.clone())).map_err(|e| e.to_string())
        }
    }
    let (sender, envelopes) = std::sync::mpsc::channel();
    let prepared = project.open().full_layered().unwrap().sink(Box::new(Envelopes(sender)));
    let outcome = prepared.run().await.unwrap();
    assert!(outcome.result.tests_failed, "{outcome:?}");
    let stream: Vec<Envelope> = envelopes.iter().collect();
    assert_eq!(oracle::judge(&stream), []);
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    let project = Project::new(TWO_LAYERS);
    let controller = project.open();
    let refused = |prepared: Result<PreparedRun, PlanningError>| match prepared {
        Err(PlanningError::Unknown(unknown)) => unknown.nearest,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    };
    assert_eq!(refused(controller.mode("nightley")).as_deref(), Some("nightly"));
    assert_eq!(refused(controller.categories(&["unitt"])).as_deref(), Some("unit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn output_goes_where_it_was_asked_to_go() {
    let file = TWO_LAYERS.replace("['true']", "[echo, here]");
    let project = Project::new(&file);
    let folder = project.root().join("elsewhere");
    let prepared = project.open().fast_feedback().unwrap().output(folder.clone());
    prepared.run().await.unwrap();
    let written: Vec<String> = texts(&folder);
    assert_eq!(written.len(), 2, "{written:?}");
    assert!(written.iter().all(|text| text.contains("here")), "{written:?}");
}

fn texts(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|end| end == "log"));
    files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_the_project_can_be_run_again() {
    let project = Project::new(TWO_LAYERS);
    let controller = project.open();
    let plan = controller.fast_feedback().unwrap().plan().as_ref().clone();
    let record = Record::default();
    let outcome = controller.with_plan(plan).sink(record.sink()).run().await.unwrap();
    assert_eq!(outcome.result, RunResult::default());
    assert!(!record.events().is_empty());
}
