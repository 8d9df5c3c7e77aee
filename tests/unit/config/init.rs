//! A proposed file loads as it is.

use apex_config::init::{FoundCompose, FoundSuite, InitInventory, propose};
use apex_config::model::RunnerKind;

use super::support::{Project, lines};

fn suite(runner: RunnerKind, folder: &str) -> FoundSuite {
    FoundSuite { runner, folder: folder.to_owned(), evidence: "a file".to_owned() }
}

#[test]
fn a_proposal_for_anything_that_may_be_found_loads_without_problems() {
    let every: Vec<FoundSuite> = RunnerKind::ALL
        .into_iter()
        .filter(|runner| *runner != RunnerKind::Command)
        .map(|runner| suite(runner, "."))
        .collect();
    let odd = ["web/Client App", "web/client-app", "a:b #c", "-", "ünï", "web/client_app"]
        .map(|folder| suite(RunnerKind::Jest, folder));
    let inventories = [
        InitInventory::default(),
        InitInventory { suites: every, compose: Vec::new() },
        InitInventory { suites: odd.to_vec(), compose: Vec::new() },
        InitInventory {
            suites: vec![suite(RunnerKind::Playwright, "e2e")],
            compose: vec![FoundCompose {
                file: "docker-compose.yml".to_owned(),
                services: vec!["db".to_owned(), "web".to_owned()],
            }],
        },
    ];
    for inventory in inventories {
        let text = propose(&inventory);
        let resolved = Project::new(&text).load();
        let resolved = resolved.unwrap_or_else(|f| panic!("{text}\n{}", lines(&f.problems)));
        assert!(resolved.notes.is_empty(), "{text}\n{}", lines(&resolved.notes));
        let categories: usize = resolved.config.layers.values().map(|l| l.categories.len()).sum();
        assert_eq!(categories, inventory.suites.len().max(1), "{text}");
    }
}

#[test]
fn journeys_come_after_the_quick_suites() {
    let suites = vec![suite(RunnerKind::Cypress, "."), suite(RunnerKind::Pytest, ".")];
    let config = Project::new(&propose(&InitInventory { suites, compose: Vec::new() })).config();
    let ids: Vec<&str> = config.layers.keys().map(|id| id.as_str()).collect();
    assert_eq!(ids, ["tests", "journeys"]);
    assert_eq!(config.layers[1].dependencies[0].as_str(), "tests");
}
