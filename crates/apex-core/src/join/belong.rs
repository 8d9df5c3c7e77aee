//! Whether recorded parts are the parts of one run, each once, and what is wrong when not.

use std::fmt;

use crate::event::Setting;
use crate::plan::{CategoryWork, Plan};

/// What is known of a recorded part before its events are read.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What people call it, for example its folder.
    pub name: String,
    /// Which part it is, from 1.
    pub part: u32,
    /// What was tested.
    pub setting: Setting,
    /// The plan of all parts, as the machine of this part made it.
    pub whole: Plan,
}

/// Parts that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belonging {
    /// How many parts there should be.
    pub of: u32,
    /// Those that are not there.
    pub missing: Vec<u32>,
}

/// Why a part does not belong to the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Which one, and what is wrong with it.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Misfit {
    fn new(what: String, hint: &str) -> Self {
        Self { what, hint: hint.to_owned() }
    }
}

/// Compares parts with the first of them.
///
/// # Errors
/// Everything that keeps them from being parts of one run; [`Belonging`] tells which are missing.
pub fn belonging(parts: &[Recorded]) -> Result<Belonging, Vec<Misfit>> {
    let mut misfits = Vec::new();
    let Some((first, others)) = parts.split_first() else {
        let hint = "name the run directory of every part";
        return Err(vec![Misfit::new("there is no part to join".to_owned(), hint)]);
    };
    for (at, part) in parts.iter().enumerate() {
        if let Some(twin) = parts[..at].iter().find(|twin| twin.part == part.part) {
            misfits.push(Misfit::new(
                format!("`{}` and `{}` are both {}", twin.name, part.name, number(part)),
                "leave one of them out: of a node that ran again, the older one",
            ));
        }
    }
    misfits.extend(others.iter().filter_map(|part| differs(first, part)));
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let of = parts_of(first);
    let is_missing = |number: &u32| parts.iter().all(|part| part.part != *number);
    Ok(Belonging { of, missing: (1..=of).filter(is_missing).collect() })
}

fn parts_of(part: &Recorded) -> u32 {
    part.whole.matrix.as_ref().map_or(0, |matrix| matrix.of)
}

fn number(part: &Recorded) -> String {
    format!("part {} of {}", part.part, parts_of(part))
}

/// How a part differs from the first one, the coarsest difference first.
fn differs(first: &Recorded, part: &Recorded) -> Option<Misfit> {
    let who = format!("{} (`{}`)", number(part), part.name);
    let than = format!("{} (`{}`)", number(first), first.name);
    if parts_of(first) != parts_of(part) {
        return Some(Misfit::new(
            format!(
                "`{}` is {}, and `{}` is {}",
                part.name,
                number(part),
                first.name,
                number(first)
            ),
            "give every node the same number of parts, and join the parts of one run",
        ));
    }
    if commit(first) != commit(part) {
        let shown = |part: &Recorded| commit(part).unwrap_or("no known commit").to_owned();
        return Some(Misfit::new(
            format!("{who} tested {}, and {than} tested {}", shown(part), shown(first)),
            "join parts of one commit only",
        ));
    }
    if first.whole.request != part.whole.request {
        return Some(Misfit::new(
            format!("{who} was asked for {}, and {than} for {}", asked(part), asked(first)),
            "call `apex run` with the same words on every node",
        ));
    }
    let digest = |part: &Recorded| part.whole.matrix.as_ref().map(|it| it.digest.clone());
    if digest(first) == digest(part) {
        return None;
    }
    let (what, hint) = other_work(&first.whole, &part.whole);
    Some(Misfit::new(format!("{who} was split otherwise than {than}: {what}"), hint))
}

fn commit(part: &Recorded) -> Option<&str> {
    part.setting.checkout.as_ref().map(|checkout| &*checkout.commit)
}

fn asked(part: &Recorded) -> String {
    let request = &part.whole.request;
    let mut words: Vec<&str> = request.selectors.iter().map(String::as_str).collect();
    words.extend(request.mode.as_ref().map(|mode| mode.as_str()));
    let environment = request.environment.as_ref().map_or("no", |name| name.as_str());
    format!("`{}` in environment {environment}", words.join(" "))
}

/// The first difference of two whole plans, and what to do about it.
fn other_work(first: &Plan, other: &Plan) -> (String, &'static str) {
    if first.slots != other.slots {
        return (
            format!("it may run {} jobs at the same time, not {}", other.slots, first.slots),
            "give every node the same `--jobs`, or machines with equally many processors",
        );
    }
    if let Some(what) = other_categories(first, other) {
        return (what, "give every node the same files, tools, layer file and history");
    }
    let knows = |plan: &Plan| {
        plan.jobs.iter().filter_map(|job| Some(job.forecast?.runs)).max().unwrap_or(0)
    };
    let (known, expected) = (knows(other), knows(first));
    let what = if known == expected {
        "it expected other durations".to_owned()
    } else {
        format!("it knew the durations of {known} runs, not of {expected}")
    };
    (what, "import the same history on every node before it runs: `apex history import`")
}

fn other_categories(first: &Plan, other: &Plan) -> Option<String> {
    for category in &first.categories {
        let twin = other.categories.iter().find(|twin| twin.name == category.name);
        let Some(twin) = twin else {
            return Some(format!("it does not have category {}", category.name));
        };
        let (mine, theirs) = (in_words(&category.work), in_words(&twin.work));
        if mine != theirs {
            return Some(format!("category {} {theirs} there, not {mine}", category.name));
        }
    }
    let is_new = |name| first.categories.iter().all(|category| category.name != name);
    let extra = other.categories.iter().find(|twin| is_new(twin.name.clone()));
    if let Some(extra) = extra {
        return Some(format!("it has category {}", extra.name));
    }
    let specs = |plan: &Plan| plan.jobs.iter().map(|job| job.spec.work.clone()).collect::<Vec<_>>();
    let parts = |plan: &Plan| plan.jobs.iter().map(|job| job.spec.part.clone()).collect::<Vec<_>>();
    let is_other = specs(first) != specs(other) || parts(first) != parts(other);
    is_other.then(|| "its jobs have other tests in them".to_owned())
}

/// What a category has to do, fit behind its name.
fn in_words(work: &CategoryWork) -> String {
    match work {
        CategoryWork::Jobs { count: 1, .. } => "is one job".to_owned(),
        CategoryWork::Jobs { count, .. } => format!("is {count} jobs"),
        CategoryWork::Empty { .. } => "has no tests".to_owned(),
        CategoryWork::Unavailable { reason } => format!("cannot run ({reason})"),
        CategoryWork::Skipped { .. } => "is skipped".to_owned(),
        CategoryWork::Spared { .. } => "is spared".to_owned(),
    }
}
