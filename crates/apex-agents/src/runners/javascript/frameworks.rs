//! How each framework is called: its options, our reporter beside those of the project, the files
//! and the names that are wanted, and what it says when it found nothing.

use std::collections::BTreeMap;

use apex_config::model::RunnerKind;

use super::names::escaped;

/// A file of the private folder: its name and its text.
type PrivateFile = (&'static str, &'static str);

/// How a framework is called and understood.
pub(super) struct Framework {
    /// Its name, for people.
    pub(super) name: &'static str,
    /// Our reporter and what it is made of.
    pub(super) reporter: &'static [PrivateFile],
    /// The arguments after its program.
    pub(super) arguments: fn(&Call<'_>) -> Vec<String>,
    /// What it says when it found no test.
    pub(super) says_nothing: &'static [&'static str],
    /// Whether a file that cannot be loaded keeps all others from running.
    pub(super) loads_all_first: bool,
    /// Whether each file has a process of its own, which tells late what it does: the framework
    /// outlives it, and does not know whose doing its death was.
    pub(super) tells_late: bool,
    /// Whether its reporter says when all is told. Else every file has to be told to have ended.
    pub(super) tells_end: bool,
}

/// What one call is to run.
pub(super) struct Call<'a> {
    /// Relative to the folder of the project; empty for all that the framework finds.
    pub(super) files: &'a [String],
    /// A regular expression over names.
    pub(super) names: Option<&'a str>,
    /// What the layer file adds.
    pub(super) arguments: &'a [String],
    /// Whether this is a part of the work, of which coverage means nothing.
    pub(super) is_part: bool,
    /// The major version of the framework; 0 where it is not known.
    pub(super) major: u32,
    /// Whether tests are only listed.
    pub(super) is_listing: bool,
}

const CHANNEL: PrivateFile = ("apex_channel.cjs", include_str!("apex_channel.cjs"));

/// The framework of a runner; `None` for a runner that is none of JavaScript's.
pub(super) const fn framework(runner: RunnerKind) -> Option<&'static Framework> {
    match runner {
        RunnerKind::Jest => Some(&JEST),
        RunnerKind::Vitest => Some(&VITEST),
        RunnerKind::Mocha => Some(&MOCHA),
        RunnerKind::Playwright => Some(&PLAYWRIGHT),
        RunnerKind::Cypress => Some(&CYPRESS),
        _ => None,
    }
}

static JEST: Framework = Framework {
    name: "jest",
    reporter: &[CHANNEL, ("apex_jest.cjs", include_str!("apex_jest.cjs"))],
    arguments: jest,
    says_nothing: &["No tests found"],
    loads_all_first: false,
    tells_late: false,
    tells_end: true,
};

/// In one process: how many run at once is Apex's decision, and a pool costs a further start.
fn jest(call: &Call<'_>) -> Vec<String> {
    let mut arguments = words(&["--runInBand"]);
    if call.is_listing {
        arguments.push("--listTests".to_owned());
    } else {
        arguments.extend(words(&["--reporters=default", "--reporters={private}/apex_jest.cjs"]));
    }
    if call.is_part {
        arguments.push("--coverage=false".to_owned());
    }
    arguments.extend(call.names.map(|names| format!("--testNamePattern={names}")));
    arguments.extend_from_slice(call.arguments);
    if !call.files.is_empty() {
        // Exact paths, of which its configuration still says which are tests.
        arguments.push("--runTestsByPath".to_owned());
        arguments.extend(call.files.iter().map(|file| here(file)));
    }
    arguments
}

static VITEST: Framework = Framework {
    name: "vitest",
    reporter: &[CHANNEL, ("apex_vitest.mjs", include_str!("apex_vitest.mjs"))],
    arguments: vitest,
    says_nothing: &["No test files found"],
    loads_all_first: false,
    tells_late: true,
    tells_end: true,
};

fn vitest(call: &Call<'_>) -> Vec<String> {
    let mut arguments = words(&[
        if call.is_listing { "list" } else { "run" },
        "--no-file-parallelism",
        "--includeTaskLocation",
    ]);
    if call.is_listing {
        arguments.push("--json={out}".to_owned());
        if call.major >= 5 {
            // It would guess from the text of files, and not know the names of tables.
            arguments.push("--no-static-parse".to_owned());
        }
    } else {
        arguments.extend(words(&["--reporter=default", "--reporter={private}/apex_vitest.mjs"]));
    }
    if call.is_part {
        arguments.push("--coverage.enabled=false".to_owned());
    }
    arguments.extend(call.names.map(|names| format!("--testNamePattern={names}")));
    arguments.extend_from_slice(call.arguments);
    arguments.extend(call.files.iter().map(|file| here(file)));
    arguments
}

static MOCHA: Framework = Framework {
    name: "mocha",
    reporter: &[
        CHANNEL,
        ("apex_mocha.cjs", include_str!("apex_mocha.cjs")),
        ("apex_mocharc.cjs", include_str!("apex_mocharc.cjs")),
    ],
    arguments: mocha,
    says_nothing: &["No test files found"],
    loads_all_first: true,
    tells_late: false,
    tells_end: true,
};

fn mocha(call: &Call<'_>) -> Vec<String> {
    let mut arguments = words(&["--reporter={private}/apex_mocha.cjs", "--no-parallel"]);
    if call.is_listing {
        arguments.push("--dry-run".to_owned());
    }
    if !call.files.is_empty() {
        arguments.extend(words(&["--config={private}/apex_mocharc.cjs", "--no-package"]));
    }
    arguments.extend(call.names.map(|names| format!("--grep={names}")));
    arguments.extend_from_slice(call.arguments);
    arguments.extend(call.files.iter().map(|file| here(file)));
    arguments
}

static PLAYWRIGHT: Framework = Framework {
    name: "playwright",
    reporter: &[CHANNEL, ("apex_playwright.cjs", include_str!("apex_playwright.cjs"))],
    arguments: playwright,
    says_nothing: &["No tests found"],
    loads_all_first: true,
    tells_late: false,
    tells_end: true,
};

/// Its reporter is named by a variable, which adds it to those of the project.
fn playwright(call: &Call<'_>) -> Vec<String> {
    let mut arguments = words(&["test"]);
    arguments.extend(words(&[if call.is_listing { "--list" } else { "--workers=1" }]));
    // It matches the project, the file and the names, with spaces between them.
    arguments.extend(call.names.map(|names| format!("--grep={}", anywhere(names))));
    arguments.extend_from_slice(call.arguments);
    // It takes files as regular expressions.
    arguments.extend(call.files.iter().map(|file| format!("/{}$", escaped(file))));
    arguments
}

static CYPRESS: Framework = Framework {
    name: "cypress",
    reporter: &[CHANNEL, ("apex_cypress.cjs", include_str!("apex_cypress.cjs"))],
    arguments: cypress,
    says_nothing: &["Can't run because no spec files were found"],
    loads_all_first: false,
    tells_late: false,
    tells_end: false,
};

/// Cypress takes one reporter; it knows no names, so that files run whole.
fn cypress(call: &Call<'_>) -> Vec<String> {
    let mut arguments = words(&["run", "--reporter", "{private}/apex_cypress.cjs"]);
    arguments.extend_from_slice(call.arguments);
    if !call.files.is_empty() {
        arguments.extend(["--spec".to_owned(), call.files.join(",")]);
    }
    arguments
}

/// Variables that a framework is given.
pub(super) fn variables(runner: RunnerKind) -> BTreeMap<String, String> {
    let reporter = ("PW_TEST_REPORTER".to_owned(), "{private}/apex_playwright.cjs".to_owned());
    (runner == RunnerKind::Playwright).then_some(reporter).into_iter().collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A path that no program takes for an option.
fn here(file: &str) -> String {
    if file.starts_with('-') { format!("./{file}") } else { file.to_owned() }
}

/// A pattern over names, where other words may stand before them.
fn anywhere(names: &str) -> String {
    format!("(?:^| ){}", names.trim_start_matches('^'))
}

impl Framework {
    /// What stands before everything else on its command line, as people type it.
    pub(super) fn subcommand(&self) -> Option<&'static str> {
        match self.name {
            "vitest" | "cypress" => Some("run"),
            "playwright" => Some("test"),
            _ => None,
        }
    }
}
