//! Projects of a few lines that need no framework: every category is a command.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use apex_agents::Controller;
use apex_core::{Envelope, Event, RunView, Sink};
use tempfile::TempDir;

/// A layer in front and one behind it, both green.
pub(crate) const TWO_LAYERS: &str = "
apex: 1
layers:
  front:
    name: Front
    required_services: []
    categories:
      - {name: unit, command: ['true']}
      - {name: smoke, command: ['true']}
  behind:
    name: Behind
    required_services: []
    background_execution: true
    dependencies: [front]
    categories:
      - {name: e2e, command: ['true']}
";

/// A project in a folder that goes away with it.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    pub(crate) fn new(layer_file: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("apex.yaml"), layer_file.trim_start()).unwrap();
        Self { folder }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    #[track_caller]
    pub(crate) fn open(&self) -> Controller {
        let path = std::env::var("PATH").unwrap_or_default();
        let variables = BTreeMap::from([("PATH".to_owned(), path)]);
        Controller::open(self.root(), None, variables)
            .unwrap_or_else(|failure| panic!("{:#?}", failure.problems))
    }
}

/// Keeps every event of a run.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Event>>>);

impl Record {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.clone())
    }
}

impl Sink for Record {
    fn name(&self) -> &'static str {
        "record"
    }

    fn accept(&mut self, batch: &[Envelope], _view: &RunView) -> Result<(), String> {
        let events = batch.iter().map(|envelope| envelope.event.clone());
        self.0.lock().unwrap().extend(events);
        Ok(())
    }
}
