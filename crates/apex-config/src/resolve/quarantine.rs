//! The quarantine: every entry has an owner, a reason and a day on which it ends to hold.

use super::view::View;
use super::{Categories, Work, with_hint};
use crate::model::{CategoryName, Quarantined};
use crate::node::Node;
use crate::problem::{Problem, suggestion};
use crate::shape::QUARANTINED;

/// The entries of the merged tree. One that expired is an error: a test must not be forgotten
/// there.
pub(super) fn quarantine(work: &mut Work<'_, '_>, categories: &Categories) -> Vec<Quarantined> {
    let items = work.scene.tree.get("quarantine").and_then(Node::as_list).unwrap_or_default();
    items
        .iter()
        .map(|item| {
            let view = View::new(Some(item), &QUARANTINED);
            let entry = Quarantined {
                test: view.text("test").to_owned(),
                category: category(work, view, categories),
                owner: view.text("owner").to_owned(),
                reason: view.text("reason").to_owned(),
                expires: view.text("expires").chars().take(10).collect(),
            };
            check_expiry(work, item, &entry);
            entry
        })
        .collect()
}

fn category(
    work: &mut Work<'_, '_>,
    view: View<'_>,
    categories: &Categories,
) -> Option<CategoryName> {
    let text = view.optional_text("category")?;
    let found = categories.get_key_value(text).map(|(name, _)| name.clone());
    if found.is_none() {
        let place = view.node("category")?.place();
        let known = categories.keys().map(CategoryName::as_str);
        let problem = Problem::error(place, format!("`{text}` is no category"));
        work.push(with_hint(problem.at("quarantine").about(text), suggestion(text, known)));
    }
    found
}

fn check_expiry(work: &mut Work<'_, '_>, item: &Node, entry: &Quarantined) {
    // Days in this form sort like texts.
    let is_over = work
        .scene
        .today
        .is_some_and(|today| !entry.expires.is_empty() && entry.expires.as_str() < today);
    if !is_over {
        return;
    }
    let place = item.get("expires").unwrap_or(item).place();
    let message = format!("the quarantine of `{}` ended on {}", entry.test, entry.expires);
    let hint = format!(
        "mend the test and remove the entry, or let {} give it a later day with a new reason",
        entry.owner
    );
    work.push(Problem::error(place, message).at("quarantine").about(&entry.expires).hint(hint));
}
