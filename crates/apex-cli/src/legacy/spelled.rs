//! How words are written: what looks like a path, and how lists are cut.

use super::flag::Flag;

/// Endings of files of tests.
const ENDINGS: [&str; 10] =
    [".py", ".rs", ".go", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".feature"];

/// Whether a word without a flag is meant as a path.
pub(crate) fn is_path(word: &str) -> bool {
    ["/", "::", "*", "?", "["].iter().any(|sign| word.contains(sign))
        || ENDINGS.iter().any(|ending| word.ends_with(ending))
}

/// Whether several values of a flag add up.
pub(crate) const fn is_selector(flag: Flag) -> bool {
    matches!(
        flag,
        Flag::Category
            | Flag::Service
            | Flag::Level
            | Flag::Pattern
            | Flag::File
            | Flag::Keyword
            | Flag::Markers
            | Flag::Layers
            | Flag::ExcludeEnv
            | Flag::Test
            | Flag::TestList
            | Flag::OutputFormat
            | Flag::JsonPreserveFields
    )
}

/// The parts of a value. Commas part lists, a plus parts categories; an expression is whole, a
/// comma inside of brackets parts nothing, and so does one in a path that is there.
pub(crate) fn split(flag: Flag, value: &str) -> Vec<String> {
    match flag {
        Flag::Keyword | Flag::TestList => return vec![value.to_owned()],
        Flag::File if std::path::Path::new(value).exists() => return vec![value.to_owned()],
        _ => {}
    }
    let mut parts = vec![String::new()];
    let mut depth = 0_u32;
    for sign in value.chars() {
        match sign {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let parts_here = sign == ',' || (sign == '+' && flag == Flag::Category);
        if parts_here && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(sign);
        }
    }
    let trimmed: Vec<String> = parts.iter().map(|part| part.trim().to_owned()).collect();
    // `unit,` and `unit, api` are not meant to name nothing; a value of nothing but that is.
    let named: Vec<String> = trimmed.into_iter().filter(|part| !part.is_empty()).collect();
    if named.is_empty() { vec![String::new()] } else { named }
}
