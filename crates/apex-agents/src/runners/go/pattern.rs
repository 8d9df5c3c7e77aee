//! The pattern by which `go test -run` runs exactly these tests.
//!
//! Go cuts a pattern at each `|` into alternatives and at each `/` into one regular expression for
//! each level of subtests. Names are compared as Go reports them: spaces are already `_`.

/// Longest pattern of one program, in bytes: the system takes 128 KiB as one argument.
const LENGTH: usize = 96 * 1024;

/// Patterns for tests of one package; as few as their length allows.
pub(super) fn patterns<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    for name in names {
        let one = exact(name);
        match patterns.last_mut() {
            Some(last) if last.len() + one.len() < LENGTH => {
                last.push('|');
                last.push_str(&one);
            }
            _ => patterns.push(one),
        }
    }
    patterns
}

/// `^Test$/^part$` for `Test/part`.
fn exact(name: &str) -> String {
    let parts: Vec<String> = name.split('/').map(|part| format!("^{}$", escaped(part))).collect();
    parts.join("/")
}

/// Text as a regular expression of Go, without braces that the executor would fill in.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '{' => pattern.push_str("\\x7b"),
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '}' | '^' | '$' => {
                pattern.push('\\');
                pattern.push(character);
            }
            _ => pattern.push(character),
        }
    }
    pattern
}
