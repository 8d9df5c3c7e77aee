//! Where the server listens: a socket that the service manager made, or an address.

use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;

/// A listener at an address, or the first socket that this process was started with
/// (`LISTEN_FDS`, as systemd gives it): that one stays open when the server is restarted, so that
/// no connection is refused.
///
/// # Errors
/// Those of the system, for example when the address is in use.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match ListenFd::from_env().take_tcp_listener(0)? {
        Some(given) => Ok(given),
        None => TcpListener::bind(address),
    }
}
