//! The declaration of environment variables, against the sources that read and set them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use apex_config::environment_variables::GROUPS;

/// Where the names are declared; a name that only stands there is not used.
const DECLARATION: &str = "crates/apex-config/src/environment_variables.rs";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "py" || end == "mjs") {
            found.push(path);
        }
    }
}

/// Every file of the program, relative to the repository, with its text.
fn program() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    sources(&root.join("crates"), &mut files);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("below the root").display().to_string();
        (name, std::fs::read_to_string(&path).expect("a source"))
    };
    files.into_iter().map(read).collect()
}

/// Whole string literals in capitals with a `_`: that is what a variable looks like.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    // What the compiler fills in is no variable of the process.
    let code =
        text.lines().filter(|line| !line.trim_start().starts_with("//") && !line.contains("env!("));
    code.flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|literal| {
        let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        literal.len() > 3
            && literal.contains('_')
            && literal.starts_with(|c: char| c.is_ascii_uppercase())
            && literal.chars().all(is_plain)
    })
}

/// Names and values of the constants of the declaration.
fn constants(program: &[(String, String)]) -> Vec<(&str, &str)> {
    let (_, text) = program.iter().find(|(file, _)| file == DECLARATION).expect("a declaration");
    let lines = text.lines().filter_map(|line| line.strip_prefix("pub const ")?.split_once(": "));
    lines.map(|(name, rest)| (name, rest.split('"').nth(1).unwrap_or_default())).collect()
}

#[test]
fn every_variable_in_the_sources_is_declared() {
    let variables = GROUPS.iter().flat_map(|group| group.variables);
    let declared: BTreeSet<&str> = variables.map(|variable| variable.name).collect();
    let mut undeclared = BTreeSet::new();
    for (file, text) in program() {
        for literal in literals(&text) {
            let family = |name: &&str| {
                name.split_once('<').is_some_and(|(begin, _)| {
                    literal.starts_with(begin) || begin.strip_suffix('_') == Some(literal)
                })
            };
            if !declared.contains(literal) && !declared.iter().any(family) {
                undeclared.insert(format!("{file} names `{literal}`"));
            }
        }
    }
    assert!(undeclared.is_empty(), "declare them in {DECLARATION}: {undeclared:#?}");
}

#[test]
fn a_variable_with_a_constant_is_written_out_nowhere_else() {
    let program = program();
    let constants = constants(&program);
    assert!(constants.len() > 20, "{constants:?}");
    // What frameworks know by themselves is written where they are spoken to, and a script in
    // another language knows no constants.
    let runners = "crates/apex-agents/src/runners/";
    let is_free = |file: &str| file.starts_with(runners) || file.ends_with(".py");
    let mut written_out = BTreeSet::new();
    for (file, text) in program.iter().filter(|(file, _)| file != DECLARATION) {
        for literal in literals(text).filter(|_| !is_free(file)) {
            let is_known = constants.iter().any(|(_, value)| *value == literal);
            if is_known {
                written_out.insert(format!("{file} writes `{literal}` out"));
            }
        }
    }
    assert!(written_out.is_empty(), "{written_out:#?}");
}

#[test]
fn every_constant_is_used_and_every_variable_is_described() {
    let program = program();
    for variable in GROUPS.iter().flat_map(|group| group.variables) {
        assert!(!variable.about.is_empty(), "{}", variable.name);
    }
    for (constant, _) in constants(&program) {
        let uses = |text: &str| {
            text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == constant)
        };
        let is_used = program.iter().any(|(file, text)| file != DECLARATION && uses(text));
        assert!(is_used, "nobody reads or sets {constant}");
    }
}
