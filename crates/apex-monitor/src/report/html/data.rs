//! The tests of a run as data for the script of the page.
//!
//! Form: `{"outcomes": […], "categories": […], "tests": [[id, category, outcome, milliseconds or
//! -1, attempts, position in "said" or -1]], "said": [[message, place, log, details, output]]}`.
//! Words and categories are numbers, so that 100,000 tests are ten megabytes.

use std::io::{self, Write};

use apex_core::Outcome;
use apex_core::view::TestView;
use serde::Serialize;

use crate::console::words;
use crate::report::Recorded;
use crate::report::shown::{log, message, millis, outcome_of, place_text};
use crate::text::harmless;

#[derive(Serialize)]
struct Test<'r>(&'r str, i64, usize, i64, u32, i64);

#[derive(Serialize)]
struct Said(String, String, String, String, String);

/// Writes the data, harmless inside of a script element.
pub(super) fn write(run: &Recorded, writer: &mut impl Write) -> io::Result<()> {
    let view = &run.view;
    let outcomes: Vec<(&str, &str)> =
        Outcome::ALL.iter().map(|outcome| (outcome.as_str(), words::word(*outcome))).collect();
    let categories: Vec<&str> =
        view.plan().categories.iter().map(|planned| planned.name.as_str()).collect();
    let mut sheet = Escaping(writer);
    sheet.write_all(b"{\"outcomes\":")?;
    serde_json::to_writer(&mut sheet, &outcomes)?;
    sheet.write_all(b",\"categories\":")?;
    serde_json::to_writer(&mut sheet, &categories)?;
    sheet.write_all(b",\"tests\":[")?;
    let mut said = 0;
    for (position, test) in view.tests().iter().enumerate() {
        sheet.write_all(if position == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut sheet, &row(run, test, &mut said))?;
    }
    sheet.write_all(b"],\"said\":[")?;
    for (position, test) in view.tests().iter().filter(|test| speaks(test)).enumerate() {
        sheet.write_all(if position == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut sheet, &texts(run, test))?;
    }
    sheet.write_all(b"]}")
}

/// Whether there is more to show of a test than its row.
fn speaks(test: &TestView) -> bool {
    test.said().is_some() || outcome_of(test).is_bad()
}

fn row<'r>(run: &Recorded, test: &'r TestView, said: &mut i64) -> Test<'r> {
    let outcome = outcome_of(test);
    let category = run.view.category_of(test.job).map_or(-1, |category| i64::from(category.0));
    let time = test.duration.and_then(|time| i64::try_from(millis(time)).ok()).unwrap_or(-1);
    let texts = if speaks(test) {
        *said += 1;
        *said - 1
    } else {
        -1
    };
    Test(&test.case.id, category, outcome as usize, time, test.attempts, texts)
}

fn texts(run: &Recorded, test: &TestView) -> Said {
    let text = |which: fn(&apex_core::test_case::Failure) -> &String| {
        test.said().map_or_else(String::new, |said| harmless(which(said)).into_owned())
    };
    Said(
        message(&run.view, test),
        place_text(test).unwrap_or_default(),
        log(run, test).unwrap_or_default(),
        text(|said| &said.details),
        text(|said| &said.output),
    )
}

/// Writes JSON so that nothing in it ends a script element: `<` stands only inside of texts, where
/// an escape means the same.
struct Escaping<'w, W>(&'w mut W);

impl<W: Write> Write for Escaping<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
            self.0.write_all(&rest[..at])?;
            self.0.write_all(b"\\u003c")?;
            rest = &rest[at + 1..];
        }
        self.0.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
