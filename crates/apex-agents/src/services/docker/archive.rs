//! The context of a build as a tar archive, without what `.dockerignore` names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Bytes that a context may have: it is held in memory.
const LARGEST: u64 = 512 * 1024 * 1024;

/// Packs a folder. Recipe and `.dockerignore` are always in it.
///
/// # Errors
/// A text for people: a folder that cannot be read or is too large.
pub fn pack(folder: &Path, dockerfile: &str) -> Result<Vec<u8>, String> {
    let ignored = ignored(folder)?;
    let mut packing =
        Packing { folder, dockerfile, ignored, size: 0, archive: tar::Builder::new(Vec::new()) };
    packing.archive.follow_symlinks(false);
    packing.add_folder(folder)?;
    let failed =
        |error: io::Error| format!("the context {} is not packed: {error}", folder.display());
    packing.archive.into_inner().map_err(failed)
}

struct Packing<'a> {
    folder: &'a Path,
    dockerfile: &'a str,
    ignored: Gitignore,
    size: u64,
    archive: tar::Builder<Vec<u8>>,
}

impl Packing<'_> {
    fn add_folder(&mut self, folder: &Path) -> Result<(), String> {
        let failed = |error: io::Error| {
            format!("the context cannot be read at {}: {error}", folder.display())
        };
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(failed)?;
        // In order, so that the same folder gives the same archive.
        entries.sort();
        for path in entries {
            let is_folder = path.is_dir() && !path.is_symlink();
            if is_folder {
                // A later line may take a part of an ignored folder back in.
                self.add_folder(&path)?;
            } else if self.is_wanted(&path) {
                self.add_file(&path)?;
            }
        }
        Ok(())
    }

    fn is_wanted(&self, path: &Path) -> bool {
        let inner = path.strip_prefix(self.folder).unwrap_or(path);
        let is_needed = inner == Path::new(self.dockerfile) || inner == Path::new(".dockerignore");
        is_needed || !self.ignored.matched_path_or_any_parents(inner, false).is_ignore()
    }

    fn add_file(&mut self, path: &Path) -> Result<(), String> {
        let inner = path.strip_prefix(self.folder).unwrap_or(path).to_owned();
        let failed = |error: io::Error| format!("{} is not packed: {error}", path.display());
        self.size += path.symlink_metadata().map_err(failed)?.len();
        if self.size > LARGEST {
            return Err(format!(
                "the context {} has more than {} MiB; name what the build does not need in {}",
                self.folder.display(),
                LARGEST >> 20,
                self.folder.join(".dockerignore").display()
            ));
        }
        self.archive.append_path_with_name(path, inner).map_err(failed)
    }
}

/// The patterns of `.dockerignore`. Unlike those of Git, a pattern without a slash means the top
/// of the context only.
fn ignored(folder: &Path) -> Result<Gitignore, String> {
    let file = folder.join(".dockerignore");
    let mut patterns = GitignoreBuilder::new("");
    for line in fs::read_to_string(&file).unwrap_or_default().lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (sign, pattern) = line.strip_prefix('!').map_or(("", line), |rest| ("!", rest));
        let pattern = pattern.trim().trim_start_matches("./").trim_matches('/');
        if pattern.is_empty() {
            continue;
        }
        patterns
            .add_line(None, &format!("{sign}/{pattern}"))
            .map_err(|error| format!("`{line}` in {} is no pattern: {error}", file.display()))?;
    }
    patterns.build().map_err(|error| format!("{} cannot be used: {error}", file.display()))
}
