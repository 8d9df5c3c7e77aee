//! Tests that must not overlap: what carries the marker `serial` in pytest.
//!
//! Marks are seen in the text of a file. A mark that no text shows (one that a plug-in or a
//! `conftest.py` adds to the tests of another folder) is not seen, and its test runs among the
//! others: once, but perhaps beside another serial one.

use std::sync::Arc;

use apex_config::model::RunnerKind;

use super::load::{self, FileLoad};
use super::pack::Bin;
use super::{Content, CutJob, Cutting, parts};
use crate::estimate::Amount;

/// What is held by tests that are serial without the name of a resource.
const SERIAL: &str = "serial";

/// How many starts of a program the unmarked tests have to be worth, before the marked ones
/// get a program of their own instead of making the whole job serial.
const WORTH_A_START: f64 = 2.0;

/// How many jobs of the usual size the files with marks may fill, all tests included, to become
/// one serial job as they are.
const WITH_THEIR_FILES: f64 = 1.0;

/// Cuts work into jobs, the serial tests in at most one of them.
pub(super) fn apart(cutting: &Cutting<'_, '_>, loads: &[FileLoad<'_>]) -> Vec<CutJob> {
    let takes_marks = cutting.found.spec.runner == RunnerKind::Pytest;
    let marked: Vec<&FileLoad<'_>> =
        loads.iter().filter(|load| takes_marks && load.marks > 0).collect();
    let bins = cutting.bins(loads);
    if marked.is_empty() {
        return parts::jobs(cutting, &bins, &[]);
    }
    let holds = resources(cutting, &marked);
    match arrangement(cutting, loads, bins.len()) {
        Arrangement::WholeJob => {
            let mut jobs = parts::jobs(cutting, &bins, &[]);
            jobs.iter_mut().for_each(|job| job.holds.clone_from(&holds));
            jobs
        }
        Arrangement::OwnFiles => with_own_files(cutting, loads, &holds),
        Arrangement::OwnTests => with_own_tests(cutting, &bins, &marked, holds),
    }
}

enum Arrangement {
    /// One small job holds the resources from its beginning to its end.
    WholeJob,
    /// One job has the files with marks and nothing else.
    OwnFiles,
    /// One job has the marked tests, the others have the rest of their files.
    OwnTests,
}

fn arrangement(cutting: &Cutting<'_, '_>, loads: &[FileLoad<'_>], jobs: usize) -> Arrangement {
    if !cutting.may_cut {
        // Shards run beside each other, the one job of a work that is not cut does not.
        let is_sharded = cutting.found.spec.shard.is_some();
        return if is_sharded { Arrangement::OwnTests } else { Arrangement::WholeJob };
    }
    let in_marked = loads.iter().filter(|load| load.marks > 0);
    let in_marked: f64 = in_marked.map(|load| load.tests_together.mean).sum();
    let total = load::total(loads).mean;
    let serial: f64 = loads.iter().map(serial_share).sum();
    let start = cutting.estimate.startup.once;
    if jobs < 2 {
        let worth = total - serial > WORTH_A_START * start && cutting.rules.width > 1;
        return if worth { Arrangement::OwnTests } else { Arrangement::WholeJob };
    }
    let usual = total / f64::from(u32::try_from(jobs).unwrap_or(u32::MAX));
    if in_marked <= WITH_THEIR_FILES * usual {
        Arrangement::OwnFiles
    } else {
        Arrangement::OwnTests
    }
}

/// What the marked tests of a file are expected to take, in seconds: its tests are taken for
/// equal.
fn serial_share(load: &FileLoad<'_>) -> f64 {
    let share = f64::from(load.marks.min(load.count)) / f64::from(load.count.max(1));
    load.tests_together.mean * share
}

/// The names of what the marked tests hold.
fn resources(cutting: &Cutting<'_, '_>, marked: &[&FileLoad<'_>]) -> Vec<Arc<str>> {
    let mut holds: Vec<Arc<str>> = Vec::new();
    for load in marked {
        let serial = &cutting.found.sources[load.file].serial;
        if serial.plain {
            holds.push(SERIAL.into());
        }
        holds.extend(serial.names.iter().cloned());
    }
    holds.sort();
    holds.dedup();
    holds
}

fn with_own_files(
    cutting: &Cutting<'_, '_>,
    loads: &[FileLoad<'_>],
    holds: &[Arc<str>],
) -> Vec<CutJob> {
    let (marked, others): (Vec<FileLoad<'_>>, Vec<FileLoad<'_>>) =
        loads.iter().cloned().partition(|load| load.marks > 0);
    let mut bins = cutting.bins(&others);
    bins.push(Bin::of(marked.iter().map(FileLoad::whole)));
    let mut jobs = parts::jobs(cutting, &bins, &[]);
    if let Some(serial) = jobs.last_mut() {
        serial.holds = holds.to_vec();
        serial.content.how.push_str(", the files with tests that must not overlap");
    }
    jobs
}

fn with_own_tests(
    cutting: &Cutting<'_, '_>,
    bins: &[Bin],
    marked: &[&FileLoad<'_>],
    holds: Vec<Arc<str>>,
) -> Vec<CutJob> {
    let files: Vec<usize> = marked.iter().map(|load| load.file).collect();
    let mut jobs = parts::jobs(cutting, bins, &files);
    // Of several shards that the user asked for, the first brings the serial tests of all.
    if cutting.found.spec.shard.is_none_or(|(number, _)| number == 1) {
        let share = |load: &&FileLoad<'_>| {
            let mean = load.tests_together.mean.max(1e-9);
            load.tests_together.times(serial_share(load) / mean)
        };
        let tests = marked.iter().map(share).fold(Amount::default(), Amount::plus);
        let content = Content {
            tests,
            count: marked.iter().map(|load| load.marks.min(load.count)).sum(),
            // Which of them are marked is not known: whatever befell one of them counts.
            known: marked.iter().flat_map(|load| load.whole().known).collect(),
            is_new: marked.iter().any(|load| load.is_new),
            how: "the tests that must not overlap".to_owned(),
        };
        let number = u32::try_from(jobs.len() + 1).unwrap_or(u32::MAX);
        let spec = parts::serial_spec(cutting, &files, number);
        jobs.push(CutJob { spec, holds, content });
        parts::renumber(&mut jobs);
    }
    jobs
}
