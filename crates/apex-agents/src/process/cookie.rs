//! The mark that everything carries which a program of Apex started: a variable of its environment.
//!
//! The value is a path: the mark of this process and a number of the program, behind what this
//! process carries itself. So programs of an Apex that runs below another one carry both.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use apex_config::environment_variables::JOB_COOKIE;

use super::table;

/// Characters of a mark.
const MARK_LENGTH: usize = 16;

/// The cookie of one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Cookie(u64);

impl Cookie {
    /// A cookie that no other program of this process has.
    pub(super) fn next() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        Self(NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// The value of the variable; put together by hand, because every start of a program pays it.
    pub(super) fn value(self) -> String {
        [outer(), mark(), ".", &self.0.to_string()].concat()
    }

    /// The number of a cookie of this process that an environment carries.
    pub(super) fn carried_by(environment: &[u8]) -> Option<Self> {
        let value = value_in(environment)?;
        let own = value.split('/').find_map(|part| part.strip_prefix(mark())?.strip_prefix('.'));
        own?.parse().ok().map(Self)
    }
}

/// The mark of this process: sixteen digits that no other process has. Names of runs do not do:
/// they are given by people, too.
pub(crate) fn mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let own = table::own_id();
        let start = table::Entry::of(own).map_or(0, |entry| entry.start);
        let hash = blake3::hash(format!("{} {own} {start}", table::boot()).as_bytes());
        hash.to_hex()[..MARK_LENGTH].to_owned()
    })
}

/// Whether an environment carries a cookie of the process of this mark.
pub(crate) fn carries(environment: &[u8], mark: &str) -> bool {
    value_in(environment).is_some_and(|value| {
        value.split('/').any(|part| part.split_once('.').is_some_and(|(of, _)| of == mark))
    })
}

/// What this process carries itself, with the separator behind it.
pub(crate) fn outer() -> &'static str {
    static OUTER: OnceLock<String> = OnceLock::new();
    OUTER.get_or_init(|| {
        let own = value_in(&table::environment(table::own_id())).map(str::to_owned);
        own.map_or_else(String::new, |own| own + "/")
    })
}

fn value_in(environment: &[u8]) -> Option<&str> {
    let mut entries = environment.split(|&byte| byte == 0);
    let value =
        entries.find_map(|entry| entry.strip_prefix(JOB_COOKIE.as_bytes())?.strip_prefix(b"="))?;
    std::str::from_utf8(value).ok()
}
