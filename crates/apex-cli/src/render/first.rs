//! What somebody reads who has just begun: a project without tests or without a layer file.

use std::fmt::Write as _;
use std::path::Path;

use apex_config::LAYER_FILES;
use apex_config::init::InitInventory;

/// What `apex init` looks for, in the words of its suites.
const LOOKED_FOR: &str =
    "pytest, unittest, cargo, go, jest, vitest, mocha, node:test, playwright and cypress";

/// What `apex init` found and wrote, and what comes next.
pub(crate) fn init_page(written: &str, inventory: &InitInventory) -> String {
    let mut text = String::new();
    for suite in &inventory.suites {
        let folder = if suite.folder == "." { "the root" } else { &suite.folder };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "found {} in {folder} ({})", suite.runner.as_str(), suite.evidence);
    }
    let next = if inventory.suites.is_empty() {
        let _ = writeln!(text, "found no test suite; looked for {LOOKED_FOR}");
        "replace the command in it by the one that runs your tests, then apex run"
    } else {
        "apex plan shows what would run, apex run runs it"
    };
    let _ = writeln!(text, "wrote {written}\nnext: {next}");
    text
}

/// What to do when nothing ran because nothing was found.
pub(crate) fn nothing_found(root: &Path, file: Option<&Path>, paths: &[String]) -> String {
    if !paths.is_empty() {
        return format!(
            "hint: nothing at {} is a test; `apex list tests` shows the tests there are\n",
            paths.join(", ")
        );
    }
    match file {
        Some(file) => format!(
            "hint: no tests were found for what was asked for; `apex config check` says why for \
             each category of {}\n",
            file.display()
        ),
        None => format!(
            "hint: {} has no layer file (looked for {}), and for what was asked for no tests were \
             found by their usual names; `apex config check` says which categories have tests, \
             `apex init` writes a layer file\n",
            root.display(),
            LAYER_FILES.join(", ")
        ),
    }
}
