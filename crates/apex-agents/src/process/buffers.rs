//! Read buffers that are used again.
//!
//! A buffer of 64 KiB for every program would make the allocator tidy up its small blocks each
//! time one is freed, which costs a short program as much as its own start-up in Apex.

use std::sync::{Mutex, PoisonError};

use super::READ_SIZE;

/// Buffers that are kept for the next program.
const KEPT: usize = 64;

/// Read buffers that are used again. Keeps at most 64 of them, 4 MiB.
#[derive(Debug, Default)]
pub struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// A buffer of [`READ_SIZE`] capacity.
    pub fn lend(&self) -> Vec<u8> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Vec::with_capacity(READ_SIZE))
    }

    /// Takes a buffer back.
    pub fn give_back(&self, buffer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && buffer.capacity() == READ_SIZE {
            kept.push(buffer);
        }
    }
}
