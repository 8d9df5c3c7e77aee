//! Pieces of files into bins of wanted sizes: the longest piece first into the bin with the most
//! room (R. L. Graham's longest processing time first, 1969), pieces of one file together where
//! that costs little.

use std::sync::Arc;

use crate::estimate::Amount;

/// How much of a bin's room is given up to have pieces of one file in one job.
const NEAR: f64 = 0.05;

/// A file or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    /// Position of the file among the sources.
    pub(super) file: usize,
    pub(super) amount: Amount,
    pub(super) count: u32,
    /// Known tests; all that the piece runs when the file is cut.
    pub(super) known: Vec<Arc<str>>,
    pub(super) is_new: bool,
    /// Whether other pieces have tests of the same file.
    pub(super) is_cut: bool,
    /// The chance that it shows a fault, where a budget chooses.
    pub(super) chance: f64,
    /// Whether a budget may not leave it out.
    pub(super) must: bool,
}

impl Piece {
    pub(super) fn empty(file: usize) -> Self {
        Self {
            file,
            amount: Amount::default(),
            count: 0,
            known: Vec::new(),
            is_new: false,
            is_cut: false,
            chance: 0.0,
            must: false,
        }
    }
}

/// The content of a job: pieces, at most one of each file, in order of the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bin {
    pub(super) pieces: Vec<Piece>,
    pub(super) amount: Amount,
    pub(super) count: u32,
}

impl Bin {
    pub(super) fn of(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut bin = Self::default();
        pieces.into_iter().for_each(|piece| bin.put(piece));
        bin
    }

    pub(super) fn is_new(&self) -> bool {
        self.pieces.iter().any(|piece| piece.is_new)
    }

    fn holds(&self, file: usize) -> bool {
        self.pieces.binary_search_by_key(&file, |piece| piece.file).is_ok()
    }

    fn put(&mut self, piece: Piece) {
        self.amount = self.amount.plus(piece.amount);
        self.count += piece.count;
        match self.pieces.binary_search_by_key(&piece.file, |one| one.file) {
            Ok(at) => {
                let same = &mut self.pieces[at];
                same.amount = same.amount.plus(piece.amount);
                same.count += piece.count;
                same.known.extend(piece.known);
            }
            Err(at) => self.pieces.insert(at, piece),
        }
    }
}

/// Pieces into bins of these sizes, in seconds; bins that stay empty are left out. Bins with
/// new files come first, then those that are expected to take longest.
pub(super) fn pack(mut pieces: Vec<Piece>, sizes: &[f64]) -> Vec<Bin> {
    pieces.sort_by(|one, other| {
        let longer = other.amount.mean.total_cmp(&one.amount.mean);
        other.is_new.cmp(&one.is_new).then(longer).then(one.file.cmp(&other.file))
    });
    let total: f64 = pieces.iter().map(|piece| piece.amount.mean).sum();
    let wanted: f64 = sizes.iter().sum();
    // The sizes include what is not the tests' own: scaled to what is to be placed.
    let scale = if wanted > 0.0 { total / wanted } else { 1.0 };
    let mut room: Vec<f64> = sizes.iter().map(|size| size * scale).collect();
    let slack = NEAR * total / f64::from(u32::try_from(sizes.len().max(1)).unwrap_or(u32::MAX));
    let mut bins: Vec<Bin> = vec![Bin::default(); sizes.len()];
    for piece in pieces {
        let at = bin_for(&piece, &bins, &room, slack);
        room[at] -= piece.amount.mean;
        bins[at].put(piece);
    }
    bins.retain(|bin| !bin.pieces.is_empty());
    bins.sort_by(|one, other| {
        let longer = other.amount.mean.total_cmp(&one.amount.mean);
        other.is_new().cmp(&one.is_new()).then(longer)
    });
    for bin in &mut bins {
        bin.pieces.iter_mut().for_each(|piece| piece.known.sort());
    }
    whole_again(&mut bins);
    bins
}

/// Pieces into bins of at most `size` seconds, unless one piece is longer: what must run first,
/// apart from the rest, then what is worth most for its time.
pub(super) fn by_worth(mut pieces: Vec<Piece>, size: f64) -> Vec<Bin> {
    let rate = |piece: &Piece| piece.chance / piece.amount.mean.max(1e-6);
    pieces.sort_by(|one, other| {
        let more = rate(other).total_cmp(&rate(one));
        other.must.cmp(&one.must).then(more).then(one.file.cmp(&other.file))
    });
    let mut bins: Vec<(bool, Bin)> = Vec::new();
    for piece in pieces {
        match bins.last_mut() {
            Some((must, bin))
                if *must == piece.must && bin.amount.mean + piece.amount.mean <= size =>
            {
                bin.put(piece);
            }
            _ => bins.push((piece.must, Bin::of([piece]))),
        }
    }
    let mut bins: Vec<Bin> = bins.into_iter().map(|(_, bin)| bin).collect();
    for bin in &mut bins {
        bin.pieces.iter_mut().for_each(|piece| piece.known.sort());
    }
    whole_again(&mut bins);
    bins
}

/// The bin with the most room; one that has another piece of the file when it has nearly as much.
fn bin_for(piece: &Piece, bins: &[Bin], room: &[f64], slack: f64) -> usize {
    let most = |candidates: &mut dyn Iterator<Item = usize>| {
        // The first of equals, so that the same work is always cut the same way.
        candidates.reduce(|best, at| if room[at] > room[best] { at } else { best })
    };
    let best = most(&mut (0..bins.len())).unwrap_or(0);
    let near = piece
        .is_cut
        .then(|| most(&mut (0..bins.len()).filter(|&at| bins[at].holds(piece.file))))
        .flatten();
    near.filter(|&at| room[at] + slack >= room[best]).unwrap_or(best)
}

/// A file whose pieces all came into one bin is not cut.
fn whole_again(bins: &mut [Bin]) {
    let mut seen = std::collections::HashMap::new();
    for bin in bins.iter() {
        for piece in &bin.pieces {
            *seen.entry(piece.file).or_insert(0) += 1;
        }
    }
    for piece in bins.iter_mut().flat_map(|bin| &mut bin.pieces) {
        piece.is_cut &= seen.get(&piece.file).is_some_and(|bins| *bins > 1);
    }
}
