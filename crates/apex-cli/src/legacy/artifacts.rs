//! What a run leaves behind for programs that look for the older files, and the texts behind its
//! summary. Nothing here changes a verdict, but the least coverage that was asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use apex_agents::errand::Errand;
use apex_agents::machine::Machine;
use apex_config::model::CommandLine;
use apex_monitor::legacy::{
    Decision, Layout, Outline, ReportFolder, ReportSettings, Rules, failure_groups,
    failure_history, layer_results, progress_file, report, report_text, slowest_tests, write_text,
};
use apex_monitor::report::{Format, Recorded, write_file};
use apex_monitor::run_dir::RunDirectory;
use serde_json::json;

use super::asked::Asked;
use super::filters::Filters;
use super::flag::Flag;
use super::frameworks::wants_coverage;
use super::{setting, strict};
use crate::{assemble, out};

/// Kilobytes from which a report counts as large, when nobody says.
const USUAL_LIMIT: u32 = 100;

/// Bytes of a job's output that a report holds.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// How long a report on coverage may take.
const COVERAGE_PATIENCE: Duration = Duration::from_secs(120);

/// Rows of the table of slow tests, when nobody says.
const SLOWEST: u32 = 10;

/// Fields that are never cut, when nobody says.
const KEPT: [&str; 4] = ["summary", "overall_success", "total_duration", "failed_tests"];

/// What is known when a run is over.
pub(crate) struct After {
    pub(crate) asked: Asked,
    pub(crate) root: PathBuf,
    pub(crate) outline: Outline,
    pub(crate) rules: Rules,
    pub(crate) filters: Filters,
    pub(crate) variables: std::collections::BTreeMap<String, String>,
}

impl After {
    /// Whether events or a report stand alone on standard output.
    fn is_data_alone(&self) -> bool {
        self.asked.is_on(Flag::JsonOutput) || self.asked.value(Flag::ProgressMode) == Some("json")
    }

    fn say(&self, text: &str) {
        if self.is_data_alone() { out::people(text) } else { out::data(text) }
    }
}

/// Writes everything; the exit code.
pub(crate) fn write(
    after: &After,
    run: &Recorded,
    directory: &RunDirectory,
    decision: Decision,
) -> u8 {
    let decision = with_coverage(after, decision);
    texts(after, run, directory, &decision);
    let began = run.view.identity().map_or(0, |identity| identity.unix_millis);
    let folder = ReportFolder::of(&after.root, began);
    let report = main_report(after, run, directory, &folder, &decision);
    side_reports(after, run, &folder);
    records(after, run, &folder, began);
    if after.asked.is_on(Flag::JsonOutput) {
        out::data(&report.text);
    }
    if let Some(path) = report.path {
        after.say(&format!("Report: {}\n", shown(&after.root, &path)));
    }
    let code = if report.is_beyond {
        strict::of_large_report(&after.asked, decision.code)
    } else {
        decision.code
    };
    strict::of_staging(&after.asked, run, directory, code).unwrap_or(code)
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// A report that was made.
struct Made {
    text: String,
    path: Option<PathBuf>,
    /// Whether it is larger than what was asked for.
    is_beyond: bool,
}

fn main_report(
    after: &After,
    run: &Recorded,
    directory: &RunDirectory,
    folder: &ReportFolder,
    decision: &Decision,
) -> Made {
    let asked = &after.asked;
    let settings = report_settings(asked, run, directory, after);
    let value = report(&run.view, &after.outline, decision, &settings);
    let (text, is_large) = report_text(&value, &settings);
    let is_beyond = is_large && !settings.cuts;
    if is_beyond {
        tell(&format!(
            "the report has more than {} KB; --json-auto-truncate cuts it",
            settings.limit / 1024
        ));
    }
    let formats = asked.values(Flag::OutputFormat);
    if !formats.is_empty() && !formats.contains(&"json") && !asked.is_given(Flag::Output) {
        return Made { text, path: None, is_beyond };
    }
    let path = folder.free("test_report", "json");
    let mut places = vec![path.clone(), folder.at("latest.json")];
    places.extend(asked.value(Flag::Output).map(PathBuf::from));
    for place in &places {
        wrote(place, write_text(place, &text));
    }
    Made { text, path: Some(path), is_beyond }
}

fn report_settings(
    asked: &Asked,
    run: &Recorded,
    directory: &RunDirectory,
    after: &After,
) -> ReportSettings {
    let kept = asked.values(Flag::JsonPreserveFields);
    let kept: Vec<String> = if kept.is_empty() {
        KEPT.map(str::to_owned).to_vec()
    } else {
        kept.into_iter().map(str::to_owned).collect()
    };
    let verbosity =
        asked.whole(Flag::JsonVerbosity).and_then(|it| u8::try_from(it).ok()).unwrap_or(2);
    let requested: Vec<&str> = asked.occurrences.iter().map(|one| one.spelled.as_str()).collect();
    let environment = run.view.plan().request.environment.as_ref().map(ToString::to_string);
    ReportSettings {
        verbosity,
        limit: asked.whole(Flag::JsonSizeLimit).unwrap_or(USUAL_LIMIT) as usize * 1024,
        cuts: asked.is_on(Flag::JsonAutoTruncate),
        kept,
        layout: match asked.value(Flag::JsonFormat) {
            Some("compact") => Layout::Compact,
            Some("pretty") => Layout::Pretty,
            _ => Layout::Auto,
        },
        settings: json!({
            "requested": requested,
            "effective": { "environment": environment, "patterns": after.filters.patterns },
        }),
        output: if verbosity >= 5 { output(directory) } else { Vec::new() },
    }
}

/// The end of what each job wrote, by the name of its file.
fn output(directory: &RunDirectory) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(directory.path().join("output")).into_iter().flatten();
    let mut all: Vec<(String, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let bytes = std::fs::read(entry.path()).ok()?;
            let last = &bytes[bytes.len().saturating_sub(OUTPUT_LIMIT)..];
            let name = entry.file_name().to_string_lossy().into_owned();
            Some((name, String::from_utf8_lossy(last).into_owned()))
        })
        .collect();
    all.sort();
    all
}

/// JUnit, HTML and CSV, as asked.
fn side_reports(after: &After, run: &Recorded, folder: &ReportFolder) {
    let asked = &after.asked;
    let formats = asked.values(Flag::OutputFormat);
    let wants = |words: &[&str]| words.iter().any(|word| formats.contains(word));
    if asked.is_given(Flag::JunitXml) || asked.is_on(Flag::CiMode) || wants(&["junit", "xml"]) {
        let path = match asked.value(Flag::JunitXml) {
            Some(path) => PathBuf::from(path),
            None => folder.free("junit", "xml"),
        };
        make(Format::Junit, run, &path);
    }
    if asked.is_on(Flag::HtmlOutput) || wants(&["html"]) {
        make(Format::Html, run, &folder.free("test_report", "html"));
    }
    if wants(&["csv"]) {
        make(Format::Csv, run, &folder.free("test_report", "csv"));
    }
}

fn make(format: Format, run: &Recorded, path: &Path) {
    if let Some(folder) = path.parent() {
        // Whether it is there shows when the file is written.
        let _ = std::fs::create_dir_all(folder);
    }
    wrote(path, write_file(format, run, path));
}

/// Progress, results of layers, history of failures, metrics.
fn records(after: &After, run: &Recorded, folder: &ReportFolder, began: u64) {
    let seconds = began / 1000;
    let progress = format!("{:#}\n", progress_file(&run.view, &after.outline));
    for name in ["progress", "summary"] {
        let path = folder.at(&format!("progress/{name}_run_{seconds}.json"));
        wrote(&path, write_text(&path, &progress));
    }
    if after.outline.by_layers {
        for (id, result) in layer_results(&run.view) {
            let path = folder.at(&format!("layers/{id}.json"));
            wrote(&path, write_text(&path, &format!("{result:#}\n")));
        }
    }
    let path = folder.at("failure_history.json");
    let earlier = std::fs::read_to_string(&path).unwrap_or_default();
    wrote(&path, write_text(&path, &format!("{:#}\n", failure_history(&earlier, &run.view))));
}

/// The texts behind the summary that flags ask for.
fn texts(after: &After, run: &Recorded, directory: &RunDirectory, decision: &Decision) {
    let asked = &after.asked;
    if setting::global(asked).quiet {
        return;
    }
    if asked.is_on(Flag::FailureAnalysis) && decision.code != 0 {
        after.say(&failure_groups(&run.view));
    }
    if asked.is_on(Flag::Profile) || asked.is_given(Flag::Slowest) {
        let rows = asked.whole(Flag::Slowest).unwrap_or(SLOWEST);
        let table = slowest_tests(&run.view, rows as usize);
        after.say(&table);
        let began = run.view.identity().map_or(0, |identity| identity.unix_millis);
        let path = ReportFolder::of(&after.root, began).free("profile", "json");
        let tests: Vec<_> = run
            .view
            .tests()
            .iter()
            .map(|test| json!({"id": &*test.case.id, "seconds": test.duration.map(|it| it.as_secs_f64())}))
            .collect();
        wrote(&path, write_text(&path, &format!("{:#}\n", json!({ "tests": tests }))));
    }
    if asked.is_on(Flag::ShowWarnings) {
        after.say(&warnings(directory));
    }
    if asked.is_on(Flag::DockerStats) {
        let services = run.view.plan().services.iter().zip(run.view.services());
        let rows: Vec<_> = services
            .map(|(planned, seen)| json!({"name": planned.name.as_str(), "was_ready": seen.was_ready}))
            .collect();
        after.say(&format!("{}\n", json!({ "services": rows })));
    }
}

/// The summaries of warnings that frameworks wrote.
fn warnings(directory: &RunDirectory) -> String {
    let mut text = String::from("Warnings:\n");
    for (name, output) in output(directory) {
        let mut is_inside = false;
        for line in output.lines() {
            let is_title = line.starts_with("===");
            is_inside = if is_title { line.contains("warnings summary") } else { is_inside };
            if (is_inside && !is_title) || (!is_inside && line.contains("DeprecationWarning")) {
                text.push_str(&format!("  [{name}] {line}\n"));
            }
        }
    }
    text
}

/// The decision with the least coverage that was asked for.
fn with_coverage(after: &After, decision: Decision) -> Decision {
    let Some(least) = after.asked.whole(Flag::MinCoverage).filter(|_| wants_coverage(&after.asked))
    else {
        return decision;
    };
    let measured = measured(after);
    let (is_enough, line) = match measured {
        Some(share) => {
            (share >= f64::from(least), format!("Coverage: {share:.0}% of at least {least}%\n"))
        }
        None => {
            (false, format!("Coverage: nothing was measured, at least {least}% is asked for\n"))
        }
    };
    after.say(&line);
    if is_enough || decision.code != 0 {
        return decision;
    }
    after.say("Overall: FAILED\nReason: coverage is below what is asked for\n");
    Decision { code: 1, reason: "coverage is below what is asked for".to_owned(), ..decision }
}

/// What the coverage of Python amounts to, in percent.
fn measured(after: &After) -> Option<f64> {
    let machine = Machine { variables: &after.variables, folder: &after.root };
    let python = machine.python_of("")?;
    let words = ["-m", "coverage", "report", "--format=total", "--precision=2"];
    let words: Vec<String> =
        std::iter::once(python.display().to_string()).chain(words.map(str::to_owned)).collect();
    let errand = Errand {
        command: &CommandLine::Arguments(words),
        folder: &after.root,
        variables: &after.variables,
        input: "",
        limit: COVERAGE_PATIENCE,
    };
    let answer = assemble::runtime().ok()?.block_on(errand.run()).ok()?;
    answer.stdout.trim().parse().ok()
}

/// A note for people.
pub(crate) fn tell(text: &str) {
    out::people(&format!("note: {text}\n"));
}

fn wrote(path: &Path, done: std::io::Result<()>) {
    if let Err(error) = done {
        out::people(&format!("warning: {} cannot be written: {error}\n", path.display()));
    }
}
