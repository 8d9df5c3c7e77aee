//! What the files of some work weigh, and files cut into pieces.

use std::sync::Arc;

use super::pack::Piece;
use super::{Choice, Content};
use crate::estimate::{Amount, CategoryEstimate};
use crate::plan::found::FoundJob;
use crate::plan::job::Work;
use crate::plan::worth;

/// Most bytes of the ids of a file that is cut.
const MOST_IDS: usize = 32 * 1024;

/// A file and what its tests are expected to take.
#[derive(Clone)]
pub(super) struct FileLoad<'a> {
    /// Its position among the sources.
    pub(super) file: usize,
    pub(super) path: &'a Arc<str>,
    pub(super) tests_together: Amount,
    pub(super) count: u32,
    /// Its tests, where earlier runs know them.
    pub(super) tests: Vec<TestLoad>,
    pub(super) is_new: bool,
    /// How often the marker `serial` stands in it.
    pub(super) marks: u32,
}

/// A known test and its expected duration.
#[derive(Clone)]
pub(super) struct TestLoad {
    pub(super) id: Arc<str>,
    pub(super) amount: Amount,
    /// The mean of `amount`, in seconds.
    pub(super) mean: f64,
    /// The chance that it shows a fault, where a budget chooses.
    chance: f64,
    /// Whether a budget may not leave it out.
    must: bool,
}

impl FileLoad<'_> {
    /// The file in one piece.
    pub(super) fn whole(&self) -> Piece {
        Piece {
            file: self.file,
            amount: self.tests_together,
            count: self.count,
            known: self.tests.iter().map(|test| Arc::clone(&test.id)).collect(),
            is_new: self.is_new,
            is_cut: false,
            chance: together(self.tests.iter().map(|test| test.chance)),
            must: self.is_new || self.tests.iter().any(|test| test.must),
        }
    }

    fn is_cut_at(&self, longest: f64) -> bool {
        let ids: usize = self.tests.iter().map(|test| test.id.len() + 4).sum();
        self.tests.len() > 1 && self.tests_together.mean > longest && ids < MOST_IDS
    }

    /// Pieces that take at most `longest`, unless a single test takes longer; the longest tests
    /// first.
    fn cut(&self, longest: f64) -> Vec<Piece> {
        self.cut_by(longest, |test| test.mean)
    }

    /// The same with what must run apart, and what is worth most for its time first.
    fn cut_by_worth(&self, longest: f64) -> Vec<Piece> {
        self.cut_by(longest, |test| {
            let first = if test.must { 1e12 } else { 0.0 };
            first + test.chance / test.mean.max(1e-6)
        })
    }

    fn cut_by(&self, longest: f64, rank: impl Fn(&TestLoad) -> f64) -> Vec<Piece> {
        let mut tests: Vec<&TestLoad> = self.tests.iter().collect();
        tests.sort_by(|one, other| rank(other).total_cmp(&rank(one)).then(one.id.cmp(&other.id)));
        let mut pieces: Vec<Piece> = Vec::new();
        for test in tests {
            match pieces.last_mut() {
                Some(piece)
                    if piece.must == test.must && piece.amount.mean + test.mean <= longest =>
                {
                    piece.add(test);
                }
                _ => {
                    let must = test.must;
                    let mut piece = Piece { is_cut: true, must, ..Piece::empty(self.file) };
                    piece.add(test);
                    pieces.push(piece);
                }
            }
        }
        pieces
    }
}

impl Piece {
    fn add(&mut self, test: &TestLoad) {
        self.amount = self.amount.plus(test.amount);
        self.count += 1;
        self.chance = together([self.chance, test.chance].into_iter());
        self.known.push(Arc::clone(&test.id));
    }
}

/// The files of some work; none where it is not cut by files.
pub(super) fn of_files<'a>(
    found: &'a FoundJob,
    estimate: &CategoryEstimate<'_>,
    choice: Option<&Choice>,
) -> Vec<FileLoad<'a>> {
    let folder = &*found.spec.working_directory;
    let is_filtered = is_filtered(&found.spec.work);
    let sources = found.sources.iter().enumerate();
    let loads = sources.filter_map(|(file, source)| {
        let inside = if folder.is_empty() {
            source.path.to_string()
        } else {
            format!("{folder}/{}", source.path)
        };
        let tests = estimate.durations.tests_in(&inside).into_iter().map(|known| {
            let amount = known.duration.amount();
            TestLoad {
                id: Arc::clone(known.id),
                amount,
                mean: amount.mean,
                chance: choice.map_or(0.0, |_| worth::chance(known.past)),
                must: choice.is_some_and(|choice| {
                    worth::must(known.id, known.past, &choice.patience).is_some()
                }),
            }
        });
        let tests: Vec<TestLoad> = tests.collect();
        let is_new = tests.is_empty() && !is_filtered;
        if tests.is_empty() && is_filtered && source.serial.marks == 0 {
            return None;
        }
        let (tests_together, count) = if is_new {
            (estimate.durations.of_new_file(source.tests), source.tests.max(1))
        } else {
            let sum = tests.iter().fold(Amount::default(), |sum, test| sum.plus(test.amount));
            (sum, u32::try_from(tests.len()).unwrap_or(u32::MAX))
        };
        let marks = source.serial.marks;
        Some(FileLoad { file, path: &source.path, tests_together, count, tests, is_new, marks })
    });
    loads.collect()
}

/// Whether a marker or a name picks some tests of the files: then a file that no run knows has
/// probably none of them, and stays in the rest.
fn is_filtered(work: &Work) -> bool {
    let Work::Tests { markers, keyword, .. } = work else { return false };
    keyword.is_some() || markers.as_ref().is_some_and(|markers| !markers.starts_with("not "))
}

/// The content of work that is not cut by files: every known test below its folder.
pub(super) fn of_whole(found: &FoundJob, estimate: &CategoryEstimate<'_>) -> Content {
    let folder = &*found.spec.working_directory;
    let is_below = |file: &str| {
        folder.is_empty()
            || file.is_empty()
            || file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    };
    let mut content = Content { is_new: true, ..Content::default() };
    let files = estimate.durations.files();
    for file in files.into_iter().filter(|file| is_below(file)) {
        for test in estimate.durations.tests_in(file) {
            content.tests = content.tests.plus(test.duration.amount());
            content.count += 1;
            content.known.push(Arc::clone(test.id));
            content.is_new = false;
        }
    }
    content
}

/// The chance that at least one of some independent chances comes true.
fn together(chances: impl Iterator<Item = f64>) -> f64 {
    1.0 - chances.fold(1.0, |none, chance| none * (1.0 - chance))
}

/// The files in pieces of at most `longest` seconds, for a budget to choose among.
pub(super) fn pieces_by_worth(loads: &[FileLoad<'_>], longest: f64) -> Vec<Piece> {
    let of_file = |load: &FileLoad<'_>| {
        if load.is_cut_at(longest) { load.cut_by_worth(longest) } else { vec![load.whole()] }
    };
    loads.iter().flat_map(of_file).collect()
}

/// What all files together are expected to take.
pub(super) fn total(loads: &[FileLoad<'_>]) -> Amount {
    loads.iter().fold(Amount::default(), |sum, load| sum.plus(load.tests_together))
}

/// The files in pieces of at most `longest` seconds, as far as their tests are known.
pub(super) fn pieces(loads: &[FileLoad<'_>], longest: f64) -> Vec<Piece> {
    let of_file = |load: &FileLoad<'_>| {
        if load.is_cut_at(longest) { load.cut(longest) } else { vec![load.whole()] }
    };
    loads.iter().flat_map(of_file).collect()
}
