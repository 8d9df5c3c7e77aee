//! Walls of the house: which crate may use which, where an outside library may be named, and
//! what no source file may hold. Checked over `cargo metadata` and over the text of the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates a crate may use.
const DIRECTIONS: [(&str, &[&str]); 5] = [
    ("apex-config", &[]),
    ("apex-core", &["apex-config"]),
    ("apex-agents", &["apex-config", "apex-core"]),
    ("apex-monitor", &["apex-config", "apex-core"]),
    ("apex-cli", &["apex-agents", "apex-config", "apex-core", "apex-monitor"]),
];

/// Outside libraries that one crate alone may use.
const HOMES: [(&str, &str); 14] = [
    ("bollard", "apex-agents"),
    ("serde-saphyr", "apex-config"),
    ("petgraph", "apex-core"),
    ("clap", "apex-cli"),
    ("clap_complete", "apex-cli"),
    ("clap_mangen", "apex-cli"),
    ("schemars", "apex-monitor"),
    ("rusqlite", "apex-monitor"),
    ("axum", "apex-monitor"),
    ("hyper", "apex-monitor"),
    ("hyper-util", "apex-monitor"),
    ("listenfd", "apex-monitor"),
    ("minijinja", "apex-monitor"),
    ("opentelemetry-proto", "apex-monitor"),
];

/// Outside libraries that a crate must not use.
const NEVER: [(&str, &[&str]); 2] = [
    ("apex-config", &["tokio", "tracing", "tracing-subscriber", "rustix", "tempfile"]),
    ("apex-core", &["tokio", "tracing", "tracing-subscriber", "rustix", "tempfile", "serde"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What each package under `crates/` uses, outside of its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let in_crates = |package: &&Value| {
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        folder.parent() == Some(&root().join("crates"))
    };
    packages
        .filter(in_crates)
        .map(|package| {
            let used = package["dependencies"].as_array().unwrap().iter();
            let used = used.filter(|one| one["kind"].as_str() != Some("dev"));
            (text(&package["name"]), used.map(|one| text(&one["name"])).collect())
        })
        .collect()
}

#[test]
fn crates_use_each_other_in_one_direction() {
    let dependencies = dependencies();
    for (name, may) in DIRECTIONS {
        let ours = dependencies[name].iter().filter(|used| used.starts_with("apex-"));
        let foreign: Vec<&String> = ours.filter(|used| !may.contains(&used.as_str())).collect();
        assert!(foreign.is_empty(), "{name} must not use {foreign:?}");
    }
    let known: BTreeSet<&str> = DIRECTIONS.iter().map(|(name, _)| *name).collect();
    let crates = dependencies.keys().map(String::as_str);
    let unknown: Vec<&str> = crates.filter(|name| !known.contains(name)).collect();
    assert!(unknown.is_empty(), "a crate without a place in the table: {unknown:?}");
}

#[test]
fn outside_libraries_stay_in_their_crate() {
    let dependencies = dependencies();
    for (library, home) in HOMES {
        for (name, used) in &dependencies {
            assert!(name == home || !used.contains(library), "{name} uses {library}");
        }
    }
    for (name, never) in NEVER {
        for library in never {
            assert!(!dependencies[name].contains(*library), "{name} uses {library}");
        }
    }
}

/// A source file of a crate, relative to `crates/`.
struct SourceFile {
    path: String,
    text: String,
}

/// Every Rust file under the `src` folder of a crate, in order.
fn sources() -> Vec<SourceFile> {
    let crates = root().join("crates");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&crates).unwrap() {
        collect(&crates, &entry.unwrap().path().join("src"), &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 100, "the sources were not found");
    found
}

fn collect(crates: &Path, folder: &Path, found: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(crates, &path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let relative = path.strip_prefix(crates).unwrap().to_str().unwrap().replace('\\', "/");
            found
                .push(SourceFile { path: relative, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

/// Lines of code that hold a word, as `path:line`; comments do not count.
fn lines_with(files: &[SourceFile], holds: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.text.lines().enumerate() {
            if !line.trim_start().starts_with("//") && holds(line) {
                found.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    found
}

/// Whether a line names a library: the word alone, with `::` behind it or in a `use`.
fn names(line: &str, library: &str) -> bool {
    line.contains(&format!("{library}::"))
        || line.trim_start().starts_with(&format!("use {library}"))
}

#[test]
fn an_outside_library_is_named_in_its_places_only() {
    let places: [(&str, &[&str]); 13] = [
        ("serde_yaml", &["apex-config/src/yaml.rs"]),
        ("petgraph", &["apex-core/src/graph/"]),
        ("clap", &["apex-cli/src/args/"]),
        ("clap_complete", &["apex-cli/src/args/"]),
        ("clap_mangen", &["apex-cli/src/args/"]),
        ("rusqlite", &["apex-monitor/src/history/"]),
        ("bollard", &["apex-agents/src/services/docker/api/"]),
        ("axum", &["apex-monitor/src/web/"]),
        ("hyper", &["apex-monitor/src/web/", "apex-monitor/src/otlp/send/"]),
        ("hyper_util", &["apex-monitor/src/web/", "apex-monitor/src/otlp/send/"]),
        ("listenfd", &["apex-monitor/src/web/"]),
        ("opentelemetry_proto", &["apex-monitor/src/otlp/"]),
        ("rustls", &["apex-monitor/src/otlp/send/", "apex-agents/src/services/"]),
    ];
    for (library, places) in places {
        let named = lines_with(&sources(), |line| names(line, library));
        assert!(!named.is_empty(), "{library} is named nowhere: the check is blind");
        let elsewhere: Vec<&String> = named
            .iter()
            .filter(|place_found| !places.iter().any(|place| place_found.starts_with(place)))
            .collect();
        assert!(elsewhere.is_empty(), "{library} belongs to {places:?}: {elsewhere:?}");
    }
}

#[test]
fn libraries_print_nothing_and_panic_nowhere() {
    let files = sources();
    for word in ["println!", "eprintln!", "print!(", "dbg!(", "todo!(", "unimplemented!("] {
        assert_eq!(lines_with(&files, |line| line.contains(word)), [""; 0], "{word}");
    }
    assert_eq!(lines_with(&files, |line| line.contains(".unwrap()")), [""; 0], "unwrap");
    for file in &files {
        let expects = file.text.matches(".expect(\"").count();
        let explained = file.text.matches("clippy::expect_used").count();
        assert!(expects <= explained, "{}: `expect` without a reason", file.path);
    }
}

#[test]
fn no_comment_asks_for_something_to_be_done_later() {
    // TAP has a directive of such a name, which a comment may quote: only a comment that begins
    // with the word is a note.
    for word in ["TODO", "FIXME", "XXX"] {
        let is_note = |line: &str| {
            line.split_once("//").is_some_and(|(_, comment)| {
                comment.trim_start_matches(['/', '!', ' ']).starts_with(word)
            })
        };
        let mut found = Vec::new();
        for file in sources() {
            let notes = file.text.lines().filter(|line| is_note(line)).count();
            found.extend((notes > 0).then(|| file.path.clone()));
        }
        assert!(found.is_empty(), "{word}: {found:?}");
    }
}

/// Lines of a file that can still be read in a sitting.
const LONGEST_FILE: usize = 500;

#[test]
fn every_file_says_what_it_is_and_can_be_read_in_a_sitting() {
    for file in sources() {
        assert!(file.text.starts_with("//! "), "{} does not say what it makes", file.path);
        let lines = file.text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", file.path);
    }
}

/// What the pure crates must not call, each with the words that say what to do in its place.
const FORBIDDEN: [&str; 6] = [
    "std::env::var",
    "std::env::vars",
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::process::Command::new",
    "std::thread::spawn",
];

#[test]
fn the_pure_crates_forbid_clock_environment_processes_and_threads() {
    for (name, further) in [
        ("apex-config", &[] as &[&str]),
        ("apex-core", &["std::fs::read_to_string", "std::fs::write", "std::fs::File::open"]),
    ] {
        let path = root().join("crates").join(name).join("clippy.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        for method in FORBIDDEN.iter().chain(further) {
            let line = text.lines().find(|line| line.contains(&format!("\"{method}\"")));
            let line = line.unwrap_or_else(|| panic!("{name} allows {method}"));
            assert!(line.contains("reason = \""), "{name}: {method} has no reason");
        }
    }
}
