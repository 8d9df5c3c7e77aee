//! From bins to jobs, in the words of each framework.
//!
//! One job of a Python work is the rest: it keeps the paths of the whole work and leaves out the
//! files of the others, so that a file which nobody knew of runs too, and once. In the same way
//! one piece of a file that is cut is "the file without the ids of the other pieces".

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use apex_config::model::RunnerKind;

use super::pack::{Bin, Piece};
use super::{Content, CutJob, Cutting};
use crate::plan::job::{JobSpec, Part, SerialShare, Work};

/// The jobs of some bins. Tests that are marked serial in the files `marked` are left out.
pub(super) fn jobs(cutting: &Cutting<'_, '_>, bins: &[Bin], marked: &[usize]) -> Vec<CutJob> {
    let keeps_paths = cutting.found.spec.runner != RunnerKind::Node;
    // The bin with most files keeps the paths: the fewest are left to be named.
    let files = |bin: &&Bin| bin.pieces.len();
    let rest = bins.iter().max_by_key(files).filter(|_| keeps_paths || bins.len() < 2);
    let ids = ids_elsewhere(bins);
    let total: f64 = bins.iter().map(|bin| bin.amount.mean).sum();
    let numbered = bins.iter().enumerate();
    let mut jobs: Vec<CutJob> = numbered
        .map(|(at, bin)| {
            let is_rest = rest.is_some_and(|rest| std::ptr::eq(rest, bin));
            let place = Place { cutting, bins, is_rest };
            let mut part = part_of(&place, bin, marked);
            for piece in bin.pieces.iter().filter(|piece| piece.is_cut) {
                match &ids[&piece.file] {
                    (keeper, others) if *keeper == at => part.without.extend_from_slice(others),
                    _ => part.only.extend_from_slice(&piece.known),
                }
            }
            let spec = spec_of(cutting, bin, is_rest, part);
            CutJob { spec, holds: Vec::new(), content: content_of(cutting, bin, total, bins.len()) }
        })
        .collect();
    renumber(&mut jobs);
    jobs
}

/// Where a bin stands.
struct Place<'a, 'h> {
    cutting: &'a Cutting<'a, 'h>,
    bins: &'a [Bin],
    /// Whether it keeps the paths of the whole work.
    is_rest: bool,
}

/// For each cut file: the bin whose piece is all but the others, and the ids of the others.
fn ids_elsewhere(bins: &[Bin]) -> HashMap<usize, (usize, Vec<Arc<str>>)> {
    let mut pieces: HashMap<usize, Vec<(usize, &Piece)>> = HashMap::new();
    for (at, bin) in bins.iter().enumerate() {
        for piece in bin.pieces.iter().filter(|piece| piece.is_cut) {
            pieces.entry(piece.file).or_default().push((at, piece));
        }
    }
    let of_file = pieces.into_iter().map(|(file, pieces)| {
        let keeper = pieces.iter().max_by_key(|(_, piece)| piece.known.len());
        let keeper = keeper.map_or(0, |(at, _)| *at);
        let others = pieces.iter().filter(|(at, _)| *at != keeper);
        (file, (keeper, others.flat_map(|(_, piece)| piece.known.iter().cloned()).collect()))
    });
    of_file.collect()
}

/// What a bin leaves to the others of `bins`, its cut files aside.
fn part_of(place: &Place<'_, '_>, bin: &Bin, marked: &[usize]) -> Part {
    let Place { cutting, bins, is_rest } = *place;
    let sources = &cutting.found.sources;
    let mine: HashSet<usize> = bin.pieces.iter().map(|piece| piece.file).collect();
    let path = |file: usize| Arc::clone(&sources[file].path);
    // What no job was given stays in the rest: it is not left out.
    let elsewhere = bins.iter().flat_map(|bin| &bin.pieces).map(|piece| piece.file);
    let elsewhere: BTreeSet<usize> =
        elsewhere.filter(|file| is_rest && !mine.contains(file)).collect();
    let leave = elsewhere.into_iter().map(path).collect();
    let files: Vec<Arc<str>> =
        marked.iter().copied().filter(|file| mine.contains(file)).map(path).collect();
    let serial = (!files.is_empty()).then_some(SerialShare { files, marked: false });
    Part { leave, serial, ..Part::default() }
}

fn spec_of(cutting: &Cutting<'_, '_>, bin: &Bin, is_rest: bool, part: Part) -> JobSpec {
    let whole = &cutting.found.spec;
    if is_rest {
        // A file that is named by itself cannot be left out by a rule: frameworks run what they
        // are told by name.
        let mut work = whole.work.clone();
        if let Work::Tests { paths, .. } = &mut work {
            paths.retain(|path| !part.leave.iter().any(|left| **left == **path));
        }
        return JobSpec { work, part: Some(Arc::new(part)), ..whole.clone() };
    }
    let files = bin.pieces.iter().map(|piece| piece.file);
    let work = with_files(cutting, files);
    JobSpec { work, part: Some(Arc::new(part)), ..whole.clone() }
}

/// The job of the tests that are marked serial in some files.
pub(super) fn serial_spec(cutting: &Cutting<'_, '_>, files: &[usize], number: u32) -> JobSpec {
    let paths = files.iter().map(|&file| Arc::clone(&cutting.found.sources[file].path));
    let serial = Some(SerialShare { files: paths.collect(), marked: true });
    let part = Part { number, serial, ..Part::default() };
    let work = with_files(cutting, files.iter().copied());
    JobSpec { work, shard: None, part: Some(Arc::new(part)), ..cutting.found.spec.clone() }
}

/// The work with these files in place of its paths.
fn with_files(cutting: &Cutting<'_, '_>, files: impl Iterator<Item = usize>) -> Work {
    let mut work = cutting.found.spec.work.clone();
    if let Work::Tests { paths, .. } = &mut work {
        *paths = files.map(|file| cutting.found.sources[file].path.to_string()).collect();
    }
    work
}

/// Numbers the jobs of one work; a single one without any restriction is no part.
pub(super) fn renumber(jobs: &mut [CutJob]) {
    let of = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    for (number, job) in (1..).zip(jobs.iter_mut()) {
        let part = job.spec.part.take().map(|part| Part { number, of, ..(*part).clone() });
        job.spec.part = part.filter(|part| of > 1 || part.serial.is_some()).map(Arc::new);
    }
}

fn content_of(cutting: &Cutting<'_, '_>, bin: &Bin, total: f64, jobs: usize) -> Content {
    let known = bin.pieces.iter().flat_map(|piece| piece.known.iter().cloned());
    let how = if jobs < 2 {
        String::new()
    } else {
        let cut = bin.pieces.iter().filter(|piece| piece.is_cut).count();
        let parts = if cut == 0 { String::new() } else { format!(" ({cut} of them in part)") };
        let share = if total > 0.0 { 100.0 * bin.amount.mean / total } else { 0.0 };
        format!(
            "{} of {} files{parts}, about {share:.0} % of the work",
            bin.pieces.len(),
            cutting.found.sources.len()
        )
    };
    // A shard that the user asked for runs its share of all files.
    let shards = cutting.found.spec.shard.map_or(1, |(_, shards)| shards);
    Content {
        tests: bin.amount.times(1.0 / f64::from(shards)),
        count: bin.count.div_ceil(shards),
        known: known.collect(),
        is_new: bin.is_new(),
        how,
    }
}
