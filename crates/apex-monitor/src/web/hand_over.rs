//! How a new server takes the place of an old one: the old one gives its listener away over a
//! socket in the state folder, and ends when its answers are finished. The listener is never closed
//! in between, so that no connection is refused and none that waits is lost.
//!
//! Only the user who runs the server can reach the socket.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use super::Closer;

/// How long the other side may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What goes with the listener, so that something goes at all.
const WORD: &[u8] = b"apex";

/// An offer to take the listener; taken back when it is dropped.
pub(super) struct Offer {
    path: PathBuf,
    is_taken: Arc<AtomicBool>,
}

impl Drop for Offer {
    fn drop(&mut self) {
        // The new server has put its own socket in this place.
        if !self.is_taken.load(Ordering::Acquire) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Offers a listener on a socket; when it was taken, the server is told to end.
pub(super) fn offer(path: &Path, listener: &TcpListener, closer: Closer) -> io::Result<Offer> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    let listener = listener.try_clone()?;
    let is_taken = Arc::new(AtomicBool::new(false));
    let taken = Arc::clone(&is_taken);
    // The thread ends with the process: accepting cannot be waited for with an end.
    std::thread::Builder::new().name("apex-web-offer".to_owned()).spawn(move || {
        for connection in socket.incoming() {
            if connection.is_ok_and(|to| give(&to, &listener).is_ok()) {
                taken.store(true, Ordering::Release);
                closer.close();
                return;
            }
        }
    })?;
    Ok(Offer { path: path.to_owned(), is_taken })
}

/// Gives the listener away and waits for the word that it arrived.
fn give(to: &UnixStream, listener: &TcpListener) -> io::Result<()> {
    to.set_read_timeout(Some(PATIENCE))?;
    let fds = [listener.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    sendmsg(to, &[IoSlice::new(WORD)], &mut ancillary, SendFlags::empty())?;
    let mut answer = [0; WORD.len()];
    io::Read::read_exact(&mut &*to, &mut answer)?;
    if answer == WORD { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
}

/// Takes the listener that is offered on a socket; none when nobody is there.
pub(super) fn take(path: &Path) -> io::Result<Option<TcpListener>> {
    let from = match UnixStream::connect(path) {
        Ok(from) => from,
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    from.set_read_timeout(Some(PATIENCE))?;
    let mut word = [0; WORD.len()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(&from, &mut [IoSliceMut::new(&mut word)], &mut ancillary, flags)?;
    let given: Option<OwnedFd> = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    let Some(given) = given else { return Err(ErrorKind::InvalidData.into()) };
    io::Write::write_all(&mut &from, WORD)?;
    Ok(Some(TcpListener::from(given)))
}
