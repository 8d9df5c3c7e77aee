//! Writing: data to standard output, text for people to standard error.
//!
//! A reader that went away is not an error of the program: what it asked for is done.

use std::borrow::Cow;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::sync::{Arc, OnceLock};

use apex_agents::secrets::Mask;

/// What is never printed. One for the program: whatever it says passes here.
static MASK: OnceLock<Arc<Mask>> = OnceLock::new();

/// From now on prints no secret of a project.
pub(crate) fn hide(mask: &Arc<Mask>) {
    // A program is about one project: that of its first command line.
    let _ = MASK.set(Arc::clone(mask));
}

/// Writes data.
pub(crate) fn data(text: &str) {
    write_to(&mut anstream::stdout().lock(), text);
}

/// Writes data as it is made.
///
/// # Errors
/// Those of making it; a reader that went away is none.
pub(crate) fn stream(
    make: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::new(io::stdout().lock());
    match make(&mut writer).and_then(|()| writer.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes text for people.
pub(crate) fn people(text: &str) {
    write_to(&mut anstream::stderr().lock(), text);
}

fn write_to(stream: &mut impl Write, text: &str) {
    let text = MASK.get().map_or(Cow::Borrowed(text), |mask| mask.text(text));
    // The only errors here are a closed pipe or a full disk behind a redirect; the exit code
    // must stay that of the command.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
