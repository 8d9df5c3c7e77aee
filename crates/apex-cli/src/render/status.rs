//! How the runs of a project stand, for people.

use std::fmt::Write as _;
use std::time::Duration;

use apex_monitor::history::utc;
use apex_monitor::run_dir::Listing;
use apex_monitor::status::{
    ActiveRun, ActiveUse, BackgroundTask, EngineState, Resources, Status, UseRow,
};
use apex_monitor::summary::CountsRow;

use super::table::aligned;

/// Warnings of a run that are shown; the others are counted.
const WARNINGS: usize = 5;

/// `apex status`.
pub(crate) fn page(status: &Status) -> String {
    // Writing to a `String` cannot fail, here and below.
    let mut page = format!("apex {}\n", status.version);
    if status.active.is_empty() {
        page.push_str("\nno run goes on\n");
    }
    for run in &status.active {
        page.push('\n');
        active(&mut page, run);
    }
    if !status.layers.is_empty() {
        page.push_str("\nlast verdict of each layer\n");
        let rows = status.layers.iter().map(|last| {
            let began = utc(last.started_unix_millis);
            let cells = [&last.layer, &last.verdict, &began, &last.run, &last.reason];
            std::iter::once(format!("  {}", cells[0]))
                .chain(cells[1..].iter().map(|cell| (*cell).clone()))
                .collect()
        });
        page.push_str(&aligned(&rows.collect::<Vec<Vec<String>>>()));
    }
    if !status.tasks.is_empty() {
        page.push_str("\nbackground tasks\n");
        page.push_str(&aligned(&status.tasks.iter().map(task).collect::<Vec<_>>()));
    }
    if !status.recent.is_empty() {
        page.push_str("\nlatest runs\n");
        let runs = status.recent.clone();
        let schema = apex_monitor::run_dir::RUNS_SCHEMA.to_owned();
        page.push_str(&super::runs::listing(&Listing { schema, runs, left_out: 0 }));
    }
    page.push('\n');
    status.resources.iter().for_each(|found| machine(&mut page, found));
    status.engine.iter().for_each(|found| engine(&mut page, found));
    page
}

fn task(task: &BackgroundTask) -> Vec<String> {
    let code = task.exit_code.map_or_else(String::new, |code| format!("exit code {code}"));
    let since = format!("since {}", utc(task.since_unix_millis));
    vec![format!("  {}", task.task), task.state.clone(), since, code, task.title.clone()]
}

fn active(page: &mut String, run: &ActiveRun) {
    let mode = run.mode.as_ref().map_or_else(String::new, |mode| format!(", mode {mode}"));
    let limit = run.budget_seconds.or(run.expected_seconds);
    let word = if run.budget_seconds.is_some() { "budget" } else { "expected" };
    let of = limit.map_or_else(String::new, |limit| format!(" of {} {word}", time(limit)));
    let _ = writeln!(page, "run {}{mode}: {}{of}", run.run, time(run.elapsed_seconds));
    let _ = writeln!(
        page,
        "  tests     {}, {} running; jobs: {} running, {} waiting, {} slots",
        tests(&run.tests),
        run.running_tests,
        run.running_jobs,
        run.queue,
        run.slots
    );
    let _ = writeln!(page, "  last word {} ago", time(run.silent_seconds));
    run.used.iter().for_each(|found| looked_at(page, found));
    let layers = run.layers.iter().map(|layer| {
        let budget =
            layer.budget_seconds.map_or_else(String::new, |one| format!(" of {}", time(one)));
        let spent = format!("{}{budget}", time(layer.spent_seconds));
        let what = [&layer.id, &layer.state, &spent, &tests(&layer.tests), &layer.reason];
        row("layer", &what.map(String::as_str))
    });
    let services = run.services.iter().map(|service| {
        let places = service.addresses.join(", ");
        let reason = service.reason.lines().next().unwrap_or_default();
        row("service", &[&service.name, &service.state, &places, reason])
    });
    let agents =
        run.agents.iter().map(|agent| row("agent", &[&agent.name, &agent.state, &agent.reason]));
    let used = run.used.iter().flat_map(used_rows);
    let alerts =
        run.alerts.iter().map(|alert| row("alert", &[&alert.alert, &alert.level, &alert.why]));
    page.push_str(&aligned(&layers.chain(services).chain(agents).collect::<Vec<_>>()));
    // Apart: these words are long, and would push everything else away.
    page.push_str(&aligned(&used.collect::<Vec<_>>()));
    page.push_str(&aligned(&alerts.collect::<Vec<_>>()));
    for warning in run.warnings.iter().take(WARNINGS) {
        let _ = writeln!(page, "  warning   {}", warning.lines().next().unwrap_or_default());
    }
    if run.warnings.len() > WARNINGS {
        let _ =
            writeln!(page, "  and {} more", super::count(run.warnings.len() - WARNINGS, "warning"));
    }
}

/// What the latest look saw of machine and Apex.
fn looked_at(page: &mut String, found: &ActiveUse) {
    let mut words = Vec::new();
    words.extend(found.host_cpu.map(|share| format!("processors {:.0} % busy", share * 100.0)));
    words.extend(found.host_memory_available_mb.map(|left| format!("memory {left} MiB left")));
    words.push(format!("apex itself {}", amounts(&found.apex).join(", ")));
    let _ = writeln!(page, "  use       {} ago: {}", time(found.age_seconds), words.join("; "));
    if found.jobs_left_out > 0 {
        let more = super::count(found.jobs_left_out, "smaller job");
        let _ = writeln!(page, "  use       {more} not listed");
    }
}

/// What jobs and services used at that look.
fn used_rows(found: &ActiveUse) -> impl Iterator<Item = Vec<String>> {
    let each = found.jobs.iter().chain(&found.services);
    each.map(|one| {
        let name = one.job.map_or_else(|| one.name.clone(), |job| format!("{} #{job}", one.name));
        row("uses", &[&name, &amounts(&one.used).join(", ")])
    })
}

fn amounts(used: &UseRow) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(used.cpus.map(|cpus| format!("{cpus:.2} processors")));
    words.extend(used.memory_mb.map(|mebibytes| format!("{mebibytes} MiB")));
    words.extend(used.cpu_seconds.map(|spent| format!("{} of processor time", time(spent))));
    words.extend(
        used.read_mb
            .zip(used.written_mb)
            .map(|(read, written)| format!("{read} MiB read, {written} MiB written")),
    );
    words
}

fn row(title: &str, cells: &[&str]) -> Vec<String> {
    let cells = cells.iter().map(|cell| (*cell).to_owned());
    std::iter::once(format!("  {title:<8}")).chain(cells).collect()
}

fn tests(counts: &CountsRow) -> String {
    let failed = counts.failed + counts.errored + counts.timed_out;
    format!("{} of {} run, {failed} failed", counts.executed, counts.selected)
}

fn machine(page: &mut String, found: &Resources) {
    let mut words = Vec::new();
    if let Some(processors) = found.processors {
        words.push(super::count(processors as usize, "processor"));
    }
    words.extend(found.load.map(|load| format!("load {load:.1}")));
    if let (Some(left), Some(all)) = (found.memory_available_mb, found.memory_mb) {
        words.push(format!("memory {left} of {all} MiB left"));
    }
    words.extend(found.disk_available_mb.map(|left| format!("disk {left} MiB left")));
    let pressure = [
        ("processors", found.cpu_pressure),
        ("memory", found.memory_pressure),
        ("disks", found.io_pressure),
    ];
    let waits = pressure
        .into_iter()
        .filter_map(|(name, share)| share.map(|share| format!("{name} {:.0} %", share * 100.0)));
    let waits: Vec<String> = waits.collect();
    if !waits.is_empty() {
        words.push(format!("waiting for {}", waits.join(", ")));
    }
    let _ = writeln!(page, "machine: {}", words.join("; "));
}

fn engine(page: &mut String, found: &EngineState) {
    if !found.is_reachable {
        let reason = found.reason.replace('\n', "\n  ");
        let _ = writeln!(page, "container engine: does not answer: {reason}");
        return;
    }
    let number = super::count(found.containers.len(), "container");
    let _ = writeln!(page, "container engine: answers, {number} of this project");
    let rows = found
        .containers
        .iter()
        .map(|one| row("", &[&one.service, if one.runs { "runs" } else { "stopped" }, &one.run]));
    page.push_str(&aligned(&rows.collect::<Vec<_>>()));
}

fn time(seconds: f64) -> String {
    let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    // Tenths of a second are enough for eyes.
    let tenths = u64::try_from(duration.as_millis() / 100).unwrap_or(0);
    super::duration(Duration::from_millis(tenths * 100))
}
