//! JUnit XML of a run, for other tools: a suite for each category, a case for each test.
//!
//! Form: the common one of Surefire; [`case`] has the elements of a test. A time that nobody knows
//! is left out rather than said to be zero. A test that did not run is `skipped` with a message
//! that names why; a category that could not run and has no test to show for it gets a case of its
//! own, so that no reader takes it for green. Cases are written one by one: the memory needed does
//! not grow with the run beyond 4 bytes a test.

mod case;
mod element;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use apex_core::plan::PlannedCategory;
use apex_core::view::{CategoryView, Ending};
use apex_core::{Envelope, RunView, Sink, TestIx};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event};

use self::case::{Shape, shape_of, write_case, write_result};
use self::element::{element, seconds};
use super::shown::unshown;
use crate::atomic::write_atomically;

/// Writes the report at the end of a run, whole or not at all.
pub struct JunitReport {
    path: PathBuf,
}

impl JunitReport {
    /// The report goes to this file; missing folders are made.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Sink for JunitReport {
    fn name(&self) -> &'static str {
        "junit"
    }

    fn accept(&mut self, _: &[Envelope], _: &RunView) -> Result<(), String> {
        Ok(())
    }

    fn close(&mut self, view: &RunView) -> Result<(), String> {
        write_atomically(&self.path, |writer| write_report(view, writer)).map_err(|error| {
            format!("cannot write the JUnit report `{}`: {error}", self.path.display())
        })
    }
}

/// Writes the report of what a view holds.
///
/// # Errors
/// Those of the writer.
pub fn write_report(view: &RunView, writer: impl Write) -> io::Result<()> {
    let mut xml = Writer::new_with_indent(writer, b' ', 2);
    let suites = suites(view);
    let mut total = Totals::default();
    suites.iter().for_each(|suite| total.add(&suite.totals));
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = element("testsuites", &[("name", "apex")]);
    total.attributes(&mut root, view.spent(view.last()));
    if let Some(started) = started(view) {
        root.push_attribute(("timestamp", started.as_str()));
    }
    xml.write_event(Event::Start(root))?;
    for suite in &suites {
        write_suite(&mut xml, view, suite)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    xml.into_inner().write_all(b"\n")
}

/// A category and its tests.
struct Suite<'v> {
    planned: &'v PlannedCategory,
    category: &'v CategoryView,
    tests: Vec<TestIx>,
    /// The end of the category, when none of its tests shows it.
    unshown: Option<&'v Ending>,
    totals: Totals,
}

/// The numbers of a suite as JUnit counts them.
#[derive(Clone, Copy, Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Totals {
    fn count(&mut self, shape: Shape) {
        self.tests += 1;
        match shape {
            Shape::Passed | Shape::Flaky => {}
            Shape::Failure => self.failures += 1,
            Shape::Error => self.errors += 1,
            Shape::Skipped => self.skipped += 1,
        }
    }

    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }

    fn attributes(&self, element: &mut BytesStart<'_>, time: Duration) {
        element.push_attribute(("tests", self.tests.to_string().as_str()));
        element.push_attribute(("failures", self.failures.to_string().as_str()));
        element.push_attribute(("errors", self.errors.to_string().as_str()));
        element.push_attribute(("skipped", self.skipped.to_string().as_str()));
        element.push_attribute(("time", seconds(time).as_str()));
    }
}

fn suites(view: &RunView) -> Vec<Suite<'_>> {
    let planned = view.plan().categories.iter();
    let mut suites: Vec<Suite<'_>> = planned
        .zip(view.categories())
        .map(|(planned, category)| {
            let unshown = unshown(category);
            let mut totals = Totals::default();
            if let Some(end) = unshown {
                totals.count(Shape::of(end.outcome));
            }
            Suite { planned, category, tests: Vec::new(), unshown, totals }
        })
        .collect();
    for (position, test) in view.tests().iter().enumerate() {
        let category = view.category_of(test.job);
        if let Some(suite) = category.and_then(|category| suites.get_mut(category.position())) {
            suite.tests.push(TestIx::at(position));
            suite.totals.count(shape_of(test));
        }
    }
    suites
}

fn write_suite(xml: &mut Writer<impl Write>, view: &RunView, suite: &Suite<'_>) -> io::Result<()> {
    let name = suite.planned.name.as_str();
    let mut start = element("testsuite", &[("name", name)]);
    suite.totals.attributes(&mut start, suite.category.progress.spent(view.last()));
    xml.write_event(Event::Start(start))?;
    write_properties(xml, view, suite)?;
    for test in suite.tests.iter().filter_map(|test| view.test(*test)) {
        write_case(xml, view, test)?;
    }
    if let Some(end) = suite.unshown {
        let case = element("testcase", &[("name", name), ("classname", name)]);
        xml.write_event(Event::Start(case))?;
        write_result(xml, end.outcome, &end.reason, "")?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn write_properties(
    xml: &mut Writer<impl Write>,
    view: &RunView,
    suite: &Suite<'_>,
) -> io::Result<()> {
    let plan = view.plan();
    let layer = plan.layers.get(suite.planned.layer.position()).map(|layer| layer.id.as_str());
    let run = view.identity().map(|identity| identity.run.as_str());
    let environment = plan.request.environment.as_ref().map(AsRef::as_ref);
    xml.write_event(Event::Start(BytesStart::new("properties")))?;
    for (name, value) in [("layer", layer), ("run", run), ("environment", environment)] {
        if let Some(value) = value {
            let property = element("property", &[("name", name), ("value", value)]);
            xml.write_event(Event::Empty(property))?;
        }
    }
    xml.write_event(Event::End(BytesEnd::new("properties")))
}

fn started(view: &RunView) -> Option<String> {
    let millis = i64::try_from(view.identity()?.unix_millis).ok()?;
    jiff::Timestamp::from_millisecond(millis).ok().map(|moment| moment.to_string())
}
