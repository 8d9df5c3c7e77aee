//! Proposes a layer file for what was found in a repository.
//!
//! Pure: somebody else looks at the disk and fills the inventory in.

use std::fmt::Write as _;

use crate::model::RunnerKind;

/// What was found in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitInventory {
    /// Test suites, in the order of their folders.
    pub suites: Vec<FoundSuite>,
    /// Compose files, relative to the root, with the services in them.
    pub compose: Vec<FoundCompose>,
}

/// Tests of one framework in one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSuite {
    /// The framework.
    pub runner: RunnerKind,
    /// The folder of its project relative to the root; `.` for the root itself.
    pub folder: String,
    /// What gave it away: `pytest.ini`, `Cargo.toml`, `package.json`, …
    pub evidence: String,
}

/// A compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCompose {
    /// Its path relative to the root.
    pub file: String,
    /// The names of its services.
    pub services: Vec<String>,
}

/// Frameworks that drive a browser or a whole system: their suites are slow.
fn is_journey(runner: RunnerKind) -> bool {
    matches!(runner, RunnerKind::Playwright | RunnerKind::Cypress)
}

/// The text of a layer file for what was found. It loads without problems.
///
/// ```
/// use apex_config::init::{FoundSuite, InitInventory, propose};
/// use apex_config::model::RunnerKind;
/// let suite = FoundSuite {
///     runner: RunnerKind::Cargo,
///     folder: ".".to_owned(),
///     evidence: "Cargo.toml".to_owned(),
/// };
/// let text = propose(&InitInventory { suites: vec![suite], compose: Vec::new() });
/// assert!(text.contains("runner: cargo"));
/// ```
#[must_use]
pub fn propose(inventory: &InitInventory) -> String {
    let names = names(&inventory.suites);
    let entries: Vec<(&FoundSuite, &String)> = inventory.suites.iter().zip(&names).collect();
    let (slow, quick): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(suite, _)| is_journey(suite.runner));
    let mut text = String::from(HEAD);
    if quick.is_empty() && slow.is_empty() {
        text.push_str(NOTHING_FOUND);
    }
    if !quick.is_empty() {
        text.push_str(QUICK);
        quick.iter().for_each(|(suite, name)| category(&mut text, suite, name));
    }
    if !slow.is_empty() {
        text.push_str(JOURNEYS);
        if !quick.is_empty() {
            text.push_str("    dependencies: [tests]\n");
        }
        text.push_str("    categories:\n");
        slow.iter().for_each(|(suite, name)| category(&mut text, suite, name));
    }
    services(&mut text, &inventory.compose);
    text
}

const HEAD: &str = "\
# Layers of tests for Apex: `apex run` runs them in order, each within its time.
# `apex config show` prints what holds, `apex config schema` every field.
apex: 1

layers:
";

const NOTHING_FOUND: &str =
    "  # No test suite was found. A category can be any command that ends with 0 when all is well.
  tests:
    description: Replace the command by that of the tests
    max_duration_minutes: 10
    categories:
      - name: unit
        # Fails until it is replaced: what tests nothing must not look like a passed test.
        command: \"echo 'replace this command in apex.yaml'; exit 1\"
";

const QUICK: &str = "  # What one wants to know after every change.
  tests:
    description: Suites that were found, side by side
    max_duration_minutes: 10
    categories:
";

const JOURNEYS: &str = "  # Slow suites, after the quick ones.
  journeys:
    description: Journeys in a browser
    max_duration_minutes: 30
    execution_mode: sequential
";

fn category(text: &mut String, suite: &FoundSuite, name: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "      # found by {}", one_line(&suite.evidence));
    let _ = writeln!(text, "      - name: {name}");
    let _ = writeln!(text, "        runner: {}", suite.runner.as_str());
    if suite.folder != "." && !suite.folder.is_empty() {
        let _ = writeln!(text, "        working_directory: {}", quoted(&suite.folder));
    }
    text.push_str("        timeout_seconds: 600\n");
}

fn services(text: &mut String, compose: &[FoundCompose]) {
    let mut lines = String::new();
    for file in compose {
        for service in &file.services {
            let _ = writeln!(
                lines,
                "#   {}: {{compose: {{file: {}, service: {}}}}}",
                one_line(service),
                quoted(&file.file),
                quoted(service)
            );
        }
    }
    if !lines.is_empty() {
        text.push_str(
            "\n# Services of the compose files; name them in `required_services` of a layer.\n",
        );
        text.push_str("# services:\n");
        text.push_str(&lines);
    }
}

/// A name for every suite: its runner, with its folder where one runner occurs several times.
fn names(suites: &[FoundSuite]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for suite in suites {
        let runner = suite.runner.as_str();
        let several = suites.iter().filter(|other| other.runner == suite.runner).count() > 1;
        let base = if several && suite.folder != "." {
            word(&format!("{}_{runner}", suite.folder))
        } else {
            runner.to_owned()
        };
        let mut name = base.clone();
        let mut number = 2;
        while names.contains(&name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

/// The letters, digits and `_` of a text, for the name of a category.
fn word(text: &str) -> String {
    /// Leaves room for a number behind it within the 64 characters of a name.
    const LONGEST: usize = 56;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let word: String = text.chars().map(plain).collect();
    let start = word.len().saturating_sub(LONGEST);
    word[start..].trim_matches('_').to_owned()
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// A JSON string is a YAML string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
