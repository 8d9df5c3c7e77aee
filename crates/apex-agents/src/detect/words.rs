//! What a category may be called in a repository, and words inside of names.

/// Folders that tests live in.
pub(super) const TEST_ROOTS: [&str; 6] = ["tests", "test", "__tests__", "spec", "specs", "testing"];

/// Names of folders and words that mean a category, its own name first. A `/` joins folders.
pub(super) fn synonyms(category: &str) -> Vec<String> {
    let more: &[&str] = match category {
        "unit" => &["core", "units"],
        "api" => &["apis", "routes", "endpoints"],
        "database" => &["databases", "db", "persistence", "repositories"],
        "websocket" => &["websockets", "ws", "realtime"],
        "agent" => &["agents", "workflow", "workflows"],
        "security" => &["auth"],
        "performance" => &["load", "stress", "bench", "benchmark", "benchmarks"],
        "e2e_critical" => &["e2e/critical"],
        "integration" => &["integrations"],
        _ => &[],
    };
    let mut words = vec![category.to_owned()];
    words.extend(more.iter().map(|word| (*word).to_owned()));
    if category.contains('_') {
        words.push(category.replace('_', "-"));
        if let Some((first, rest)) = category.split_once('_') {
            words.push(format!("{first}/{rest}"));
        }
    }
    words.dedup();
    words
}

/// Markers, tags and test targets that mean a category.
pub(super) fn markers(category: &str) -> Vec<String> {
    match category {
        "e2e_critical" => vec!["e2e_critical".to_owned(), "critical".to_owned()],
        _ => vec![category.to_owned()],
    }
}

/// Whether `word` (parts joined by `_`) stands in `text` as a whole word or row of words.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    contains(&split(text), &split(word))
}

/// The same for a text and a word that were split before.
pub(super) fn contains(parts: &[String], wanted: &[String]) -> bool {
    !wanted.is_empty() && parts.windows(wanted.len()).any(|window| window == wanted)
}

/// Words of a name: cut at everything that is no letter or digit, and before capitals.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in text.chars() {
        let begins = character.is_uppercase() && was_lower;
        if !character.is_alphanumeric() || begins {
            words.push(String::new());
        }
        was_lower = character.is_lowercase() || character.is_ascii_digit();
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
