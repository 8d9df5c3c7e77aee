//! Where events go.

use crate::event::Envelope;
use crate::time::Moment;
use crate::view::RunView;

/// Something that looks at a run: a display, a file, a network client.
///
/// A sink gets every envelope once, in order, in batches of at least one, together with the one
/// view of the run that all sinks share; the caller folds it. It runs on a thread of its own; what
/// it does or fails to do neither delays nor changes the run.
pub trait Sink: Send {
    /// A name for warnings about it, for example `journal`.
    fn name(&self) -> &'static str;

    /// Takes a batch. The view is the state after the batch.
    ///
    /// # Errors
    /// A text for people; the sink is then not called again, except for [`Sink::close`].
    fn accept(&mut self, batch: &[Envelope], view: &RunView) -> Result<(), String>;

    /// Called between batches when nothing happens, several times a second, so that a display
    /// can show time passing.
    ///
    /// # Errors
    /// As [`Sink::accept`].
    fn tick(&mut self, _now: Moment, _view: &RunView) -> Result<(), String> {
        Ok(())
    }

    /// Called once after the last batch: write out what is still held.
    ///
    /// # Errors
    /// A text for people.
    fn close(&mut self, _view: &RunView) -> Result<(), String> {
        Ok(())
    }
}
