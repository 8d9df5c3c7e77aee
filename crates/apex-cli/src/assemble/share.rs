//! Which share of a plan this machine runs: `--shard`.

use std::collections::BTreeMap;

use apex_agents::planning::Wish;
use apex_config::environment_variables::NODES;
use apex_core::Plan;
use apex_core::plan::MOST_PARTS;
use apex_core::select::Request;

use crate::args::ShareArgs;
use crate::failure::Failure;

/// The word that leaves the numbers to the CI system.
const AUTO: &str = "auto";

/// The part of a plan that this machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Which, from 1.
    number: u32,
    /// Of how many.
    of: u32,
}

impl Share {
    /// What was asked for, if anything was.
    pub(super) fn of(
        args: &ShareArgs,
        variables: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, Failure> {
        match args.shard.as_deref() {
            None => Ok(None),
            Some(AUTO) => Self::from_variables(variables).map(Some),
            Some(words) => Self::read(words).map(Some),
        }
    }

    fn read(words: &str) -> Result<Self, Failure> {
        let numbers = words.split_once('/').and_then(|(number, of)| {
            Some(Self { number: number.trim().parse().ok()?, of: of.trim().parse().ok()? })
        });
        numbers.filter(Self::is_possible).ok_or_else(|| {
            Failure::usage(
                format!("`--shard {words}` is no part of a plan"),
                format!("write `K/N` with K from 1 to N and N at most {MOST_PARTS}, such as `2/3`"),
            )
        })
    }

    const fn is_possible(&self) -> bool {
        self.number >= 1 && self.number <= self.of && self.of <= MOST_PARTS
    }

    /// What the CI system says of this node.
    fn from_variables(variables: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        let found = NODES.iter().find(|(number, of, _)| set(number).is_some() && set(of).is_some());
        let Some((number_name, of_name, first)) = found else {
            let pairs = NODES.map(|(number, of, _)| format!("{number} and {of}"));
            return Err(Failure::usage(
                "`--shard auto` finds no CI system that says which node this is",
                format!("write `--shard K/N`; it looks for {}", pairs.join(", or ")),
            ));
        };
        let read = |name: &str| set(name).and_then(|value| value.parse::<u32>().ok());
        let share = read(number_name).zip(read(of_name)).and_then(|(number, of)| {
            Some(Self { number: number.checked_sub(*first)?.checked_add(1)?, of })
        });
        share.filter(Self::is_possible).ok_or_else(|| {
            let value = |name: &str| variables.get(name).cloned().unwrap_or_default();
            Failure::usage(
                format!(
                    "{number_name}={} and {of_name}={} name no node",
                    value(number_name),
                    value(of_name)
                ),
                "write `--shard K/N` in place of `--shard auto`",
            )
        })
    }

    /// The plan of all parts, and the part of this machine.
    pub(super) fn take_from(self, plan: Plan) -> (Plan, Plan) {
        let whole = plan.split_among(self.of);
        let part = whole.part(self.number);
        (whole, part)
    }
}

/// The wish, with a plan that every machine makes alike when there is a share.
pub(super) fn by_the_day(wish: Wish, share: Option<Share>) -> Wish {
    let by_the_day = share.is_some();
    match wish {
        Wish::Request(request) => Wish::Request(Request { by_the_day, ..request }),
        Wish::Paths(paths, request) => Wish::Paths(paths, Request { by_the_day, ..request }),
        Wish::Parts(paths, categories, request) => {
            Wish::Parts(paths, categories, Request { by_the_day, ..request })
        }
    }
}
