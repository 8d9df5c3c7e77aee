//! Which categories a word means: a category, a roll-up, a set, a level, a list of a service.

use std::path::Path;

use apex_config::Config;
use apex_config::model::CategoryName;

use super::refusal::Refusal;

/// Folders that tests live in, where a word that names no category may be a folder.
const TEST_ROOTS: [&str; 4] = ["tests", "test", "__tests__", "spec"];

/// Where a word is looked for first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// Categories, then everything else.
    Any,
    /// Lists of levels, then everything else.
    Level,
    /// Lists of services, then sets of the repository.
    Service,
}

/// Names are compared in lower case, with `-` read as `_`.
pub(crate) fn plain(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// The categories that a word means.
///
/// # Errors
/// When it means none.
pub(crate) fn resolve(
    config: &Config,
    root: &Path,
    namespace: Namespace,
    word: &str,
) -> Result<Vec<CategoryName>, Refusal> {
    let plain = plain(word);
    let list = |prefix: &str| config.sets.named.get(&format!("{prefix}{plain}")).cloned();
    let category =
        || config.categories.get_key_value(plain.as_str()).map(|(name, _)| vec![name.clone()]);
    let any =
        || category().or_else(|| list("")).or_else(|| list("level:")).or_else(|| list("service:"));
    let found = match namespace {
        Namespace::Any => any(),
        Namespace::Level => list("level:").or_else(any),
        Namespace::Service => list("service:").or_else(|| list("")),
    };
    found.ok_or_else(|| unknown(config, root, namespace, word))
}

fn unknown(config: &Config, root: &Path, namespace: Namespace, word: &str) -> Refusal {
    let what = match namespace {
        Namespace::Any => "--category",
        Namespace::Level => "--level",
        Namespace::Service => "--service",
    };
    let prefix = match namespace {
        Namespace::Any => "",
        Namespace::Level => "level:",
        Namespace::Service => "service:",
    };
    let lists: Vec<&str> =
        config.sets.named.keys().filter_map(|name| name.strip_prefix(prefix)).collect();
    let categories = config.categories.keys().map(CategoryName::as_str);
    let known: Vec<&str> = match namespace {
        Namespace::Any => {
            categories.chain(lists.iter().copied().filter(|name| !name.contains(':'))).collect()
        }
        _ => lists,
    };
    let message = match namespace {
        Namespace::Any => format!("argument {what}: unknown category '{word}'"),
        _ => {
            format!("argument {what}: invalid choice: '{word}' (choose from {})", known.join(", "))
        }
    };
    let folder = TEST_ROOTS.iter().map(|test_root| format!("{test_root}/{word}"));
    let folder = folder.into_iter().find(|folder| root.join(folder).is_dir());
    let hint = match (folder, apex_config::nearest(&plain(word), known.iter().copied())) {
        (Some(folder), _) => format!("its tests are there: `--file {folder}`"),
        (None, Some(nearest)) => format!("did you mean `{what} {nearest}`?"),
        (None, None) => "`--list` shows every category, level and list".to_owned(),
    };
    Refusal::new(message, hint)
}
