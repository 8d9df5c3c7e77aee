//! The least that N processes cost: `spawn_limit N SLOTS PROGRAM [ARGUMENT…]`.
//!
//! A plain loop over `posix_spawn`: one pipe for each process, which gets both outputs and is read
//! to its end, and one wait. Nothing is kept, nothing is told. It is what Apex is compared with.

use std::error::Error;
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::read;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, waitpid};

/// A running process.
struct Running {
    id: Pid,
    output: OwnedFd,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: spawn_limit N SLOTS PROGRAM [ARGUMENT…]";
    let count: usize = arguments.next().ok_or(usage)?.parse()?;
    let slots: usize = arguments.next().ok_or(usage)?.parse()?;
    let command: Vec<CString> = arguments.map(CString::new).collect::<Result<_, _>>()?;
    let environment = std::env::vars_os()
        .map(|(name, value)| CString::new([name.into_vec(), value.into_vec()].join(&b'=')));
    let environment: Vec<CString> = environment.collect::<Result<_, _>>()?;
    let mut buffer = vec![0; 64 * 1024];
    let mut running: Vec<Running> = Vec::new();
    let (mut started, mut failed) = (0, 0);
    while started < count || !running.is_empty() {
        while started < count && running.len() < slots {
            running.push(start(&command, &environment)?);
            started += 1;
        }
        for position in readable(&running)?.into_iter().rev() {
            if read(&running[position].output, &mut buffer)? == 0 {
                let ended = running.swap_remove(position);
                let status = waitpid(Some(ended.id), WaitOptions::empty())?;
                let passed = status.is_some_and(|(_, status)| status.exit_status() == Some(0));
                failed += usize::from(!passed);
            }
        }
    }
    if failed > 0 { Err(format!("{failed} of {count} processes failed").into()) } else { Ok(()) }
}

fn start(command: &[CString], environment: &[CString]) -> Result<Running, Box<dyn Error>> {
    let (output, input) = pipe_with(PipeFlags::CLOEXEC)?;
    let mut actions = PosixSpawnFileActions::init()?;
    actions.add_dup2(input.as_raw_fd(), 1)?;
    actions.add_dup2(input.as_raw_fd(), 2)?;
    let program = command.first().ok_or("no program")?;
    let attributes = PosixSpawnAttr::init()?;
    let id = posix_spawn(program.as_c_str(), &actions, &attributes, command, environment)?;
    let id = Pid::from_raw(id.as_raw()).ok_or("no process id")?;
    Ok(Running { id, output })
}

/// The positions of processes that wrote or ended, ascending. Waits for one.
fn readable(running: &[Running]) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut files: Vec<PollFd<'_>> =
        running.iter().map(|one| PollFd::new(&one.output, PollFlags::IN)).collect();
    poll(&mut files, None)?;
    let ready = files.iter().enumerate().filter(|(_, file)| !file.revents().is_empty());
    Ok(ready.map(|(position, _)| position).collect())
}
