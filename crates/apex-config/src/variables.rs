//! Variables: `.env` files, the process environment (handed in as a map), and what of them is
//! configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dialect;
use crate::environment_variables::{CONFIG_PREFIX, ENVIRONMENT_NAMES};
use crate::node::{Node, Scalar};
use crate::overlay::Overlay;
use crate::place::{Place, Source, SourceKind};
use crate::problem::{Problem, suggestion};
use crate::shape;
use crate::yaml;

/// Variables with the places that set them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    values: BTreeMap<String, (String, Place)>,
}

impl Variables {
    /// Adds the lines of a `.env` file; they beat what was added before.
    pub(crate) fn add_file(
        &mut self,
        text: &str,
        source: &Arc<Source>,
        problems: &mut Vec<Problem>,
    ) {
        for (index, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let place = Place::new(source, index + 1, 1);
            let assignment = trimmed.strip_prefix("export ").unwrap_or(trimmed);
            match assignment.split_once('=') {
                Some((name, value)) if is_name(name.trim()) => {
                    let value = unquoted(value.trim()).to_owned();
                    self.values.insert(name.trim().to_owned(), (value, place));
                }
                _ => problems.push(
                    Problem::warning(&place, "the line is not `NAME=value` and is not used")
                        .hint("comments begin with `#`"),
                ),
            }
        }
    }

    /// Adds the process environment; it beats what was added before.
    pub(crate) fn add_process(&mut self, variables: &BTreeMap<String, String>) {
        for (name, value) in variables {
            let place = Place::whole(SourceKind::Variable, name);
            self.values.insert(name.clone(), (value.clone(), place));
        }
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str())
    }

    /// All names with their values, without who set them.
    pub(crate) fn into_values(self) -> impl Iterator<Item = (String, String)> {
        self.values.into_iter().map(|(name, (value, _))| (name, value))
    }

    /// The first variable that names an environment for which `is_known` holds.
    pub(crate) fn environment(&self, is_known: impl Fn(&str) -> bool) -> Option<(String, Place)> {
        ENVIRONMENT_NAMES.iter().find_map(|name| {
            let (value, place) = self.values.get(*name)?;
            let value = value.trim().to_lowercase();
            let main = dialect::main_environment(&value);
            is_known(main).then(|| (main.to_owned(), place.clone()))
        })
    }

    /// The variables that are configuration, as an overlay; `categories` are the known names.
    pub(crate) fn overlay(&self, categories: &[&str], problems: &mut Vec<Problem>) -> Overlay {
        let mut overlay = Overlay::empty(SourceKind::Variable, "");
        for (name, (value, place)) in &self.values {
            let Some(rest) = name.strip_prefix(CONFIG_PREFIX) else { continue };
            let rest = rest.to_lowercase();
            let Some(path) = target(&rest, categories) else {
                let known = shape::FILE.all_fields().map(|field| field.name);
                let message = format!("variable `{name}` names no field and is not used");
                let problem = Problem::warning(place, message).about(name);
                let hint = suggestion(&rest, known).unwrap_or_else(|| {
                    "forms: TEST_CONFIG_EXECUTION_<KEY>, TEST_CONFIG_CATEGORY_<NAME>_<KEY>".into()
                });
                problems.push(problem.hint(hint));
                continue;
            };
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            overlay.set(&path, parsed(value, place, problems));
        }
        overlay
    }
}

/// The path of the field that a variable means.
fn target(rest: &str, categories: &[&str]) -> Option<Vec<String>> {
    if shape::FILE.field(rest).is_some() {
        return Some(vec![rest.to_owned()]);
    }
    if let Some(key) = rest.strip_prefix("execution_") {
        let sections =
            [("execution", &shape::EXECUTION), ("execution_config", &shape::EXECUTION_CONFIG)];
        let section = sections.iter().find(|(_, record)| record.field(key).is_some())?;
        return Some(vec![section.0.to_owned(), key.to_owned()]);
    }
    // The longest name first, so that `e2e_critical` is not taken for `e2e`.
    let rest = rest.strip_prefix("category_")?;
    let named = categories.iter().filter_map(|name| {
        let key = rest.strip_prefix(name)?.strip_prefix('_')?;
        shape::CATEGORY.field(key).map(|_| (*name, key))
    });
    let (name, key) = named.max_by_key(|(name, _)| name.len())?;
    Some(vec!["categories".to_owned(), name.to_owned(), key.to_owned()])
}

/// The value of a variable is read as YAML, so that lists and maps can be given.
fn parsed(value: &str, place: &Place, problems: &mut Vec<Problem>) -> Node {
    let source = Arc::new(place.source().clone());
    let mut own = Vec::new();
    let node = if value.trim_start().starts_with(['[', '{']) {
        yaml::parse(value, &source, &mut own)
    } else {
        None
    };
    problems.extend(own.into_iter().map(|mut problem| {
        problem.place = place.clone();
        problem
    }));
    node.unwrap_or_else(|| Node::new(Scalar::plain(value.trim()), place))
}

fn is_name(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(is_word)
}

/// The text inside of quotes; without quotes, what stands before ` #`.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote)
            && let Some((inside, _)) = rest.split_once(quote)
        {
            return inside;
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end()
}

/// Fills `${NAME}` and `${NAME:-text}` in.
///
/// # Errors
/// The name of a variable that is not set and has no text to take instead.
pub(crate) fn filled_in(text: &str, variables: &Variables) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        result.push_str(&rest[..start]);
        let inside = &rest[start + 2..start + length];
        let (name, instead) = match inside.split_once(":-") {
            Some((name, instead)) => (name, Some(instead)),
            None => (inside, None),
        };
        // `:-` stands in for an empty variable too, as in a shell.
        let value = variables.get(name).filter(|value| instead.is_none() || !value.is_empty());
        match value.or(instead) {
            Some(value) => result.push_str(value),
            None => return Err(name.to_owned()),
        }
        rest = &rest[start + length + 1..];
    }
    result.push_str(rest);
    Ok(result)
}
