//! Frameworks that Apex recognises and does not run test by test yet: an honest refusal.

use apex_config::model::RunnerKind;
use apex_core::event::ProcessEnd;
use apex_core::report::JobReport;

use super::session::{Session, Step};

/// Why there is no work for this framework, and what to write instead.
#[must_use]
pub fn refusal(runner: RunnerKind) -> String {
    let (command, report) = example(runner);
    format!(
        "Apex does not run {} test by test yet; give the category a `command:` with a report, for example `command: {command}` and `report: {report}`",
        runner.as_str()
    )
}

/// A command that writes a JUnit report, and where.
const fn example(runner: RunnerKind) -> (&'static str, &'static str) {
    match runner {
        RunnerKind::Jest => ("[npx, jest, --reporters=jest-junit]", "junit.xml"),
        RunnerKind::Vitest => {
            ("[npx, vitest, run, --reporter=junit, --outputFile=report.xml]", "report.xml")
        }
        RunnerKind::Mocha => ("[npx, mocha, --reporter=tap]", "stdout"),
        RunnerKind::Playwright => (
            "\"PLAYWRIGHT_JUNIT_OUTPUT_NAME=report.xml npx playwright test --reporter=junit\"",
            "report.xml",
        ),
        RunnerKind::Cypress => (
            "[npx, cypress, run, --reporter=junit, --reporter-options, mochaFile=report-[hash].xml]",
            "report-*.xml",
        ),
        _ => ("[make, test]", "\"reports/*.xml\""),
    }
}

/// A session that runs nothing and says why; a plan made by `detect` never needs it.
pub(crate) struct Refusal(pub(crate) RunnerKind);

impl Session for Refusal {
    fn next(&mut self, _ended: Option<&ProcessEnd>, _reports: &mut Vec<JobReport>) -> Step {
        Step::Unable { reason: refusal(self.0) }
    }
}
