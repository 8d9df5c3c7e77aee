//! Lists that are as long as a plan: read whole, but written one element after the other from what
//! the plan holds, so that the written form is never in memory beside it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of `L`, the written form of `P`.
#[derive(Debug)]
pub(super) enum Listed<'a, P, L> {
    /// What was read.
    Read(Vec<L>),
    /// What is to be written.
    Planned(&'a [P]),
}

impl<'a, P, L: From<&'a P>> Listed<'a, P, L> {
    pub(super) fn into_vec(self) -> Vec<L> {
        match self {
            Self::Read(list) => list,
            Self::Planned(list) => list.iter().map(L::from).collect(),
        }
    }
}

impl<'a, P, L: From<&'a P> + Serialize> Serialize for Listed<'a, P, L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Read(list) => serializer.collect_seq(list),
            Self::Planned(list) => serializer.collect_seq(list.iter().map(L::from)),
        }
    }
}

impl<'de, P, L: Deserialize<'de>> Deserialize<'de> for Listed<'_, P, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::Read)
    }
}
