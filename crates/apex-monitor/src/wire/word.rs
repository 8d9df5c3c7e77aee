//! The words that stand for values on the wire.
//!
//! Core and configuration say the words of some enums; the words for other values that a plan
//! carries are in the table at the end. Nothing else in this crate may spell one.

use std::borrow::Cow;

use apex_config::model::{
    ConflictResolution, ExecutionMode, FailFast, FlakyPolicy, Load, Priority, RetryOn, RunMode,
    RunnerKind,
};
use apex_core::event::{StopCause, Stream};
use apex_core::{Outcome, Verdict};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A value that is written as a word.
pub(super) trait Worded: Copy + 'static {
    /// What such a word is called in messages and in the schema.
    const NAME: &'static str;
    /// Every value.
    const ALL: &'static [Self];
    /// The word for it.
    fn word(self) -> &'static str;
}

/// A value in its written form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<T>(pub(super) T);

impl<T: Worded> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<'de, T: Worded> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let found = T::ALL.iter().copied().find(|value| value.word() == text);
        found.map(Self).ok_or_else(|| de::Error::custom(format!("unknown {} `{text}`", T::NAME)))
    }
}

impl<T: Worded> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = T::ALL.iter().map(|value| value.word()).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

macro_rules! words_of_their_own {
    ($($type:ty: $name:literal),* $(,)?) => {
        $(impl Worded for $type {
            const NAME: &'static str = $name;
            const ALL: &'static [Self] = &<$type>::ALL;

            fn word(self) -> &'static str {
                self.as_str()
            }
        })*
    };
}

words_of_their_own! {
    Outcome: "outcome",
    Verdict: "verdict",
    StopCause: "stop_cause",
    RunnerKind: "runner",
    FailFast: "fail_fast",
    RetryOn: "retry_on",
}

macro_rules! words {
    ($($type:ident: $name:literal { $($value:ident => $word:literal),* $(,)? })*) => {
        $(impl Worded for $type {
            const NAME: &'static str = $name;
            const ALL: &'static [Self] = &[$(Self::$value),*];

            fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        })*
    };
}

words! {
    Stream: "stream" { Stdout => "stdout", Stderr => "stderr" }
    RunMode: "run_mode" {
        Sequential => "sequential",
        Waterfall => "waterfall",
        WaterfallWithBackground => "waterfall_with_background",
        Parallel => "parallel",
    }
    ExecutionMode: "execution_mode" {
        Sequential => "sequential",
        Parallel => "parallel",
        Hybrid => "hybrid",
    }
    ConflictResolution: "admission" {
        PriorityBased => "priority_based",
        FirstComeFirstServe => "first_come_first_serve",
        RoundRobin => "round_robin",
    }
    Load: "load" {
        Memory => "memory",
        Cpu => "cpu",
        Database => "database",
        Network => "network",
    }
    FlakyPolicy: "flaky_policy" { Pass => "pass", Warn => "warn", Fail => "fail" }
    Priority: "priority" {
        Critical => "critical",
        High => "high",
        Medium => "medium",
        Low => "low",
        Optional => "optional",
    }
}
