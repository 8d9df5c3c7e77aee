//! Which classes and methods a program is asked for, by the options of Maven and of Gradle.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Most bytes of one selection: the system takes 128 KiB as one argument.
const LENGTH: usize = 64 * 1024;

/// Class → methods; no methods for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice(BTreeMap<String, Vec<String>>);

impl Choice {
    /// The classes of source files and names of classes; nothing for everything.
    pub(super) fn of_paths(paths: &[String]) -> Self {
        Self(paths.iter().map(|path| (class_of_path(path), Vec::new())).collect())
    }

    /// The tests of a retry, in as few selections as their length allows.
    pub(super) fn of_ids(ids: &[Arc<str>]) -> Vec<Self> {
        let mut choices = vec![Self::default()];
        let mut length = 0;
        let mut ids: Vec<&Arc<str>> = ids.iter().collect();
        ids.sort_unstable();
        for id in ids {
            length += id.len() + 16;
            if length > LENGTH {
                choices.push(Self::default());
                length = id.len();
            }
            if let Some(choice) = choices.last_mut() {
                choice.add(id);
            }
        }
        choices
    }

    fn add(&mut self, id: &str) {
        let (class, name) = id.split_once("::").unwrap_or((id, ""));
        let is_new = !self.0.contains_key(class);
        let methods = self.0.entry(class.to_owned()).or_default();
        match method_of(name) {
            // No methods stand for all: what is once asked for as a whole stays so.
            Some(method) if is_new || !methods.is_empty() => {
                if !methods.iter().any(|known| known == method) {
                    methods.push(method.to_owned());
                }
            }
            Some(_) => {}
            None => methods.clear(),
        }
    }
}

/// The method behind the name of a test: with parameters it is `name(int)[1]`, `name[1]` or
/// `name{int}[1]`. A name in words of its own leads to no method.
fn method_of(name: &str) -> Option<&str> {
    let is_part = |one: char| one.is_alphanumeric() || one == '_' || one == '$';
    let end = name.find(|one: char| !is_part(one)).unwrap_or(name.len());
    let (method, rest) = name.split_at(end);
    let is_method = !method.is_empty() && (rest.is_empty() || rest.starts_with(['(', '[', '{']));
    is_method.then_some(method)
}

/// `com.example.SampleTest` for `src/test/java/com/example/SampleTest.java`.
fn class_of_path(path: &str) -> String {
    let Some((stem, _)) =
        path.rsplit_once('.').filter(|(_, end)| ["java", "kt", "groovy", "scala"].contains(end))
    else {
        return path.to_owned();
    };
    let languages = ["/java/", "/kotlin/", "/groovy/", "/scala/"];
    let root = languages.iter().filter_map(|one| Some(stem.rfind(one)? + one.len())).max();
    stem[root.unwrap_or_default()..].replace('/', ".")
}

/// What Maven is asked for. Modules without a chosen test are no failure; the two names of that
/// option are of Surefire before and since 3.0.
pub(super) fn maven_filters(choice: &Choice) -> Vec<String> {
    if choice.0.is_empty() {
        return Vec::new();
    }
    let classes = choice.0.iter().map(|(class, methods)| match methods.as_slice() {
        [] => class.clone(),
        methods => format!("{class}#{}", methods.join("+")),
    });
    let chosen = classes.collect::<Vec<_>>().join(",");
    vec![
        format!("-Dtest={chosen}"),
        format!("-Dit.test={chosen}"),
        "-DfailIfNoTests=false".to_owned(),
        "-Dsurefire.failIfNoSpecifiedTests=false".to_owned(),
        "-Dfailsafe.failIfNoSpecifiedTests=false".to_owned(),
    ]
}

/// What Gradle is asked for.
pub(super) fn gradle_filters(choice: &Choice) -> Vec<String> {
    let names = choice.0.iter().flat_map(|(class, methods)| match methods.as_slice() {
        [] => vec![class.clone()],
        methods => methods.iter().map(|method| format!("{class}.{method}")).collect(),
    });
    names.flat_map(|name| ["--tests".to_owned(), name]).collect()
}
