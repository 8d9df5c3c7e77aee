//! Runs a command once and prints what it and all it waited for used:
//! `once CODE COMMAND [ARGUMENT…]`.
//!
//! The answer is one line: CPU time in microseconds (user and system), and the resident memory of
//! the largest single process in KiB. The outputs of the command are thrown away. A command that
//! does not end with the exit code CODE is a failure.

use std::error::Error;
use std::io::Write as _;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "usage: once CODE COMMAND [ARGUMENT…]";
    let wanted: i32 = arguments.next().ok_or(usage)?.to_string_lossy().parse()?;
    let program = arguments.next().ok_or(usage)?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status()?;
    if status.code() != Some(wanted) {
        return Err(format!("the command ended with {status}").into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    writeln!(std::io::stdout(), "{cpu} {}", usage.max_rss())?;
    Ok(())
}
