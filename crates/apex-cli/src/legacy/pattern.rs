//! Patterns over names of tests: a part of a name, or a glob whose outer stars say nothing.

use apex_core::test_case::TestCase;

use super::spelled::is_path;

/// A pattern, its alternatives in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    alternatives: Vec<String>,
    /// Whether it speaks of paths only.
    of_paths: bool,
}

impl Pattern {
    /// The pattern of a text; a vertical bar parts alternatives, `.*` is a star.
    pub(crate) fn new(text: &str) -> Self {
        let alternatives = text.split('|').map(|one| one.replace(".*", "*").to_lowercase());
        let is_glob = text.contains(['*', '?', '[']);
        let of_paths = text.contains('/') || (is_path(text) && !is_glob && !text.contains("::"));
        Self { alternatives: alternatives.collect(), of_paths }
    }

    /// A glob of paths, `**` included.
    pub(crate) fn of_paths(text: &str) -> Self {
        Self { alternatives: vec![text.to_lowercase().replace("**", "*")], of_paths: true }
    }

    /// Whether a whole text is what it says.
    pub(crate) fn holds_whole(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        self.alternatives.iter().any(|one| fits(&one.chars().collect::<Vec<_>>(), &text))
    }

    /// Whether some part of a text is what it says.
    fn holds(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        self.alternatives.iter().any(|one| {
            let around: Vec<char> = format!("*{}*", one.trim_matches('*')).chars().collect();
            fits(&around, &text)
        })
    }

    /// Whether a test is meant: by its path, the stem of its file, its class, name or id.
    pub(crate) fn fits(&self, case: &TestCase) -> bool {
        let path = case.file.as_deref().unwrap_or_else(|| file_of(&case.id));
        if self.of_paths {
            return self.holds(path);
        }
        self.holds(path)
            || self.holds(&case.suite)
            || self.holds(&case.name)
            || self.holds(&case.id)
    }
}

fn file_of(id: &str) -> &str {
    id.split("::").next().unwrap_or(id)
}

/// Whether a text is what a glob says: `*` any signs, `?` one.
fn fits(glob: &[char], text: &[char]) -> bool {
    let (mut at, mut in_text) = (0, 0);
    // Where to go on when the latest star has to hold one sign more.
    let mut star: Option<(usize, usize)> = None;
    while in_text < text.len() {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(sign) if *sign == '?' || *sign == text[in_text] => {
                at += 1;
                in_text += 1;
            }
            _ => match &mut star {
                Some((star_at, held)) => {
                    *held += 1;
                    at = *star_at + 1;
                    in_text = *held;
                }
                None => return false,
            },
        }
    }
    glob[at..].iter().all(|sign| *sign == '*')
}
