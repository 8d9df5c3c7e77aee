//! The words of the files and the values that they mean.

use crate::model::{CategoryKind, FlakyPolicy, Load, Priority, RunnerKind};

/// How much a category matters; medium when the word is none of these.
pub(super) fn priority(word: &str) -> Priority {
    match word {
        "critical" => Priority::Critical,
        "high" => Priority::High,
        "low" => Priority::Low,
        "optional" => Priority::Optional,
        _ => Priority::Medium,
    }
}

/// What sort of tests a category holds; functional when the word is none of these.
pub(super) fn category_kind(word: &str) -> CategoryKind {
    match word {
        "technical" => CategoryKind::Technical,
        "quality" => CategoryKind::Quality,
        "integration" => CategoryKind::Integration,
        "performance" => CategoryKind::Performance,
        "security" => CategoryKind::Security,
        "e2e" => CategoryKind::E2e,
        _ => CategoryKind::Functional,
    }
}

/// What a category loads.
pub(super) fn load(word: &str) -> Option<Load> {
    Some(match word {
        "memory" => Load::Memory,
        "cpu" => Load::Cpu,
        "database" => Load::Database,
        "network" => Load::Network,
        _ => return None,
    })
}

/// The framework of that name.
pub(super) fn runner(word: &str) -> Option<RunnerKind> {
    RunnerKind::ALL.into_iter().find(|runner| runner.as_str() == word)
}

/// The word for what a flaky test counts as.
pub(super) fn flaky(word: &str) -> Option<FlakyPolicy> {
    Some(match word {
        "pass" => FlakyPolicy::Pass,
        "warn" => FlakyPolicy::Warn,
        "fail" => FlakyPolicy::Fail,
        _ => return None,
    })
}
