//! What machine, Apex, categories and services used, as metrics, by the latest look.
//!
//! Jobs are summed by category: their number is bounded by the plan and not by its jobs.

use std::time::Duration;

use apex_core::resource::{HostUse, ResourceSample, Use};
use apex_core::{JobIx, RunView};

use super::{Metric, Point, Value};
use crate::names::{self, Name};

/// Bytes of a mebibyte.
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Everything that was seen; metrics without a point among them.
pub(super) fn of(view: &RunView) -> Vec<Metric> {
    let mut all = of_ended(view).to_vec();
    if let Some((_, sample)) = view.resources().latest() {
        all.extend(of_host(&sample.host));
        all.extend(of_apex(&sample.apex));
        all.extend(of_running(view, sample));
        all.extend(of_services(view, sample));
    }
    all
}

fn of_host(host: &HostUse) -> [Metric; 4] {
    let memory = host.memory_mb.zip(host.memory_available_mb);
    let used = memory.map(|(all, left)| bytes(all.saturating_sub(left)));
    let pressure =
        [("cpu", host.pressure.cpu), ("memory", host.pressure.memory), ("io", host.pressure.io)];
    let disks = [
        ("read", host.read_mb_per_second.map(|rate| rate * MEBIBYTE)),
        ("write", host.written_mb_per_second.map(|rate| rate * MEBIBYTE)),
    ];
    let memory = [("used", used), ("free", memory.map(|(_, left)| bytes(left)))];
    [
        Metric { name: names::CPU_UTILIZATION, points: alone(host.cpu) },
        by(names::MEMORY_USAGE, names::MEMORY_STATE, memory),
        by(names::HOST_PRESSURE, names::RESOURCE, pressure),
        by(names::HOST_DISK_RATE, names::DISK_DIRECTION, disks),
    ]
}

fn of_apex(apex: &Use) -> [Metric; 2] {
    let memory = apex.memory_mb.map(|mebibytes| bytes(mebibytes.into()));
    [
        Metric { name: names::OWN_MEMORY, points: alone(memory) },
        Metric { name: names::OWN_CPUS, points: alone(apex.cpus) },
    ]
}

/// Sums over the jobs that ran at the latest look.
fn of_running(view: &RunView, sample: &ResourceSample) -> [Metric; 2] {
    let of_jobs = |each: fn(&Use) -> Option<f64>| {
        categories(view, sample.jobs.iter().map(|(job, used)| (*job, each(used))), |sum, one| {
            sum + one
        })
    };
    let memory = |used: &Use| used.memory_mb.map(|mebibytes| bytes(mebibytes.into()));
    [
        Metric { name: names::CATEGORY_MEMORY, points: of_jobs(memory) },
        Metric { name: names::CATEGORY_CPUS, points: of_jobs(|used| used.cpus) },
    ]
}

/// What jobs came to, whether somebody looked from time to time or not.
fn of_ended(view: &RunView) -> [Metric; 2] {
    let jobs = || view.jobs().iter().enumerate();
    let peaks = jobs().map(|(position, job)| {
        (JobIx::at(position), job.peak_memory_mb.map(|mebibytes| bytes(mebibytes.into())))
    });
    let times = jobs().map(|(position, job)| {
        (JobIx::at(position), job.cpu_time.as_ref().map(Duration::as_secs_f64))
    });
    [
        Metric { name: names::CATEGORY_PEAK, points: categories(view, peaks, f64::max) },
        Metric {
            name: names::CATEGORY_CPU_TIME,
            points: categories(view, times, |sum, one| sum + one),
        },
    ]
}

fn of_services(view: &RunView, sample: &ResourceSample) -> [Metric; 2] {
    let of_services = |each: fn(&Use) -> Option<f64>| {
        let points = sample.services.iter().filter_map(|(service, used)| {
            let planned = view.plan().services.get(service.position())?;
            let labels = vec![(names::SERVICE, planned.name.to_string())];
            Some(Point { labels, value: Value::Number(each(used)?) })
        });
        points.collect()
    };
    let memory = |used: &Use| used.memory_mb.map(|mebibytes| bytes(mebibytes.into()));
    [
        Metric { name: names::SERVICE_MEMORY, points: of_services(memory) },
        Metric { name: names::SERVICE_CPUS, points: of_services(|used| used.cpus) },
    ]
}

/// The numbers of jobs, joined for each category that has some.
fn categories(
    view: &RunView,
    jobs: impl Iterator<Item = (JobIx, Option<f64>)>,
    join: impl Fn(f64, f64) -> f64,
) -> Vec<Point> {
    let plan = view.plan();
    let mut joined: Vec<Option<f64>> = vec![None; plan.categories.len()];
    for (job, number) in jobs {
        let category = view.category_of(job).and_then(|one| joined.get_mut(one.position()));
        if let (Some(category), Some(number)) = (category, number) {
            *category = Some(category.map_or(number, |before| join(before, number)));
        }
    }
    let named = plan.categories.iter().zip(joined).filter_map(|(category, number)| {
        let labels = vec![
            (names::LAYER, plan.layer(category.layer).id.to_string()),
            (names::CATEGORY, category.name.to_string()),
        ];
        Some(Point { labels, value: Value::Number(number?) })
    });
    named.collect()
}

fn alone(number: Option<f64>) -> Vec<Point> {
    let point = |number| Point { labels: Vec::new(), value: Value::Number(number) };
    number.map(point).into_iter().collect()
}

fn by<const N: usize>(name: Name, label: Name, numbers: [(&str, Option<f64>); N]) -> Metric {
    let points = numbers.into_iter().filter_map(|(word, number)| {
        let labels = vec![(label, word.to_owned())];
        Some(Point { labels, value: Value::Number(number?) })
    });
    Metric { name, points: points.collect() }
}

#[expect(clippy::cast_precision_loss, reason = "no machine has 2^53 mebibytes")]
const fn bytes(mebibytes: u64) -> f64 {
    mebibytes as f64 * MEBIBYTE
}
