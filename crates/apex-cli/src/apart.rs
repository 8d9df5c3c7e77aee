//! Work on a thread of its own, for the sake of memory.
//!
//! The system's allocator gives every thread a heap of its own, gives back to the system only the
//! end of a heap, and lets a thread keep some of what it frees. A large value that is made on one
//! such thread and given up on another leaves nothing behind; between things that last, it would
//! stay resident for as long as these.

use std::panic::resume_unwind;
use std::thread;

/// Does some work on a thread of its own, or here, when there is no thread to spare.
pub(crate) fn apart<T: Send>(mut work: impl FnMut() -> T + Send) -> T {
    let done = thread::scope(|scope| {
        let builder = thread::Builder::new().name("apex-apart".to_owned());
        let worker = builder.spawn_scoped(scope, &mut work).ok()?;
        Some(worker.join().unwrap_or_else(|stopped| resume_unwind(stopped)))
    });
    match done {
        Some(done) => done,
        None => work(),
    }
}
