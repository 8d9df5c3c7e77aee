//! The end of a test from what Go told and what the test wrote.

use apex_core::outcome::Outcome;

use super::message;
use super::scene::Begun;
use crate::runners::ledger::End;
use crate::runners::text::first_line;

/// The end of a test with what it wrote. What passed keeps nothing: it would fill the memory.
pub(super) fn told(end: End, test: Begun) -> End {
    let message = match end.outcome {
        Outcome::Skipped => message::skip(&test.output),
        Outcome::Failed if test.output.trim().is_empty() => {
            test.failed_part.map(|part| format!("{part} failed")).unwrap_or_default()
        }
        Outcome::Failed => message::failure(&test.output),
        _ => return end,
    };
    End { details: test.output, ..end.because(message) }
}

/// The end of a test that took its process with it. `said` is what the process wrote last.
pub(super) fn ended_its_process(test: Begun, said: &str) -> End {
    let has_panicked = test.output.lines().any(|line| line.starts_with("panic: "));
    let is_own_limit = test.output.contains("panic: test timed out after");
    let outcome = if is_own_limit { Outcome::TimedOut } else { Outcome::Errored };
    let how =
        said.lines().find(|line| line.starts_with("exit status ") || line.starts_with("signal: "));
    let message = match how {
        _ if has_panicked => message::failure(&test.output),
        Some(how) => format!("ended its process while it ran ({how})"),
        None => "ended its process while it ran".to_owned(),
    };
    let details = if test.output.is_empty() { said.to_owned() } else { test.output };
    End { details, ..End::of(outcome, None).because(message) }
}

/// The last line that says something.
pub(super) fn last_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).rev();
    let mut says = lines.filter(|line| !line.is_empty() && !line.starts_with("FAIL"));
    first_line(says.next().unwrap_or_default())
}
