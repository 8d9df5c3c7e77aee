//! Variables inside of the values of a compose file.
//!
//! Forms after the compose specification ("Interpolation"): `$NAME`, `${NAME}`, and with `:` in
//! front to count an empty variable as missing, `${NAME-instead}`, `${NAME?message}` and
//! `${NAME+other}`; the texts behind may hold variables themselves. `$$` is a dollar.

use crate::node::{Node, Scalar, Value};
use crate::problem::Problem;
use crate::variables::Variables;

/// Deepest nesting of variables in variables.
const DEEPEST: usize = 16;

/// Fills variables in everywhere but in services that were not chosen.
pub(super) fn fill(
    tree: &mut Node,
    chosen: &[String],
    variables: &Variables,
    problems: &mut Vec<Problem>,
) {
    let Some(file) = tree.as_map_mut() else { return };
    for entry in &mut file.entries {
        if &*entry.key != "services" {
            fill_node(&mut entry.node, variables, problems);
            continue;
        }
        let services = entry.node.as_map_mut().into_iter().flat_map(|map| &mut map.entries);
        for service in services.filter(|one| chosen.iter().any(|name| **name == *one.key)) {
            fill_node(&mut service.node, variables, problems);
        }
    }
}

/// Trees are no deeper than the YAML reader allows.
fn fill_node(node: &mut Node, variables: &Variables, problems: &mut Vec<Problem>) {
    match &mut node.value {
        Value::Scalar(scalar) => {
            if !scalar.text.contains('$') {
                return;
            }
            let mut missing = Vec::new();
            match interpolated(&scalar.text, variables, &mut missing, 0) {
                Ok(text) => *scalar = Scalar { text: text.into(), quoted: scalar.quoted },
                Err(refusal) => problems.push(refusal.problem(node)),
            }
            problems.extend(missing.iter().map(|name| unset(name, node)));
        }
        Value::List(list) => {
            list.iter_mut().for_each(|item| fill_node(item, variables, problems));
        }
        Value::Map(map) => {
            map.entries.iter_mut().for_each(|one| fill_node(&mut one.node, variables, problems));
        }
    }
}

fn unset(name: &str, node: &Node) -> Problem {
    Problem::warning(&node.place, format!("variable `{name}` is not set and counts as empty"))
        .about(name)
        .hint(format!("set it in the environment or in `.env`, or write `${{{name}:-text}}`"))
}

/// Why a text cannot be filled in.
enum Refusal {
    /// A variable that has to be set is not; with the message of the file.
    Required(String, String),
    /// A dollar that begins nothing.
    Malformed,
}

impl Refusal {
    fn problem(self, node: &Node) -> Problem {
        match self {
            Self::Required(name, message) => {
                let reason = if message.is_empty() { "is required".to_owned() } else { message };
                Problem::error(&node.place, format!("variable `{name}` is not set: {reason}"))
                    .about(name)
                    .hint("set it in the environment or in `.env`")
            }
            Self::Malformed => Problem::error(&node.place, "a `$` that begins no variable")
                .about(node.summary())
                .hint("write `$$` for a dollar, `${NAME}` for a variable"),
        }
    }
}

fn interpolated(
    text: &str,
    variables: &Variables,
    missing: &mut Vec<String>,
    depth: usize,
) -> Result<String, Refusal> {
    if depth > DEEPEST {
        return Err(Refusal::Malformed);
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        if let Some(next) = after.strip_prefix('$') {
            result.push('$');
            rest = next;
        } else if let Some(inside) = after.strip_prefix('{') {
            let end = closing_brace(inside).ok_or(Refusal::Malformed)?;
            let expression = Expression::parse(&inside[..end]).ok_or(Refusal::Malformed)?;
            result.push_str(&expression.value(variables, missing, depth)?);
            rest = &inside[end + 1..];
        } else {
            let length = name_length(after);
            let (name, next) = after.split_at(length);
            if name.is_empty() {
                return Err(Refusal::Malformed);
            }
            result.push_str(or_missing(name, variables, missing));
            rest = next;
        }
    }
    result.push_str(rest);
    Ok(result)
}

/// Where the brace closes that was opened before the text.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut after_dollar = false;
    for (position, c) in text.char_indices() {
        match c {
            '{' if after_dollar => open += 1,
            '}' if open == 0 => return Some(position),
            '}' => open -= 1,
            _ => {}
        }
        after_dollar = c == '$';
    }
    None
}

fn name_length(text: &str) -> usize {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c| !is_inside(c)).unwrap_or(text.len())
}

fn or_missing<'v>(name: &str, variables: &'v Variables, missing: &mut Vec<String>) -> &'v str {
    variables.get(name).unwrap_or_else(|| {
        missing.push(name.to_owned());
        ""
    })
}

/// What stands between the braces.
struct Expression<'t> {
    name: &'t str,
    /// Whether an empty variable counts as missing.
    needs_text: bool,
    /// `-`, `?` or `+`, and what stands behind.
    rule: Option<(char, &'t str)>,
}

impl<'t> Expression<'t> {
    fn parse(inside: &'t str) -> Option<Self> {
        let (name, rest) = inside.split_at(name_length(inside));
        if name.is_empty() {
            return None;
        }
        let (needs_text, rest) = match rest.strip_prefix(':') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let mut characters = rest.chars();
        let rule = match characters.next() {
            None if needs_text => return None,
            None => None,
            Some(rule @ ('-' | '?' | '+')) => Some((rule, characters.as_str())),
            Some(_) => return None,
        };
        Some(Self { name, needs_text, rule })
    }

    fn value(
        &self,
        variables: &Variables,
        missing: &mut Vec<String>,
        depth: usize,
    ) -> Result<String, Refusal> {
        let set = variables.get(self.name).filter(|value| !self.needs_text || !value.is_empty());
        let mut filled = |text| interpolated(text, variables, missing, depth + 1);
        match (self.rule, set) {
            (Some(('+', other)), Some(_)) => filled(other),
            (Some(('+', _)), None) => Ok(String::new()),
            (_, Some(value)) => Ok(value.to_owned()),
            (Some(('?', message)), None) => {
                Err(Refusal::Required(self.name.to_owned(), filled(message)?))
            }
            (Some((_, instead)), None) => filled(instead),
            (None, None) => Ok(or_missing(self.name, variables, missing).to_owned()),
        }
    }
}
