//! The expression of an alert: comparisons, joined by `and`, `or` and parentheses.
//!
//! ```text
//! any     = all { "or" all }
//! all     = one { "and" one }
//! one     = "(" any ")" | metric ( ">" | ">=" | "<" | "<=" ) number
//! ```
//!
//! A language of this size can neither loop nor fail, so a rule cannot harm a run; libraries for
//! expressions bring functions and assignments with them.

use crate::model::{AlertCondition, AlertMetric, Comparison};
use crate::problem::nearest;

/// Words of an expression at most, so that neither time nor depth grows without end.
const MOST_WORDS: usize = 200;

/// Reads an expression.
///
/// # Errors
/// What is wrong, for people.
pub(super) fn read(text: &str) -> Result<AlertCondition, String> {
    let spaced = spaced(text);
    let words: Vec<&str> = spaced.split_whitespace().collect();
    if words.len() > MOST_WORDS {
        return Err(format!("it has more than {MOST_WORDS} words"));
    }
    let mut reader = Reader { words: &words, next: 0 };
    let condition = reader.any()?;
    match reader.take() {
        None => Ok(condition),
        Some(word) => Err(format!("`{word}` stands behind its end")),
    }
}

/// The text with spaces around everything that is no word.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() * 2);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '(' | ')' => spaced.extend([' ', sign, ' ']),
            '<' | '>' if signs.peek() == Some(&'=') => {
                signs.next();
                spaced.extend([' ', sign, '=', ' ']);
            }
            '<' | '>' => spaced.extend([' ', sign, ' ']),
            _ => spaced.push(sign),
        }
    }
    spaced
}

struct Reader<'w> {
    words: &'w [&'w str],
    next: usize,
}

impl<'w> Reader<'w> {
    fn take(&mut self) -> Option<&'w str> {
        let word = self.words.get(self.next).copied();
        self.next += 1;
        word
    }

    fn take_if(&mut self, wanted: &str) -> bool {
        let is_next = self.words.get(self.next) == Some(&wanted);
        self.next += usize::from(is_next);
        is_next
    }

    fn any(&mut self) -> Result<AlertCondition, String> {
        let mut parts = vec![self.all()?];
        while self.take_if("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, AlertCondition::Any))
    }

    fn all(&mut self) -> Result<AlertCondition, String> {
        let mut parts = vec![self.one()?];
        while self.take_if("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, AlertCondition::All))
    }

    fn one(&mut self) -> Result<AlertCondition, String> {
        if self.take_if("(") {
            let inner = self.any()?;
            return if self.take_if(")") { Ok(inner) } else { Err("a `)` is missing".to_owned()) };
        }
        let metric = metric(self.take())?;
        let comparison = comparison(self.take())?;
        let word = self.take().ok_or("a number is missing at its end")?;
        let bound = word.parse().ok().filter(|number: &f64| number.is_finite());
        let bound = bound.ok_or_else(|| format!("`{word}` is no number"))?;
        Ok(AlertCondition::Compare { metric, comparison, bound })
    }
}

/// A single part needs nothing around it.
fn joined(
    mut parts: Vec<AlertCondition>,
    join: impl FnOnce(Vec<AlertCondition>) -> AlertCondition,
) -> AlertCondition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

fn metric(word: Option<&str>) -> Result<AlertMetric, String> {
    let word = word.ok_or("a metric is missing")?;
    AlertMetric::named(word).ok_or_else(|| match nearest(word, AlertMetric::WORDS) {
        Some(near) => format!("`{word}` is no metric; did you mean `{near}`"),
        None => format!("`{word}` is no metric; known: {}", AlertMetric::WORDS.join(", ")),
    })
}

fn comparison(word: Option<&str>) -> Result<Comparison, String> {
    match word {
        Some(">") => Ok(Comparison::Above),
        Some(">=") => Ok(Comparison::AtLeast),
        Some("<") => Ok(Comparison::Below),
        Some("<=") => Ok(Comparison::AtMost),
        Some(word) => Err(format!("`{word}` compares nothing; known: >, >=, <, <=")),
        None => Err("a comparison is missing at its end".to_owned()),
    }
}
