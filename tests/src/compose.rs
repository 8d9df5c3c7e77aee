//! Compose files of the fixtures, and how they are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use apex_config::LoadFailure;
use apex_config::compose::{ComposeFile, ComposeSource, read};

/// The folder of a fixture.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/compose").join(name)
}

/// Reads services of a compose file whose neighbours are in a folder.
///
/// # Errors
/// What [`read`] refuses.
pub fn read_in(
    folder: &Path,
    text: &str,
    variables: &BTreeMap<String, String>,
    wanted: &[&str],
) -> Result<ComposeFile, LoadFailure> {
    let neighbour = |name: &str| match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    };
    let source = ComposeSource { text, label: "compose.yaml", variables, read: &neighbour };
    read(&source, wanted)
}

/// Every fixture with the services that are wanted of it: together with what they depend on, all
/// that the file has.
pub const FIXTURES: [(&str, &[&str]); 10] = [
    ("web_and_database", &["web"]),
    ("microservices", &["gateway"]),
    ("profiles", &["browser"]),
    ("migration", &["api"]),
    ("messages", &["registry"]),
    ("builds", &["api"]),
    ("search", &["dashboards"]),
    ("observed", &["metrics"]),
    ("env_files", &["app"]),
    ("newest", &["app"]),
];
