//! Where the older files go: below `test_reports`, each whole or not there, none written over.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::atomic::write_atomically;

/// Numbers that are tried behind a name that is taken.
const MOST_NUMBERS: u32 = 1000;

/// The folder of the older reports.
#[derive(Clone, Debug)]
pub struct ReportFolder {
    folder: PathBuf,
    stamp: String,
}

impl ReportFolder {
    /// The folder in a project, for a run that began then, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn of(root: &Path, unix_millis: u64) -> Self {
        let millis = i64::try_from(unix_millis).unwrap_or(i64::MAX);
        let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
        let stamp = moment.to_zoned(TimeZone::UTC).strftime("%Y%m%d_%H%M%S").to_string();
        Self { folder: root.join("test_reports"), stamp }
    }

    /// The path `<name>_<when>.<ending>`; with a number behind it where that is taken.
    #[must_use]
    pub fn free(&self, name: &str, ending: &str) -> PathBuf {
        let plain = self.folder.join(format!("{name}_{}.{ending}", self.stamp));
        if !plain.exists() {
            return plain;
        }
        let numbered = (2..MOST_NUMBERS)
            .map(|number| self.folder.join(format!("{name}_{}_{number}.{ending}", self.stamp)));
        numbered.into_iter().find(|path| !path.exists()).unwrap_or(plain)
    }

    /// A path with a name of its own.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Writes a text, making its folder.
///
/// # Errors
/// Those of the file system.
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    write_atomically(path, |writer| writer.write_all(text.as_bytes()))
}
