//! Which tests of the selected categories are meant: paths, patterns, expressions.

use std::path::Path;

use super::asked::Asked;
use super::expression;
use super::flag::Flag;
use super::refusal::Refusal;
use super::spelled::is_path;

/// Which tests of the selected categories are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    /// Files, folders, globs and ids, as typed.
    pub(crate) paths: Vec<String>,
    pub(crate) patterns: Vec<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) markers: Vec<String>,
    /// Environments whose tests are left out, by their main names.
    pub(crate) without: Vec<String>,
    /// Whether names of categories or layers are asked for, too.
    pub(crate) beside_names: bool,
}

impl Filters {
    /// Whether the request is narrowed to a part of its categories.
    pub(crate) fn narrow(&self) -> bool {
        !(self.paths.is_empty()
            && self.patterns.is_empty()
            && self.keywords.is_empty()
            && self.markers.is_empty())
    }

    /// Whether a filter on names stands alone: then it asks every category.
    pub(crate) fn is_alone(&self) -> bool {
        self.narrow() && self.paths.is_empty() && !self.beside_names
    }
}

/// Which tests are meant.
pub(super) fn filters(asked: &Asked, root: &Path) -> Result<Filters, Refusal> {
    let owned = |flag| asked.values(flag).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let mut filters = Filters {
        paths: owned(Flag::File),
        patterns: owned(Flag::Pattern),
        keywords: owned(Flag::Keyword),
        markers: owned(Flag::Markers),
        without: asked.values(Flag::ExcludeEnv).into_iter().map(main).collect(),
        beside_names: false,
    };
    for value in asked.values(Flag::Test) {
        let list = if is_path(value) { &mut filters.paths } else { &mut filters.patterns };
        list.push(value.to_owned());
    }
    for file in asked.values(Flag::TestList) {
        filters.paths.extend(listed(root, file)?);
    }
    for (flag, expression) in filters
        .keywords
        .iter()
        .map(|one| ("--keyword", one))
        .chain(filters.markers.iter().map(|one| ("--markers", one)))
    {
        expression::parse(expression).map_err(|why| {
            Refusal::new(
                format!("argument {flag}: malformed expression '{expression}': {why}"),
                "write names with and, or, not and parentheses, for example `a and not b`",
            )
        })?;
    }
    Ok(filters)
}

/// The selectors of a file, one a line.
fn listed(root: &Path, file: &str) -> Result<Vec<String>, Refusal> {
    let text = std::fs::read_to_string(file).or_else(|_| std::fs::read_to_string(root.join(file)));
    let text = text.map_err(|error| {
        Refusal::new(
            format!("argument --test-list: '{file}' cannot be read: {error}"),
            "name a file with one path a line",
        )
    })?;
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// The main name of an environment.
pub(super) fn main(word: &str) -> String {
    match word.to_lowercase().as_str() {
        "local" | "testing" => "test",
        "dev" => "development",
        "stage" => "staging",
        "prod" => "production",
        other => other,
    }
    .to_owned()
}
