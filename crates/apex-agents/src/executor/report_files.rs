//! Finds and reads the files in which a program left its results.
//!
//! A report of an earlier run must never be taken for one of this run: files that are older than
//! the start of the program are left alone.

use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Bytes of report files of one program that are read.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// Entries of folders that one pattern looks at.
const ENTRY_LIMIT: usize = 200_000;

/// Where patterns lead and which files count.
pub(super) struct Search {
    /// Working directory of the program.
    pub(super) directory: PathBuf,
    /// Private folder, when there is one.
    pub(super) private: Option<PathBuf>,
    /// The file that `{out}` stands for, when there is one.
    pub(super) out: Option<PathBuf>,
    /// When the program was started, by the clock of file stamps.
    pub(super) since: Stamp,
}

/// A time of the clock that file systems take their stamps from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    /// Now. Files are stamped with the coarse clock, which is some milliseconds behind the fine
    /// one; comparing the two would take a new file for an old one.
    pub(super) fn now() -> Self {
        let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::RealtimeCoarse);
        Self { seconds: tv_sec, nanoseconds: tv_nsec }
    }

    /// Whether a file was changed before this time.
    fn is_after_change_of(self, metadata: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        let modified = Self { seconds: metadata.mtime(), nanoseconds: metadata.mtime_nsec() };
        // Some file systems keep whole seconds only.
        let has_fraction = modified.nanoseconds != 0;
        if has_fraction { modified < self } else { modified.seconds < self.seconds }
    }
}

/// What was found: files with their content, and sentences about what could not be read.
#[derive(Default)]
pub(super) struct Found {
    /// Path for messages, content.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// Sentences for people.
    pub(super) problems: Vec<String>,
}

/// Reads the files that match, in the order of the patterns and then of their paths. Blocks.
pub(super) fn read(patterns: &[String], search: &Search) -> Found {
    let mut found = Found::default();
    let mut paths: Vec<PathBuf> = Vec::new();
    for pattern in patterns {
        match matching(pattern, search) {
            Ok(matching) => paths.extend(matching),
            Err(problem) => found.problems.push(problem),
        }
    }
    let mut left = SIZE_LIMIT;
    let mut seen = std::collections::HashSet::new();
    for path in paths.into_iter().filter(|path| seen.insert(path.clone())) {
        match read_new(&path, search, &mut left) {
            Ok(None) => {}
            Ok(Some(content)) => found.files.push((path.display().to_string(), content)),
            Err(problem) => found.problems.push(problem),
        }
    }
    found
}

/// The content of a file; none when it is not there or older than the program.
fn read_new(path: &Path, search: &Search, left: &mut u64) -> Result<Option<Vec<u8>>, String> {
    let cannot_read = |error: std::io::Error| {
        format!("cannot read the report {}: {error}; correct its permissions", path.display())
    };
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    if !metadata.is_file() || search.since.is_after_change_of(&metadata) {
        return Ok(None);
    }
    if metadata.len() > *left {
        return Err(format!(
            "the report {} was not read: the reports of one program may have 64 MiB in all; \
             write less into it or split the job",
            path.display()
        ));
    }
    let mut content = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(*left).read_to_end(&mut content))
        .map_err(cannot_read)?;
    *left -= content.len() as u64;
    Ok(Some(content))
}

fn matching(pattern: &str, search: &Search) -> Result<Vec<PathBuf>, String> {
    if pattern == "{out}" {
        return Ok(search.out.clone().into_iter().collect());
    }
    let (base, pattern) = match pattern.strip_prefix("{private}/") {
        None => (Some(&search.directory), pattern),
        Some(rest) => (search.private.as_ref(), rest),
    };
    let Some(base) = base else { return Ok(Vec::new()) };
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let start = base.join(literal_folder(pattern));
    if !is_glob(pattern) {
        return Ok(vec![base.join(pattern)]);
    }
    let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| {
        format!("`{pattern}` is not a pattern for report files: {error}; correct `report`")
    })?;
    walk(&start, base, &glob.compile_matcher())
}

fn walk(start: &Path, base: &Path, glob: &GlobMatcher) -> Result<Vec<PathBuf>, String> {
    let mut matching = Vec::new();
    // Reports are commonly listed in ignore files, so no ignore file is heard here.
    let entries = WalkBuilder::new(start).standard_filters(false).build();
    for (count, entry) in entries.flatten().enumerate() {
        if count >= ENTRY_LIMIT {
            return Err(format!(
                "looked for reports `{}` in more than {ENTRY_LIMIT} files under {}; name their \
                 folder in the pattern",
                glob.glob(),
                start.display()
            ));
        }
        let path = entry.path();
        if glob.is_match(path.strip_prefix(base).unwrap_or(path)) {
            matching.push(entry.into_path());
        }
    }
    matching.sort();
    Ok(matching)
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '{', '\\'])
}

/// The folders at the beginning of a pattern that contain no wildcard.
fn literal_folder(pattern: &str) -> &str {
    let wildcard = pattern.find(['*', '?', '[', '{', '\\']).unwrap_or(pattern.len());
    pattern[..wildcard].rsplit_once('/').map_or("", |(folder, _)| folder)
}
