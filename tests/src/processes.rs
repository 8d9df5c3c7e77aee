//! Which processes of a test are still there: found by a word that only they carry.

use std::fs;
use std::time::{Duration, Instant};

/// Processes on this machine whose command line or environment holds the word, but the caller.
///
/// Without `/proc` there are none to see.
///
/// # Panics
/// Never: a process that ends while one looks is not there.
#[must_use]
pub fn with_mark(mark: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| *name != own && name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|id| {
            let of = |file: &str| {
                let bytes = fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
                String::from_utf8_lossy(&bytes).replace('\0', " ")
            };
            let line = of("cmdline");
            let is_marked = line.contains(mark) || of("environ").contains(mark);
            is_marked.then(|| format!("{id}: {line}"))
        })
        .collect()
}

/// Waits until a condition holds.
///
/// # Panics
/// When it does not come to hold within a minute.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    /// Far more than any of the tests needs on a loaded machine.
    const LIMIT: Duration = Duration::from_secs(60);
    let end = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Checks that nothing with the mark is left, or ends in a moment: a process that was killed
/// needs a little to be gone.
///
/// # Panics
/// When something is left.
pub fn assert_none_left(mark: &str) {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let left = with_mark(mark);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "left running: {left:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
