//! What is never shown or kept as it is: secrets in the output of programs, in events, in plans.
//!
//! [`Secrets`] are the values, found by the names of variables and in files. A [`Mask`] finds
//! them in text, in the forms in which programs write them; a [`MaskedStream`] does so in bytes
//! that arrive cut anywhere. What runs sees the real values: sessions read raw output, and what
//! they report is masked on its way out of the ring.

mod events;
mod find;
mod forms;
mod mask;
mod plan;
mod stream;

pub use find::{Secrets, Sources};
pub use mask::{MASK, Mask};
pub use stream::{MaskedStream, Streams};

/// Characters that a secret has at least: a shorter one stands in too much other text.
pub const SHORTEST: usize = 6;
