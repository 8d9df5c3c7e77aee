//! `--compat strict`: where the codes and defaults of the earlier runner hold in place of those of
//! Apex. The rows are those of the table "What differs" in `docs/MIGRATION.md`; what is not there is
//! the same under both.

use apex_core::event::{Event, JobEvent, ProcessEnd};
use apex_monitor::report::Recorded;
use apex_monitor::run_dir::{JournalError, JournalReader, RunDirectory};

use super::artifacts::tell;
use super::asked::Asked;
use super::flag::Flag;
use super::spelled::is_selector;
use super::table;

/// Whether the codes and defaults of the earlier runner are asked for.
pub(crate) fn is_strict(asked: &Asked) -> bool {
    match asked.value(Flag::Compat) {
        Some(word) => word == "strict",
        None => by_variable(),
    }
}

fn by_variable() -> bool {
    std::env::var("APEX_COMPAT").is_ok_and(|word| word == "strict")
}

/// Whether names were asked for and, under the older rules, none of them is known.
pub(crate) fn is_unknown_only(asked: &Asked) -> bool {
    let flags = [Flag::Category, Flag::Level, Flag::Service];
    is_strict(asked) && flags.iter().any(|flag| asked.is_given(*flag))
}

/// The code for words that were refused: 1 where flags contradict each other or a number of
/// failures is out of range.
pub(crate) fn of_refusal(words: &[String], message: &str, usual: u8) -> u8 {
    let is_typed = words.windows(2).any(|two| two[0] == "--compat" && two[1] == "strict")
        || words.iter().any(|word| word == "--compat=strict");
    let is_older = message.contains("contradict") || message.starts_with("argument --maxfail");
    if !(is_older && (is_typed || by_variable())) {
        return usual;
    }
    told(1, "flags that contradict each other")
}

/// Of a selector that is repeated, the last one holds.
pub(crate) fn last_ones(asked: &mut Asked) {
    if !is_strict(asked) {
        return;
    }
    // `--category` and `--categories` were two options, whose words were added up.
    let option = |spelled: &str| table::find(spelled).map(table::Row::first);
    let all = std::mem::take(&mut asked.occurrences);
    for (position, one) in all.iter().enumerate() {
        let own = option(&one.spelled).filter(|_| is_selector(one.flag));
        let later = all[position + 1..].iter().find(|other| option(&other.spelled) == own);
        match (own, later) {
            (Some(name), Some(later)) if later.given != one.given => {
                asked.note(format!(
                    "{name} is given again, and under --compat strict the last holds"
                ));
            }
            (Some(_), Some(_)) => {}
            _ => asked.occurrences.push(one.clone()),
        }
    }
}

/// The code of a report beyond its limit.
pub(crate) fn of_large_report(asked: &Asked, code: u8) -> u8 {
    if !is_strict(asked) || code != 0 {
        return code;
    }
    told(1, "a report beyond its limit")
}

/// The code of a look at test files.
pub(crate) fn of_collection(asked: &Asked, code: u8) -> u8 {
    if !is_strict(asked) || code != 0 {
        return code;
    }
    told(1, "--fast-collection")
}

/// The code of `--staging-e2e`: that of the framework, from 0 to 5, the largest of several.
pub(crate) fn of_staging(
    asked: &Asked,
    run: &Recorded,
    directory: &RunDirectory,
    code: u8,
) -> Result<u8, JournalError> {
    let is_interrupted = run.view.result().is_none_or(|result| result.signal.is_some());
    if !is_strict(asked) || !asked.is_on(Flag::StagingE2e) || is_interrupted {
        return Ok(code);
    }
    let mut own = None;
    for envelope in JournalReader::open(&directory.events())? {
        if let Event::Job(_, JobEvent::AttemptFinished { end, .. }) = envelope?.event
            && let ProcessEnd::Exited(number) = end
        {
            own = own.max(u8::try_from(number).ok().filter(|number| *number <= 5));
        }
    }
    Ok(match own {
        Some(own) if own != code => told(own, "the code of the framework itself"),
        _ => code,
    })
}

/// A code that differs, with its note.
fn told(code: u8, why: &str) -> u8 {
    tell(&format!("exit code {code} under --compat strict: {why}"));
    code
}
