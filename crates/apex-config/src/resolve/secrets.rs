//! Which variables hold secrets, and secrets in plain text.

use super::Work;
use super::view::View;
use crate::model::SecretRules;
use crate::node::{Node, Value};
use crate::problem::Problem;
use crate::shape::{Fallback, SECRETS};

/// How secrets are recognised.
pub(super) fn rules(tree: &Node) -> SecretRules {
    let view = View::new(tree.get("secrets"), &SECRETS);
    let mut names = match SECRETS.fallback("names") {
        Fallback::Words(words) if view.node("names").is_none() => {
            words.iter().map(|&word| word.to_owned()).collect()
        }
        _ => view.texts("names"),
    };
    names.extend(view.texts("variables"));
    SecretRules { names, except: view.texts("except"), files: view.texts("files") }
}

/// Looks through every `env`, `exports` and `headers` that the user wrote.
pub(super) fn check(work: &mut Work<'_, '_>) {
    let mut found = Vec::new();
    look(work.scene.tree, false, &mut found);
    found.into_iter().for_each(|problem| work.push(problem));
}

/// Whether a name is that of something secret.
pub(crate) fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 8] = [
        "password",
        "passwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "private_key",
        "authorization",
    ];
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

fn look(node: &Node, in_variables: bool, found: &mut Vec<Problem>) {
    match node.value() {
        Value::Map(map) => {
            for (name, _, value) in map.iter() {
                if is_plain_secret(name, value, in_variables) {
                    let message = format!("`{name}` holds a secret in plain text");
                    let hint = format!(
                        "take it from a variable: {name}: \"${{{}}}\"",
                        name.to_uppercase()
                    );
                    found.push(Problem::warning(value.place(), message).at(name).hint(hint));
                }
                look(value, matches!(name, "env" | "exports" | "headers" | "websocket"), found);
            }
        }
        Value::List(list) => list.iter().for_each(|item| look(item, in_variables, found)),
        Value::Scalar(_) => {}
    }
}

/// A short word such as `test` or `postgres` is no secret worth a warning.
fn is_plain_secret(name: &str, value: &Node, in_variables: bool) -> bool {
    const SHORTEST: usize = 9;
    in_variables
        && is_secret(name)
        && value.place().is_users()
        && value.as_text().is_some_and(|text| text.len() >= SHORTEST && !text.contains("${"))
}
