//! Reads keys from the terminal one by one, and gives the terminal back as it was.
//!
//! Only the line discipline is changed: lines are not waited for, and keys are not echoed. Ctrl-C
//! and Ctrl-Z stay signals, the cursor stays where it is, there is no second screen; so even after
//! `kill -9` nothing worse than a silent prompt is left, which the common shells mend themselves.
//!
//! A program in the background must neither read from its terminal nor change it: the system would
//! stop it. Both are asked about before.

use std::io::{self, IsTerminal as _};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

use super::keys::{Key, keys_of};

/// Keys that wait to be looked at; what is typed beyond is lost.
const WAITING: usize = 64;

/// How often the modes of the terminal are looked at.
const RHYTHM: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// How long to wait before looking again, while another program has the terminal.
const BEHIND: Duration = Duration::from_millis(250);

/// The keys of the terminal, as long as this lives. When it is dropped, the terminal is as before:
/// a destructor, because a panic has to give the terminal back, too, and it takes no time.
pub struct Keyboard {
    before: Termios,
    /// Closed, it ends the thread.
    wake: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Keyboard {
    /// Reads keys from standard input, when that is a terminal which this program may use; `None`
    /// otherwise, and where the system gives no thread.
    #[must_use]
    pub fn open() -> Option<(Self, Receiver<Key>)> {
        if !io::stdin().is_terminal() || !is_in_front() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        let (woken, wake) = pipe_with(PipeFlags::CLOEXEC).ok()?;
        let (sender, keys) = sync_channel(WAITING);
        let mut single = before.clone();
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &single).ok()?;
        let mut keyboard = Self { before, wake: Some(wake), thread: None };
        let thread = std::thread::Builder::new().name("apex-keyboard".to_owned());
        keyboard.thread = Some(thread.spawn(move || listen(&woken, &sender, &single)).ok()?);
        Some((keyboard, keys))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        drop(self.wake.take());
        // It is woken by the closed pipe; that it panicked helps nobody here.
        let _ = self.thread.take().map(JoinHandle::join);
        if is_in_front() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        }
    }
}

/// Whether this program is the one that its terminal belongs to at the moment.
fn is_in_front() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Hands keys on until it is woken. A shell that brings the program back to the front gives it the
/// modes of the shell: they are set again.
fn listen(woken: &OwnedFd, sender: &SyncSender<Key>, modes: &Termios) {
    let stdin = io::stdin();
    let mut buffer = [0; 64];
    loop {
        let mut watched = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
        match poll(&mut watched, Some(&RHYTHM)) {
            Err(Errno::INTR) => continue,
            Err(_) => return,
            Ok(0) => {
                set_again(modes);
                continue;
            }
            Ok(_) => {}
        }
        let [keys, end] = watched.map(|watched| watched.revents());
        if !end.is_empty() || keys.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return;
        }
        if !is_in_front() {
            std::thread::sleep(BEHIND);
            continue;
        }
        let read = match rustix::io::read(&stdin, &mut buffer) {
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(_) | Ok(0) => return,
            Ok(read) => read,
        };
        for key in keys_of(&buffer[..read]) {
            if let Err(TrySendError::Disconnected(_)) = sender.try_send(key) {
                return;
            }
        }
    }
}

fn set_again(modes: &Termios) {
    let is_changed = tcgetattr(io::stdin()).is_ok_and(|now| now.local_modes != modes.local_modes);
    if is_changed && is_in_front() {
        // Without it, keys are read when Enter is pressed: that is all there is to lose.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, modes);
    }
}
