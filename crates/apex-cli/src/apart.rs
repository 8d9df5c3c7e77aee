//! Work on a thread of its own, for the sake of memory.
//!
//! The system's allocator gives every thread a heap of its own, gives back to the system only the
//! end of a heap, and lets a thread keep some of what it frees. A large value that is made on one
//! such thread and given up on another leaves nothing behind; between things that last, it would
//! stay resident for as long as these.

use std::panic::resume_unwind;
use std::thread;

use crate::failure::Failure;

/// Does some work on a thread of its own.
///
/// # Errors
/// When there is no thread to spare.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("apex-apart".to_owned()).spawn_scoped(scope, work);
        let worker = worker.map_err(|error| Failure::no_threads(&error))?;
        Ok(worker.join().unwrap_or_else(|stopped| resume_unwind(stopped)))
    })
}
