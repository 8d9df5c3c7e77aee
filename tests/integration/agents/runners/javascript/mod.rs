//! The frameworks of JavaScript as their projects have them installed.
//!
//! The suites are in `tests/fixtures/javascript`, the packages in the folder that
//! `APEX_TEST_PACKAGES` names (`tests/suites/packages.sh` fills it): one folder for each version
//! of a framework, named after it. Cypress is played by a program that behaves as its
//! documentation says, because it cannot be had here.

mod cypress;
mod jest;
mod missing;
mod mocha;
mod playwright;
mod vitest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use apex_agents::runners::Tools;
use apex_config::model::RunnerKind;
use apex_core::plan::{JobSpec, Work};
use apex_tests::tool::{required, tool};
use serde_json::Value;

use super::drive::{Driven, Project, job, list_with, run_until, run_with};

/// A copy of a suite with the packages of one version of its framework.
struct Suite {
    project: Project,
    runner: RunnerKind,
    tools: Tools,
    /// Name of the version, for messages.
    version: String,
}

/// One suite for each installed version of a framework; none where none is.
fn suites(runner: RunnerKind) -> Vec<Suite> {
    let name = runner.as_str();
    let Some(node) = tool("node") else { return Vec::new() };
    let is_version = |folder: &PathBuf| {
        let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        folder == name || folder.starts_with(&format!("{name}-"))
    };
    let entries = std::fs::read_dir(packages()).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_version).collect();
    versions.sort();
    if versions.is_empty() {
        assert!(!required(name), "`{name}` is required and not in {}", packages().display());
        eprintln!("SKIPPED: {name} is not in {}", packages().display());
    }
    versions.iter().map(|version| Suite::new(runner, version, &node)).collect()
}

fn packages() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ci/packages");
    std::env::var_os("APEX_TEST_PACKAGES").map_or_else(usual, PathBuf::from)
}

impl Suite {
    fn new(runner: RunnerKind, version: &Path, node: &Path) -> Self {
        let fixture =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/javascript").join(runner.as_str());
        let project = Project::with(&[]);
        for entry in std::fs::read_dir(fixture).expect("the suite").flatten() {
            let to = project.path().join(entry.file_name());
            std::fs::copy(entry.path(), to).expect("a copy");
        }
        let modules = version.join("node_modules");
        std::os::unix::fs::symlink(&modules, project.path().join("node_modules")).expect("a link");
        // A version that needs another Node brings it.
        let own = modules.join("node/bin/node");
        let node = if own.is_file() { own } else { node.to_owned() };
        let tools = Tools::find(project.path(), "", None, &|_| None);
        let tools = Tools { node: node.display().to_string(), ..tools };
        Self { project, runner, tools, version: version.display().to_string() }
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.project.path().join(file), text).expect("a file");
    }

    fn spec(&self, files: &[&str]) -> JobSpec {
        let Work::Tests { markers, keyword, ignore, arguments, .. } = job(self.runner).work else {
            unreachable!("a job of tests")
        };
        let paths = files.iter().map(|file| (*file).to_owned()).collect();
        let mut env = BTreeMap::from([("CI".to_owned(), "1".to_owned())]);
        env.insert("HEARD".to_owned(), self.heard().display().to_string());
        env.extend(tool("chromium").map(|path| ("CHROMIUM".into(), path.display().to_string())));
        JobSpec {
            work: Work::Tests { paths, markers, keyword, ignore, arguments },
            env: env.into(),
            ..job(self.runner)
        }
    }

    fn run(&self, files: &[&str]) -> Driven {
        run_with(self.project.path(), &self.spec(files), None, &self.tools)
    }

    fn run_only(&self, files: &[&str], ids: &[&str]) -> Driven {
        run_with(self.project.path(), &self.spec(files), Some(ids), &self.tools)
    }

    /// Runs files until a test has made the file `it.ran`, and then asks for the end.
    fn run_until_mark(&self, files: &[&str]) -> Driven {
        let mark = self.project.path().join("it.ran");
        run_until(self.project.path(), &self.spec(files), &self.tools, |_| mark.exists())
    }

    fn list(&self, files: &[&str]) -> Driven {
        list_with(self.project.path(), &self.spec(files), &self.tools)
    }

    /// Where the project's own reporter writes.
    fn heard(&self) -> PathBuf {
        self.project.path().join("heard")
    }

    /// What the framework itself writes as JSON when it is called with these arguments.
    fn own_report(&self, arguments: &[&str], file: Option<&str>) -> Value {
        let program = &self.tools.packages[&self.runner].program;
        let output = Command::new(&self.tools.node)
            .arg(program)
            .args(arguments)
            .current_dir(self.project.path())
            .env("CI", "1")
            .env("CHROMIUM", tool("chromium").unwrap_or_default())
            .output()
            .expect("node starts");
        let text = match file {
            Some(file) => std::fs::read(self.project.path().join(file)).expect("a report"),
            None => output.stdout,
        };
        serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn relative(&self, path: &str) -> String {
        let real = std::fs::canonicalize(self.project.path()).expect("the project");
        let path = Path::new(path);
        path.strip_prefix(real).unwrap_or(path).display().to_string()
    }

    /// Checks the outcomes of some tests: `id`, outcome, beginning of the message.
    fn check(&self, driven: &Driven, expected: &[(&str, &str, &str)]) {
        for (id, outcome, message) in expected {
            let found = (driven.outcome(id), driven.message(id));
            assert_eq!(found.0, *outcome, "{}: {id}: {driven:#?}", self.version);
            assert!(found.1.starts_with(message), "{}: {id}: {}", self.version, found.1);
        }
    }
}

/// Counts tests of one name as Apex does: the second is `#2`.
#[derive(Default)]
struct Numbered(BTreeMap<String, String>, BTreeMap<String, u32>);

impl Numbered {
    fn put(&mut self, id: String, outcome: &str) {
        let count = self.1.entry(id.clone()).or_default();
        *count += 1;
        let id = if *count == 1 { id } else { format!("{id} #{count}") };
        self.0.insert(id, outcome.to_owned());
    }
}

/// What Apex reported, in the fewer words of frameworks.
fn in_their_words(driven: &Driven) -> BTreeMap<String, String> {
    let word = |outcome: &str| match outcome {
        "timed_out" => "failed".to_owned(),
        "flaky" => "passed".to_owned(),
        other => other.to_owned(),
    };
    driven.tests.iter().map(|(id, (outcome, _))| (id.clone(), word(outcome))).collect()
}

/// The tests of a report as jest and vitest write it.
fn of_jest_report(suite: &Suite, report: &Value) -> BTreeMap<String, String> {
    let mut numbered = Numbered::default();
    for file in report["testResults"].as_array().expect("files") {
        let name = suite.relative(file["name"].as_str().expect("a file"));
        let tests = file["assertionResults"].as_array().expect("tests");
        for test in tests {
            let titles = test["ancestorTitles"].as_array().expect("titles").iter();
            let titles: Vec<&str> =
                titles.chain([&test["title"]]).filter_map(Value::as_str).collect();
            let outcome = match test["status"].as_str().expect("a status") {
                "pending" | "todo" | "skipped" => "skipped",
                other => other,
            };
            numbered.put(format!("{name}::{}", titles.join(" > ")), outcome);
        }
        let has_failed = tests.iter().any(|test| test["status"] == "failed");
        if file["status"] == "failed" && !has_failed {
            numbered.put(name, "errored");
        }
    }
    numbered.0
}

/// Each test of a file by itself, and only that one.
fn each_name_alone(suite: &Suite, file: &str, run: impl Fn(&Suite, &[&str]) -> Driven) {
    let whole = suite.run(&[file]);
    assert!(whole.tests.len() >= 10, "{}: {whole:#?}", suite.version);
    let odd = ["bracket", "quoted", "dots", "測試", "a > b", "#2", "spaces", "group y", "2 + 2"];
    let ids: Vec<&str> = whole.tests.keys().map(String::as_str).collect();
    for word in odd {
        for id in ids.iter().filter(|id| id.contains(word)) {
            let driven = run(suite, &[id]);
            let told: Vec<&str> = driven.tests.keys().map(String::as_str).collect();
            assert_eq!(told, [*id], "{}: {driven:#?}", suite.version);
            assert_eq!((driven.outcome(id), &driven.problem), (whole.outcome(id), &None));
        }
    }
}

/// A test that makes the file `it.ran` and never ends, and one after it.
fn hanging(import: &str) -> String {
    let write = match import {
        "require" => "require('node:fs').writeFileSync('it.ran', '')",
        _ => "writeFileSync('it.ran', '')",
    };
    format!(
        "test('hangs', async () => {{ {write}; for (;;) {{}} }});\ntest('never', () => {{}});\n"
    )
}

/// A file whose test `hangs` is named when it is ended from outside, after `first` has passed.
fn hangs(suite: &Suite, text: &str, file: &str) {
    suite.write(file, text);
    let driven = suite.run_until_mark(&[file]);
    let running = driven.running();
    assert_eq!(running.len(), 1, "{}: {driven:#?}", suite.version);
    assert!(running[0].ends_with("hangs"), "{}: {driven:#?}", suite.version);
    assert_eq!(driven.count(apex_core::Outcome::Passed), 1, "{}: {driven:#?}", suite.version);
}
