//! What happens when Apex itself is ended: a guardian beside it takes away what its run started.
//!
//! One process a run. [`Guard`] is the side of Apex: it starts the guardian with the first program
//! of the run, lists what is started, and dismisses it at the end. [`watch`] is the guardian. Its
//! standard input is a pipe whose other end only Apex holds; when that closes without a word, Apex
//! is gone, however it ended, and everything that is listed or carries the mark of the run is taken
//! away. [`sweep`] does the same at the next start, where the guardian was lost as well, and says
//! what lost runs left. Nothing here knows jobs, layers or verdicts.

mod clear;
mod guard;
mod list;
mod sweep;
mod watch;

pub(crate) use clear::FOLDER_PREFIX;
pub(crate) use guard::Ticks;
pub use guard::{Guard, GuardSettings};
pub use list::{CleanUp, Cleared, Made};
pub use sweep::{LostRun, sweep};
pub use watch::watch;

/// How the names of lists end.
const LIST_EXTENSION: &str = "started";
