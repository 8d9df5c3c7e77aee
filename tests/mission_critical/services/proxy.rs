//! A socket in front of the engine that misbehaves.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// The engine behind the proxy.
const ENGINE: &str = "/var/run/docker.sock";

/// What the proxy does with a connection.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// Hands everything on, each request after a pause.
    Slow(Duration),
    /// Takes connections and never answers.
    Silent,
    /// Answers nonsense.
    Garbage,
    /// Closes every connection.
    Rude,
}

/// A socket in front of the engine; it goes on until the test program ends.
pub(super) struct Proxy {
    path: PathBuf,
    is_cut: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy in a folder.
    pub(super) fn start(folder: &Path, manner: Manner) -> Self {
        let path = folder.join("engine.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let cut = Arc::clone(&cut);
                thread::spawn(move || serve(connection, manner, &cut));
            }
        });
        Self { path, is_cut }
    }

    /// What `DOCKER_HOST` has to be.
    pub(super) fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// From now on every connection is cut, also those that are open.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }

    /// From now on connections are served again.
    pub(super) fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

fn serve(mut client: UnixStream, manner: Manner, cut: &Arc<AtomicBool>) {
    match manner {
        Manner::Silent => {
            let _ = client.read_to_end(&mut Vec::new());
        }
        Manner::Garbage => {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"SSH-2.0-something\r\n\r\nnonsense\0\x01");
        }
        Manner::Rude => {}
        Manner::Slow(pause) => {
            let Ok(engine) = UnixStream::connect(ENGINE) else { return };
            let back = (engine.try_clone().unwrap(), client.try_clone().unwrap());
            let of_back = Arc::clone(cut);
            let answers = thread::spawn(move || hand_on(back.0, back.1, Duration::ZERO, &of_back));
            hand_on(client, engine, pause, cut);
            let _ = answers.join();
        }
    }
}

/// Hands bytes on until one side ends or the proxy is cut.
fn hand_on(mut from: UnixStream, mut to: UnixStream, pause: Duration, cut: &AtomicBool) {
    let mut buffer = [0; 16 * 1024];
    from.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    loop {
        if cut.load(Ordering::SeqCst) {
            let _ = from.shutdown(std::net::Shutdown::Both);
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                thread::sleep(pause);
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            Err(_) => break,
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}
