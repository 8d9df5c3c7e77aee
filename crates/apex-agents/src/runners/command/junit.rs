//! JUnit XML, as the many writers of it really write it.
//!
//! There is no standard: suites nest or do not, times have thousands separators, the message is
//! an attribute or a text or both. A document type is refused, so that no entity is expanded; of
//! a document that breaks off, the tests before the break count and the break is a problem.

use std::time::Duration;

use apex_core::outcome::Outcome;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::reported::{Reported, ReportedTest};
use crate::runners::ledger::seconds;
use crate::runners::text::{TEXT_LIMIT, first_line};

/// Deepest nesting of elements that is followed.
const DEPTH: usize = 64;

/// Reads a document.
pub(super) fn read(content: &[u8]) -> Reported {
    let mut reader = Reader::from_reader(content);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_dangling_amp = true;
    let mut document = Document::default();
    let problem = loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                if document.open.len() >= DEPTH {
                    break Some(format!("elements are nested deeper than {DEPTH}"));
                }
                document.start(&element);
            }
            Ok(Event::Empty(element)) => {
                document.start(&element);
                document.end();
            }
            Ok(Event::End(_)) => document.end(),
            Ok(Event::Text(text)) => document.text(&String::from_utf8_lossy(&text)),
            Ok(Event::CData(text)) => document.text(&String::from_utf8_lossy(&text)),
            Ok(Event::GeneralRef(entity)) => document.text(&character(&entity)),
            Ok(Event::DocType(_)) => break Some("document types are not read".to_owned()),
            Ok(Event::Eof) => break document.unfinished(),
            Ok(_) => {}
            Err(error) => break Some(format!("not readable as XML: {error}")),
        }
    };
    let problem = problem.or_else(|| {
        (!document.is_junit).then(|| "not a JUnit report: it has no test suite".to_owned())
    });
    Reported { tests: document.tests, problem }
}

/// The character that a reference stands for; others stay as they are written.
fn character(entity: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return character.to_string();
    }
    match &**entity {
        b"lt" => "<".to_owned(),
        b"gt" => ">".to_owned(),
        b"amp" => "&".to_owned(),
        b"quot" => "\"".to_owned(),
        b"apos" => "'".to_owned(),
        other => format!("&{};", String::from_utf8_lossy(other)),
    }
}

/// What an open element is to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Suites,
    Suite,
    Case,
    /// Failure, error, skip: its text belongs to the details.
    Result,
    /// A try before the one that counts.
    Rerun,
    Output,
    Other,
}

#[derive(Default)]
struct Document {
    open: Vec<Element>,
    suites: Vec<String>,
    case: Option<ReportedTest>,
    tests: Vec<ReportedTest>,
    is_junit: bool,
}

impl Document {
    fn start(&mut self, element: &BytesStart<'_>) {
        let kind = match element.local_name().as_ref() {
            b"testsuites" => Element::Suites,
            b"testsuite" => Element::Suite,
            b"testcase" => Element::Case,
            b"failure" | b"error" | b"skipped" => Element::Result,
            b"flakyFailure" | b"flakyError" | b"rerunFailure" | b"rerunError" => Element::Rerun,
            b"system-out" | b"system-err" => Element::Output,
            _ => Element::Other,
        };
        self.is_junit |= matches!(kind, Element::Suites | Element::Suite);
        match kind {
            Element::Suite => self.suites.push(attribute(element, b"name")),
            Element::Case => self.start_case(element),
            Element::Result => self.result(element),
            Element::Rerun => self.rerun(element),
            _ => {}
        }
        self.open.push(kind);
    }

    fn start_case(&mut self, element: &BytesStart<'_>) {
        let class = attribute(element, b"classname");
        let suite =
            if class.is_empty() { self.suites.last().cloned().unwrap_or_default() } else { class };
        let file = attribute(element, b"file");
        self.case = Some(ReportedTest {
            suite,
            name: attribute(element, b"name"),
            file: (!file.is_empty()).then_some(file),
            line: attribute(element, b"line").trim().parse().ok(),
            duration: duration(&attribute(element, b"time")),
            outcome: match attribute(element, b"status").as_str() {
                "skipped" | "disabled" | "notrun" => Some(Outcome::Skipped),
                _ => None,
            },
            ..ReportedTest::default()
        });
    }

    /// An error outweighs a failure, a failure a skip.
    fn result(&mut self, element: &BytesStart<'_>) {
        let outcome = match element.local_name().as_ref() {
            b"error" => Outcome::Errored,
            b"failure" => Outcome::Failed,
            _ => Outcome::Skipped,
        };
        let Some(case) = &mut self.case else { return };
        let is_worse = match case.outcome {
            None | Some(Outcome::Skipped | Outcome::Flaky) => true,
            Some(Outcome::Failed) => outcome == Outcome::Errored,
            _ => false,
        };
        if is_worse {
            case.outcome = Some(outcome);
            case.message = first_line(&attribute(element, b"message"));
        }
    }

    fn rerun(&mut self, element: &BytesStart<'_>) {
        let Some(case) = &mut self.case else { return };
        let is_flaky = element.local_name().as_ref().starts_with(b"flaky");
        if is_flaky && case.outcome.is_none() {
            case.outcome = Some(Outcome::Flaky);
            case.message = first_line(&attribute(element, b"message"));
        }
    }

    fn text(&mut self, text: &str) {
        let (Some(case), Some(element)) = (&mut self.case, self.open.last()) else { return };
        // A result or its output inside of a rerun is not that of the case.
        if self.open.contains(&Element::Rerun) {
            return;
        }
        let target = match element {
            Element::Result => &mut case.details,
            Element::Output => &mut case.output,
            _ => return,
        };
        if target.len() <= TEXT_LIMIT {
            target.push_str(text);
        }
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Element::Suite) => {
                self.suites.pop();
            }
            Some(Element::Case) => {
                if let Some(mut case) = self.case.take() {
                    if case.message.is_empty() {
                        case.message = first_line(&case.details);
                    }
                    self.tests.push(case);
                }
            }
            _ => {}
        }
    }

    fn unfinished(&self) -> Option<String> {
        (!self.open.is_empty()).then(|| "the report breaks off".to_owned())
    }
}

/// The value of an attribute; empty when it is missing or not readable.
fn attribute(element: &BytesStart<'_>, name: &[u8]) -> String {
    let found =
        element.attributes().with_checks(false).flatten().find(|one| one.key.as_ref() == name);
    found.map_or_else(String::new, |one| match one.normalized_value(XmlVersion::Implicit1_0) {
        Ok(value) => value.into_owned(),
        Err(_) => String::from_utf8_lossy(&one.value).into_owned(),
    })
}

/// Seconds, with or without thousands separators.
fn duration(text: &str) -> Option<Duration> {
    seconds(text.trim().replace(',', "").parse().ok()?)
}
