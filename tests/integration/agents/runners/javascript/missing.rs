//! What is said when a framework is not installed, or too old.

use std::path::Path;

use apex_agents::runners::tools::check;
use apex_config::model::RunnerKind;

use super::Project;

const OLD: &str = r#"{"name": "jest", "version": "26.1.0", "bin": "bin/jest.js"}"#;

#[test]
fn what_to_type_is_said_for_the_package_manager_of_the_project() {
    let declared = ("web/package.json", r#"{"devDependencies": {"jest": "30"}}"#);
    let rows: [(&[(&str, &str)], &str); 7] = [
        (&[declared], "jest is not installed in `web`: run `npm install` there first"),
        (&[declared, ("pnpm-lock.yaml", "")], "run `pnpm install` there first"),
        (&[declared, ("web/yarn.lock", "")], "run `yarn install` there first"),
        (&[declared, ("bun.lock", "")], "run `bun install` there first"),
        (&[("web/a.js", "")], "install 29 or later with `npm install --save-dev jest`"),
        (&[declared, (".pnp.cjs", "")], "Apex does not read Yarn's Plug'n'Play"),
        (
            &[declared, ("web/node_modules/jest/package.json", OLD)],
            "jest 26.1.0 of `web` is too old: Apex needs 29 or later",
        ),
    ];
    for (files, message) in rows {
        let said = said(&Project::with(files), RunnerKind::Jest);
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn a_package_of_a_folder_above_is_found_and_one_outside_of_the_project_is_not() {
    let manifest = r#"{"name": "vitest", "version": "4.0.0", "bin": {"vitest": "./vitest.mjs"}}"#;
    let project =
        Project::with(&[("node_modules/vitest/package.json", manifest), ("web/a.js", "")]);
    assert_eq!(said(&project, RunnerKind::Vitest), "");
    let outside = check(RunnerKind::Vitest, &project.path().join("web"), "", &node);
    assert!(outside.is_err(), "npx would look further up, and download");
}

fn said(project: &Project, runner: RunnerKind) -> String {
    let checked = check(runner, project.path(), "web", &node);
    checked.err().map(|error| error.message).unwrap_or_default()
}

fn node(name: &str) -> Option<std::path::PathBuf> {
    (name == "node").then(|| Path::new("/usr/bin/node").to_owned())
}
