//! Descriptors that this process was started with beyond the usual three.
//!
//! Whatever Apex opens itself is closed when a program starts; what its own caller left open would
//! be handed on to every job, and a pipe among it would never end for its reader.

use std::collections::HashSet;
use std::fs;

use nix::unistd::close;

/// The flag of a descriptor that a program does not get, as `/proc` writes it.
const CLOSE_ON_EXEC: u32 = 0o2_000_000;

/// Closes every descriptor from 3 on that programs would get, but for those through which `make`
/// lends its jobs (named in `MAKEFLAGS`): these are meant for programs. To be called where nobody
/// needs what was handed over by number any more.
pub fn close_inherited(makeflags: Option<&str>) {
    let lent = job_server(makeflags.unwrap_or_default());
    let Ok(entries) = fs::read_dir("/proc/self/fdinfo") else { return };
    let numbers: Vec<i32> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for number in numbers {
        if number > 2 && !lent.contains(&number) && is_inherited(number) {
            // The only error is that it is closed already.
            let _ = close(number);
        }
    }
}

/// Whether a descriptor is one that programs get.
fn is_inherited(number: i32) -> bool {
    let told = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    let flags = told.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & CLOSE_ON_EXEC == 0)
}

/// The descriptors of `--jobserver-auth=R,W`.
fn job_server(makeflags: &str) -> HashSet<i32> {
    let options = ["--jobserver-auth=", "--jobserver-fds="];
    let value = makeflags
        .split_whitespace()
        .rev()
        .find_map(|word| options.iter().find_map(|option| word.strip_prefix(option)));
    value
        .into_iter()
        .flat_map(|value| value.split(','))
        .filter_map(|one| one.parse().ok())
        .collect()
}
