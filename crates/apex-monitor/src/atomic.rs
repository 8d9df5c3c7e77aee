//! Files that are whole or not there.

use std::fs::{self, Permissions};
use std::io::{self, BufWriter};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a file through a temporary one beside it. Missing folders are made; the process's mask
/// decides who may read the file.
///
/// # Errors
/// Those of the file system and of `write`; the old file, if there is one, is then unchanged.
pub(crate) fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<NamedTempFile>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let temporary = tempfile::Builder::new()
        .prefix(".apex-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let mut writer = BufWriter::new(temporary);
    write(&mut writer)?;
    let temporary = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}
