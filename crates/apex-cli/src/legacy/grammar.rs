//! The frozen grammar: words of a command line to what is [`Asked`], or a [`Refusal`].
//!
//! It knows the [table](super::table) and nothing else: no file, no variable, no platform.

use super::asked::{Asked, Given, Occurrence};
use super::flag::Flag;
use super::refusal::Refusal;
use super::spelled::{is_path, is_selector, split};
use super::table::{self, Means, NEVER_ABBREVIATED, REFUSED, Row, Takes};
use crate::args;

/// Reads a command line.
///
/// # Errors
/// A [`Refusal`] for the first word that does not fit.
pub(crate) fn parse(words: &[String]) -> Result<Asked, Refusal> {
    let mut reader = Reader { words, at: 0, asked: Asked::default() };
    while let Some(word) = reader.next() {
        reader.word(&word)?;
    }
    let mut asked = reader.asked;
    tell_dropped(&mut asked);
    contradictions(&asked)?;
    Ok(asked)
}

struct Reader<'a> {
    words: &'a [String],
    at: usize,
    asked: Asked,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<String> {
        let word = self.words.get(self.at)?.clone();
        self.at += 1;
        Some(word)
    }

    fn word(&mut self, word: &str) -> Result<(), Refusal> {
        if word == "--" {
            self.asked.for_framework.extend(self.words[self.at..].iter().cloned());
            self.at = self.words.len();
            return Ok(());
        }
        if word.starts_with("--") {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word, None),
            };
            let (row, name) = self.long(name)?;
            return self.take(row, name, value);
        }
        if word.len() > 1 && word.starts_with('-') && !is_number(word) {
            return self.shorts(word);
        }
        self.stray(word)
    }

    /// The row of a long spelling, exact or abbreviated, and the whole of it.
    fn long(&mut self, name: &str) -> Result<(&'static Row, &'static str), Refusal> {
        if let Some(row) = table::find(name) {
            let whole = row.all_spellings().find(|one| *one == name);
            return Ok((row, whole.unwrap_or_else(|| row.first())));
        }
        let is_refused = |spellings: &str| spellings.split(' ').any(|one| one == name);
        if let Some((_, hint)) = REFUSED.iter().find(|(spellings, _)| is_refused(spellings)) {
            return Err(Refusal::new(format!("{name} is not supported"), *hint));
        }
        let long = |row: &&'static Row| {
            row.all_spellings().any(|one| one.starts_with("--") && one.starts_with(name))
        };
        let mut meant: Vec<&'static Row> = table::frozen().iter().filter(long).collect();
        meant.dedup_by_key(|row| row.means);
        match meant.as_slice() {
            [row] if name.len() > 2 => {
                let full = row.all_spellings().find(|one| one.starts_with(name));
                let full = full.unwrap_or_else(|| row.first());
                if NEVER_ABBREVIATED.contains(&row.first()) {
                    let message = format!("{name} would be {full}, which is never abbreviated");
                    return Err(Refusal::new(message, format!("write `{full}` if that is meant")));
                }
                self.asked.note(format!("{name} read as {full}"));
                Ok((row, full))
            }
            [_, _, ..] if name.len() > 2 => {
                let names: Vec<&str> = meant.iter().map(|row| row.first()).collect();
                let message = format!("ambiguous option: {name} could match {}", names.join(", "));
                Err(Refusal::new(message, format!("write one of them whole: `{}`", names[0])))
            }
            _ => Err(Refusal::unknown_flag(name)),
        }
    }

    /// `-k V`, `-kV`, `-k=V`, `-lbt`, and clusters that a flag with a value closes.
    fn shorts(&mut self, word: &str) -> Result<(), Refusal> {
        let letters: Vec<char> = word.chars().skip(1).collect();
        for (position, letter) in letters.iter().enumerate() {
            let name = format!("-{letter}");
            let Some(row) = table::find(&name) else {
                let whole = if position == 0 { word } else { &name };
                return Err(Refusal::unknown_flag(if letters.len() == 1 { &name } else { whole })
                    .for_cluster(word, &name));
            };
            let rest: String = letters[position + 1..].iter().collect();
            if let Some(value) = rest.strip_prefix('=') {
                return self.take(row, &name, Some(value.to_owned()));
            }
            if row.takes != Takes::Nothing {
                return self.take(row, &name, Some(rest).filter(|rest| !rest.is_empty()));
            }
            self.take(row, &name, None)?;
        }
        Ok(())
    }

    /// Takes the value of a row and notes it.
    fn take(&mut self, row: &Row, spelled: &str, inline: Option<String>) -> Result<(), Refusal> {
        let flag = row.means.flag();
        let given = match row.takes {
            Takes::Nothing => self.switch(row, spelled, inline)?,
            Takes::OptionalPath => match inline.or_else(|| self.following(is_path)) {
                Some(path) => Given::Words(vec![path]),
                None => Given::On,
            },
            Takes::Words | Takes::WordsOrNone => self.list(row, spelled, inline)?,
            takes => {
                let value = match inline {
                    Some(value) => value,
                    None => self.following(|_| true).ok_or_else(|| missing(spelled, takes))?,
                };
                let words = if splits(flag, takes) { split(flag, &value) } else { vec![value] };
                if words.is_empty() || words.iter().any(String::is_empty) {
                    return Err(empty(spelled));
                }
                for word in &words {
                    check(spelled, word, takes)?;
                }
                Given::Words(words)
            }
        };
        self.push(flag, spelled, given);
        Ok(())
    }

    fn switch(&self, row: &Row, spelled: &str, inline: Option<String>) -> Result<Given, Refusal> {
        const WORDS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "1", "0"];
        let is_on = match inline.as_deref().map(str::to_lowercase).as_deref() {
            None | Some("true" | "yes" | "on" | "1") => true,
            Some("false" | "no" | "off" | "0") => false,
            Some(other) => return Err(Refusal::choice(spelled, other, &WORDS)),
        };
        Ok(match row.means {
            Means::AsWord(_, "false") => {
                if is_on {
                    Given::Off
                } else {
                    Given::On
                }
            }
            Means::AsWord(_, word) if is_on => Given::Words(vec![word.to_owned()]),
            // False is as if it had not been given.
            Means::AsWord(..) => Given::Words(Vec::new()),
            _ if is_on => Given::On,
            _ => Given::Off,
        })
    }

    fn list(&mut self, row: &Row, spelled: &str, inline: Option<String>) -> Result<Given, Refusal> {
        let flag = row.means.flag();
        let is_inline = inline.is_some();
        let mut words: Vec<String> = inline.into_iter().collect();
        if !is_inline {
            // A path behind a list of categories is a path that was asked for.
            let belongs = |word: &str| flag != Flag::Category || !is_path(word);
            while let Some(word) = self.following(belongs) {
                words.push(word);
            }
        }
        let words: Vec<String> = words.iter().flat_map(|word| split(flag, word)).collect();
        let is_empty = words.is_empty() || words.iter().any(String::is_empty);
        match row.takes {
            Takes::WordsOrNone if flag == Flag::Layers => {
                Ok(Given::Words(words.into_iter().filter(|word| !word.is_empty()).collect()))
            }
            Takes::WordsOrNone => Ok(Given::Words(words)),
            _ if is_empty && !is_inline && words.is_empty() => Err(missing(spelled, row.takes)),
            _ if is_empty => Err(empty(spelled)),
            _ => Ok(Given::Words(words)),
        }
    }

    /// The next word, if it is a value and belongs here.
    fn following(&mut self, belongs: impl Fn(&str) -> bool) -> Option<String> {
        let word = self.words.get(self.at)?;
        let is_option = word.starts_with('-') && word.len() > 1 && !is_number(word);
        if is_option || !belongs(word) {
            return None;
        }
        self.next()
    }

    /// A word without a flag: a path, or a mistake.
    fn stray(&mut self, word: &str) -> Result<(), Refusal> {
        if is_path(word) {
            self.push(Flag::File, word, Given::Words(vec![word.to_owned()]));
            return Ok(());
        }
        let commands = if self.at == 1 { args::command_names() } else { Vec::new() };
        let command = apex_config::nearest(word, commands.iter().map(String::as_str));
        let hint = if word.is_empty() {
            "an empty word is often a variable that is not set".to_owned()
        } else if let Some(command) = command {
            format!("did you mean the subcommand `{command}`?")
        } else {
            format!("categories are named with `--category {word}`, tests with `--pattern {word}`")
        };
        Err(Refusal::new(format!("unrecognized argument: '{word}'"), hint))
    }

    fn push(&mut self, flag: Flag, spelled: &str, given: Given) {
        self.asked.occurrences.push(Occurrence { flag, spelled: spelled.to_owned(), given });
    }
}

impl Refusal {
    /// The same, naming the cluster that the letter stands in.
    fn for_cluster(mut self, cluster: &str, letter: &str) -> Self {
        if cluster.len() > 2 {
            self.message = format!("unrecognized argument: {letter} in {cluster}");
        }
        self
    }
}

fn is_number(word: &str) -> bool {
    word.parse::<f64>().is_ok()
}

/// Whether the values of a flag are lists.
fn splits(flag: Flag, takes: Takes) -> bool {
    matches!(takes, Takes::ListOf(_)) || is_selector(flag)
}

fn missing(spelled: &str, takes: Takes) -> Refusal {
    let message = format!("argument {spelled}: expected a value");
    Refusal::new(message, format!("write `{spelled} {}`", takes.placeholder()))
}

fn empty(spelled: &str) -> Refusal {
    Refusal::new(
        format!("argument {spelled}: the value is empty"),
        "an empty value is often a variable that is not set",
    )
}

fn check(spelled: &str, value: &str, takes: Takes) -> Result<(), Refusal> {
    let range = |least: &dyn std::fmt::Display, most: &dyn std::fmt::Display, what: &str| {
        Refusal::new(
            format!(
                "argument {spelled}: invalid value: '{value}' is no {what} from {least} to {most}"
            ),
            format!("write for example `{spelled} {least}`"),
        )
    };
    match takes {
        Takes::Whole(least, most) => match value.parse::<u64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(()),
            _ => Err(range(&least, &most, "whole number")),
        },
        Takes::Number(least, most) => match value.parse::<f64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(()),
            _ => Err(range(&least, &most, "number")),
        },
        Takes::OneOf(words) | Takes::ListOf(words) if !words.contains(&value) => {
            Err(Refusal::choice(spelled, value, words))
        }
        _ => Ok(()),
    }
}

/// Of options that count once, the last value holds; a different one before it is told.
fn tell_dropped(asked: &mut Asked) {
    let mut notes = Vec::new();
    for (position, one) in asked.occurrences.iter().enumerate() {
        let Given::Words(words) = &one.given else { continue };
        if is_selector(one.flag) || words.is_empty() {
            continue;
        }
        let later = asked.occurrences[position + 1..].iter().find(|other| other.flag == one.flag);
        if let Some(later) = later.filter(|later| later.given != one.given) {
            let shown = |one: &Occurrence| match &one.given {
                Given::Words(words)
                    if table::find(&one.spelled).is_none_or(|row| row.takes != Takes::Nothing) =>
                {
                    format!("{} {}", one.spelled, words.join(" "))
                }
                _ => one.spelled.clone(),
            };
            notes.push(format!("{} is dropped, {} comes later", shown(one), shown(later)));
        }
    }
    notes.into_iter().for_each(|note| asked.note(note));
}

/// What cannot be meant together.
fn contradictions(asked: &Asked) -> Result<(), Refusal> {
    let maxfail = asked.value(Flag::Maxfail);
    let stops = asked.is_on(Flag::FastFail) || maxfail == Some("1");
    let goes_on = asked.is_on(Flag::NoFastFail) || maxfail == Some("0");
    if stops && goes_on {
        return Err(Refusal::new(
            "--fast-fail and --no-fast-fail contradict each other (--maxfail 1 and 0 mean them)",
            "leave one of them out",
        ));
    }
    Ok(())
}
