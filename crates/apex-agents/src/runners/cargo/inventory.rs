//! The test programs of a cargo job, the names of their tests, and these as test cases.

use apex_core::test_case::TestCase;

use super::build::Binary;

/// The suite of examples in documentation.
pub(super) const DOCUMENTATION: &str = "doc";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// The programs that cargo built.
    pub(super) binaries: Vec<Binary>,
    /// Names of the tests of each program that was listed.
    pub(super) names: Vec<Vec<String>>,
    /// Names of the examples in documentation.
    pub(super) examples: Vec<String>,
    /// Absolute path of the project.
    pub(super) root: String,
}

impl Inventory {
    /// A test by its id: `package::target$name`.
    pub(super) fn case_by_id(&self, id: &str) -> TestCase {
        let (suite, name) = id.split_once('$').unwrap_or(("", id));
        let binary = self.binaries.iter().find(|binary| binary.suite == suite);
        case(suite, name, binary.map(|binary| inside(&self.root, &binary.source)))
    }

    /// A test of a program.
    pub(super) fn case_of(&self, binary: usize, name: &str) -> TestCase {
        let binary = &self.binaries[binary];
        case(&binary.suite, name, Some(inside(&self.root, &binary.source)))
    }

    /// An example in documentation: `src/lib.rs - module::item (line 12)`.
    pub(super) fn example(&self, name: &str) -> TestCase {
        case(DOCUMENTATION, name, name.split(" - ").next())
    }
}

fn case(suite: &str, name: &str, file: Option<&str>) -> TestCase {
    TestCase {
        id: format!("{suite}${name}").into(),
        suite: suite.into(),
        name: name.into(),
        file: file.map(Into::into),
        line: None,
        critical: false,
    }
}

/// A path inside of the project root as a path relative to it.
pub(super) fn inside<'a>(root: &str, path: &'a str) -> &'a str {
    path.strip_prefix(root).map_or(path, |rest| rest.trim_start_matches('/'))
}
