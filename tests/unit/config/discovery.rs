//! Which file is found, from where, and where the project begins.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use apex_config::{LoadFailure, LoadRequest, Loaded, Overlay, load};
use tempfile::TempDir;

use super::support::MINIMAL;

struct Folder {
    kept: TempDir,
}

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let kept = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = kept.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { kept }
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.kept.path().to_owned() } else { self.kept.path().join(name) }
    }
}

struct Ask<'a> {
    start: PathBuf,
    config: Option<&'a str>,
    variables: BTreeMap<String, String>,
}

impl Ask<'_> {
    fn from(start: PathBuf) -> Self {
        Self { start, config: None, variables: BTreeMap::new() }
    }

    fn load(&self) -> Result<Loaded, LoadFailure> {
        load(&LoadRequest {
            project: None,
            start: &self.start,
            config: self.config.map(Path::new),
            environment: None,
            variables: &self.variables,
            today: None,
            flags: Overlay::flags(),
        })
    }
}

const ONE: &str = "layers: {one: {categories: [{name: unit}]}}";

#[test]
fn the_first_known_place_upwards_holds() {
    let places = [
        "apex.yaml",
        "config/test_layers.yaml",
        "test_framework/config/test_layers.yaml",
        "test_layers.yaml",
        "apex.yml",
    ];
    for (index, place) in places.iter().enumerate() {
        let files: Vec<(&str, &str)> =
            places[index..].iter().map(|place| (*place, ONE)).chain([("a/b/x.txt", "")]).collect();
        let folder = Folder::with(&files);
        let loaded = Ask::from(folder.path("a/b")).load().unwrap();
        assert_eq!(loaded.file, Some(folder.path(place)));
        assert_eq!(loaded.root, folder.path(""));
    }
}

#[test]
fn a_layer_file_at_the_root_of_a_repository_is_found_without_being_named() {
    let folder = Folder::with(&[("test_layers.yaml", MINIMAL), ("tests/unit/test_a.py", "")]);
    let loaded = Ask::from(folder.path("tests/unit")).load().unwrap();
    assert_eq!(loaded.root, folder.path(""));
    assert_eq!(loaded.config.layers.len(), 3);
}

#[test]
fn a_named_file_brings_its_project_and_its_neighbours() {
    let folder = Folder::with(&[
        (".git/HEAD", ""),
        ("ops/layers.yaml", ONE),
        ("ops/services.yaml", "cache: {external: {url: \"http://x\"}}"),
        ("ops/execution.yaml", "execution_config: {max_global_parallel_tests: 3}"),
        ("ops/categories.yaml", "categories: {own: {command: [\"true\"]}}"),
        ("ops/environments/test.yaml", "layers: {one: {name: named}}"),
        ("apex.yaml", "broken: ["),
    ]);
    let mut ask = Ask::from(folder.path(""));
    ask.config = Some("ops/layers.yaml");
    let loaded = ask.load().unwrap();
    assert_eq!(loaded.root, folder.path(""));
    assert!(loaded.config.services.contains_key("cache"));
    assert!(loaded.config.categories.contains_key("own"));
    assert_eq!(loaded.config.execution.max_parallel, 3);
    assert_eq!(loaded.config.layers[0].name, "named");
}

#[test]
fn the_variable_names_a_file_and_the_flag_beats_it() {
    let folder = Folder::with(&[("a.yaml", ONE), ("b.yaml", &ONE.replace("one", "two"))]);
    let mut ask = Ask::from(folder.path(""));
    ask.variables.insert("APEX_CONFIG".to_owned(), "a.yaml".to_owned());
    assert!(ask.load().unwrap().config.layers.contains_key("one"));
    ask.config = Some("./b.yaml");
    assert!(ask.load().unwrap().config.layers.contains_key("two"));
}

#[test]
fn a_named_file_that_is_missing_is_a_problem_and_not_the_built_in_layers() {
    let folder = Folder::with(&[]);
    let mut ask = Ask::from(folder.path(""));
    ask.config = Some("nothing.yaml");
    let failure = ask.load().unwrap_err();
    assert_eq!(failure.problems.len(), 1);
    assert_eq!(failure.problems[0].place.to_string(), "flag --config");
    assert!(failure.problems[0].message.ends_with("does not exist"));
}

#[test]
fn without_any_file_the_built_in_layers_hold_in_the_folder_of_the_start() {
    let folder = Folder::with(&[(".git/HEAD", ""), ("deep/down/x", "")]);
    let loaded = Ask::from(folder.path("deep/down")).load().unwrap();
    assert_eq!(loaded.root, folder.path(""));
    assert_eq!(loaded.file, None);
    assert_eq!(loaded.config.layers.len(), 4);
}

#[test]
fn places_are_relative_to_the_root() {
    let folder = Folder::with(&[("config/test_layers.yaml", "apex: 1\nlayrs: {}\n")]);
    let failure = Ask::from(folder.path("")).load().unwrap_err();
    assert_eq!(failure.problems[0].place.to_string(), "config/test_layers.yaml:2:1");
}
