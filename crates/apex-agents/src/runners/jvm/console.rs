//! What Maven and Gradle say on the console: why a build failed, and which class ended its Java.

use crate::runners::text::first_line;

/// Most classes that are named after a crash.
const CRASHES: usize = 1000;

/// Reads the console.
#[derive(Debug, Default)]
pub(super) struct ConsoleReader {
    /// The first error of a compiler.
    compiler: Option<String>,
    /// The first other error.
    error: Option<String>,
    /// Classes that were named as having ended their process.
    pub(super) crashed: Vec<String>,
    /// Whether it was said that there are no tests.
    pub(super) has_no_tests: bool,
    /// What the next line is about.
    expects: Expects,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expects {
    #[default]
    Anything,
    /// A line after `COMPILATION ERROR`.
    Compiler,
    /// A class, after `Crashed tests:`.
    Crash,
    /// A line with the reason, after `* What went wrong:`.
    Reason,
}

impl ConsoleReader {
    /// Takes a line; `root` is taken away from its paths.
    pub(super) fn line(&mut self, line: &str, root: &str) {
        let error = line.strip_prefix("[ERROR]").map(str::trim);
        let text = error.unwrap_or(line).trim();
        match self.expects {
            Expects::Compiler if error.is_some_and(|text| !text.starts_with('-')) => {
                self.expects = Expects::Anything;
                self.compiler.get_or_insert_with(|| shortened(text, root));
                return;
            }
            Expects::Crash if is_class(text) && error.is_some() => {
                let is_new = !self.crashed.iter().any(|known| known == text);
                if is_new && self.crashed.len() < CRASHES {
                    self.crashed.push(text.to_owned());
                }
                return;
            }
            Expects::Crash => self.expects = Expects::Anything,
            // The line with `>` says more than that of the task above it.
            Expects::Reason if !text.is_empty() => {
                if let Some(reason) = text.strip_prefix("> ") {
                    self.expects = Expects::Anything;
                    self.error.get_or_insert_with(|| shortened(reason, root));
                }
                return;
            }
            _ => {}
        }
        self.general(line, error, text, root);
    }

    fn general(&mut self, line: &str, error: Option<&str>, text: &str, root: &str) {
        // Of Gradle, the line is about a task: `:test NO-SOURCE`, `:integrationTest NO-SOURCE`.
        let says_none = ["No tests to run", "No tests were executed"];
        self.has_no_tests |=
            says_none.iter().any(|words| text.contains(words)) || text.ends_with("est NO-SOURCE");
        if text.starts_with("COMPILATION ERROR") {
            self.expects = Expects::Compiler;
        } else if text == "Crashed tests:" {
            self.expects = Expects::Crash;
        } else if text == "* What went wrong:" {
            self.expects = Expects::Reason;
        } else if is_of_compiler(line) {
            self.compiler.get_or_insert_with(|| shortened(text, root));
        } else if error.is_some_and(|text| text.starts_with("Failed to execute goal"))
            || (error.is_some_and(|text| !text.is_empty()) && text.contains("[FATAL]"))
        {
            self.error.get_or_insert_with(|| shortened(text, root));
        }
    }

    /// What a compiler complained of.
    pub(super) fn compiler(&self) -> Option<&str> {
        self.compiler.as_deref()
    }

    /// What was said first, of a compiler or else.
    pub(super) fn complaint(&self) -> Option<&str> {
        self.compiler().or(self.error.as_deref())
    }
}

/// A line of `javac`, `file.java:3: error: …`, or of Kotlin, `e: file:///…`.
fn is_of_compiler(line: &str) -> bool {
    let of_java = line.split_once(".java:").is_some_and(|(_, rest)| {
        let rest = rest.trim_start_matches(|one: char| one.is_ascii_digit());
        rest.starts_with(": error: ")
    });
    of_java || line.starts_with("e: ")
}

fn is_class(text: &str) -> bool {
    let is_part = |one: char| one.is_alphanumeric() || matches!(one, '_' | '$' | '.');
    !text.is_empty() && text.chars().all(is_part)
}

fn shortened(text: &str, root: &str) -> String {
    first_line(&text.replace(&format!("{root}/"), ""))
}
