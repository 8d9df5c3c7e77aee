//! A new server takes the place of an old one: no connection is refused, none is lost.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use apex_monitor::web::{Access, Limits, Server, Settings, take_over};

/// Serves on a listener until another server takes it.
fn serve(state: PathBuf, offer: PathBuf, listener: TcpListener) -> JoinHandle<()> {
    let address = listener.local_addr().unwrap();
    let server = Server::new(Settings {
        state,
        project: "shop".to_owned(),
        only: None,
        access: Access::new(address, &[], None),
        limits: Limits::default(),
        rerun: None,
    });
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.unwrap().block_on(server.serve(listener, Some(&offer))).unwrap();
    })
}

fn asks(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request =
        format!("GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

#[test]
fn ten_restarts_under_load_refuse_and_lose_no_connection() {
    let folder = tempfile::tempdir().unwrap();
    let offer = folder.path().join("offer");
    assert!(take_over(&offer).unwrap().is_none(), "nobody is there yet");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut old = serve(folder.path().to_owned(), offer.clone(), listener);
    let is_over = Arc::new(AtomicBool::new(false));
    let asking: Vec<JoinHandle<(u32, u32)>> = (0..4)
        .map(|_| {
            let is_over = Arc::clone(&is_over);
            std::thread::spawn(move || {
                let (mut asked, mut answered) = (0, 0);
                while !is_over.load(Ordering::Relaxed) {
                    asked += 1;
                    answered += u32::from(asks(address));
                }
                (asked, answered)
            })
        })
        .collect();
    for _ in 0..10 {
        let mut taken = take_over(&offer).unwrap();
        while taken.is_none() {
            std::thread::sleep(std::time::Duration::from_millis(5));
            taken = take_over(&offer).unwrap();
        }
        let new = serve(folder.path().to_owned(), offer.clone(), taken.unwrap());
        old.join().unwrap();
        old = new;
    }
    is_over.store(true, Ordering::Relaxed);
    for thread in asking {
        let (asked, answered) = thread.join().unwrap();
        assert!(asked > 0);
        assert_eq!(asked, answered, "a connection was refused or lost");
    }
    // The last one ends with the process: nobody takes its place.
    drop(old);
}
