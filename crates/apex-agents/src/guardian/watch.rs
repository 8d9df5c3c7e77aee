//! What the guardian does: waits for the end of Apex, then takes away what the run left.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::clear::clear;
use super::list::{Line, List};

/// What Apex writes into the pipe when the run has ended in order.
pub(super) const IN_ORDER: u8 = b'.';

/// The life of a guardian: reads its standard input until Apex says that the run ended in order,
/// or is gone; then everything that the list names is taken away, and the list says so. To be
/// called by the program that [`GuardSettings`](super::GuardSettings) names, and to be all that it
/// does: it takes a session of its own and leaves its folder.
///
/// # Errors
/// When the list cannot be read or written.
pub fn watch(list: &Path) -> io::Result<()> {
    // A leader of a group cannot, and needs not: it was not started by a run.
    let _ = rustix::process::setsid();
    std::env::set_current_dir("/")?;
    // Held as long as the guardian lives: who finds the list unlocked has to do its work.
    let file = File::open(list)?;
    file.lock()?;
    if ended_in_order() {
        return Ok(());
    }
    let Some(read) = List::read(list)? else { return Ok(()) };
    add(list, &Line::Cleared(clear(&read)))
}

/// Appends a line.
pub(super) fn add(list: &Path, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    OpenOptions::new().append(true).open(list)?.write_all(&text)
}

/// Waits for the word of Apex or for its end.
fn ended_in_order() -> bool {
    let mut word = [0];
    loop {
        match io::stdin().read(&mut word) {
            Ok(0) => return false,
            Ok(_) => return word[0] == IN_ORDER,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}
