//! Reads JUnit files, whoever wrote them: the tests in them and how each ended.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// How a test of a JUnit file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The element says nothing more.
    Passed,
    /// It holds a `failure`.
    Failed,
    /// It holds an `error`.
    Errored,
    /// It holds a `skipped`.
    Skipped,
}

/// A test of a JUnit file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Class name and name, with a space between.
    pub name: String,
    /// How it ended.
    pub ended: Ended,
}

/// How many tests ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that did what they should.
    pub passed: usize,
    /// Tests with a check that did not hold.
    pub failed: usize,
    /// Tests that could not be judged.
    pub errored: usize,
    /// Tests that do not apply.
    pub skipped: usize,
}

impl Counts {
    /// Counts the tests of a file.
    pub fn of(cases: &[Case]) -> Self {
        let count = |ended| cases.iter().filter(|case| case.ended == ended).count();
        Self {
            passed: count(Ended::Passed),
            failed: count(Ended::Failed),
            errored: count(Ended::Errored),
            skipped: count(Ended::Skipped),
        }
    }
}

/// The tests of a JUnit file, in its order.
///
/// # Panics
/// When the text is not XML.
pub fn cases(text: &str) -> Vec<Case> {
    let mut reader = Reader::from_str(text);
    let mut cases: Vec<Case> = Vec::new();
    let mut inside = false;
    loop {
        match reader.read_event().expect("a JUnit file is XML") {
            Event::Eof => return cases,
            Event::Start(element) if element.name().as_ref() == b"testcase" => {
                cases.push(case(&element));
                inside = true;
            }
            Event::Empty(element) if element.name().as_ref() == b"testcase" => {
                cases.push(case(&element));
            }
            Event::End(element) if element.name().as_ref() == b"testcase" => inside = false,
            Event::Start(element) | Event::Empty(element) if inside => {
                if let (Some(ended), Some(case)) = (ending(&element), cases.last_mut()) {
                    case.ended = ended;
                }
            }
            _ => {}
        }
    }
}

fn case(element: &BytesStart<'_>) -> Case {
    let attribute = |name: &str| {
        element
            .try_get_attribute(name)
            .expect("attributes are well formed")
            .map(|found| String::from_utf8_lossy(&found.value).into_owned())
            .unwrap_or_default()
    };
    let name = format!("{} {}", attribute("classname"), attribute("name"));
    Case { name, ended: Ended::Passed }
}

fn ending(element: &BytesStart<'_>) -> Option<Ended> {
    match element.name().as_ref() {
        b"failure" => Some(Ended::Failed),
        b"error" => Some(Ended::Errored),
        b"skipped" => Some(Ended::Skipped),
        _ => None,
    }
}
