//! The build before the tests: which test programs there are, or the first error of the compiler.

use serde::Deserialize;

use crate::runners::text::first_line;

/// Most test programs of one job.
const BINARIES: usize = 10_000;

/// A test program that cargo built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binary {
    /// `package::target`, the first half of the ids of its tests.
    pub(super) suite: String,
    /// Absolute path.
    pub(super) executable: String,
    /// Absolute path of its source file.
    pub(super) source: String,
    /// Absolute path of the folder of its package, where cargo runs it.
    pub(super) folder: String,
    /// Whether it is the library of its package.
    pub(super) is_library: bool,
}

/// Reads what `cargo test --no-run --message-format=json-render-diagnostics` writes.
#[derive(Debug, Default)]
pub(super) struct BuildReader {
    pub(super) binaries: Vec<Binary>,
    error: Option<String>,
    place: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: String,
    #[serde(default)]
    package_id: String,
    target: Option<Target>,
    executable: Option<String>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    src_path: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl BuildReader {
    /// A line of the standard output: one JSON message.
    pub(super) fn message(&mut self, line: &str) {
        if !line.contains("\"compiler-artifact\"") || self.binaries.len() >= BINARIES {
            return;
        }
        if let Ok(message) = serde_json::from_str::<Message>(line) {
            self.binaries.extend(binary(message));
        }
    }

    /// A line of the standard error: progress and rendered diagnostics.
    pub(super) fn diagnostic(&mut self, line: &str) {
        if self.error.is_none() {
            let says_what =
                line.starts_with("error") && !line.starts_with("error: could not compile");
            self.error = says_what.then(|| first_line(line));
        } else if self.place.is_none() {
            self.place = line.trim_start().strip_prefix("--> ").map(str::to_owned);
        }
    }

    /// The first error and its place.
    pub(super) fn problem(&self, how: &str) -> String {
        match (&self.error, &self.place) {
            (Some(error), Some(place)) => format!("the build failed at {place}: {error}"),
            (Some(error), None) => format!("the build failed: {error}"),
            (None, _) => format!("the build failed: cargo ended with {how}"),
        }
    }
}

fn binary(message: Message) -> Option<Binary> {
    let is_test = message.reason == "compiler-artifact" && message.profile?.test;
    let (target, executable) = (message.target?, message.executable?);
    let folder = message.manifest_path.rsplit_once('/').map_or("", |(folder, _)| folder);
    is_test.then(|| Binary {
        suite: format!("{}::{}", package_name(&message.package_id), target.name),
        executable,
        source: target.src_path,
        folder: folder.to_owned(),
        is_library: target.kind.iter().any(|kind| kind.ends_with("lib") || kind == "proc-macro"),
    })
}

/// The name in a package id: `path+file:///a/b#0.1.0` or `…#name@0.1.0`, before 1.77 `name 0.1.0 (…)`.
fn package_name(id: &str) -> &str {
    let Some((url, fragment)) = id.rsplit_once('#') else {
        return id.split(' ').next().unwrap_or(id);
    };
    match fragment.split_once('@') {
        Some((name, _)) => name,
        None => url.rsplit('/').next().unwrap_or(url),
    }
}
