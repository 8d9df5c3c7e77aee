//! Masks bytes that arrive cut anywhere, a secret cut by the border of two pieces included.

use std::sync::Arc;

use apex_core::event::Stream;

use super::mask::Mask;

/// One stream of bytes without secrets. Holds back at most the length of the longest form of a
/// secret (about 1 KiB), and that only while a secret may have begun.
#[derive(Debug)]
pub struct MaskedStream {
    mask: Arc<Mask>,
    /// What may be the beginning of a secret.
    held: Vec<u8>,
    /// What was taken together with what was held.
    joined: Vec<u8>,
    shown: Vec<u8>,
}

impl MaskedStream {
    /// A stream of which nothing was read.
    #[must_use]
    pub const fn of(mask: Arc<Mask>) -> Self {
        Self { mask, held: Vec::new(), joined: Vec::new(), shown: Vec::new() }
    }

    /// Takes bytes; the answer is what may be shown now.
    pub fn push<'s>(&'s mut self, bytes: &'s [u8]) -> &'s [u8] {
        if self.mask.is_empty() {
            return bytes;
        }
        self.shown.clear();
        let all = if self.held.is_empty() {
            bytes
        } else {
            self.joined.clear();
            self.joined.append(&mut self.held);
            self.joined.extend_from_slice(bytes);
            &self.joined
        };
        let taken = self.mask.take(all, &mut self.shown);
        self.held.extend_from_slice(&all[taken..]);
        if self.shown.is_empty() { &all[..taken] } else { &self.shown }
    }

    /// What was held back: nothing comes after it.
    pub fn finish(&mut self) -> &[u8] {
        self.shown.clear();
        self.mask.take_last(&self.held, &mut self.shown);
        self.held.clear();
        &self.shown
    }
}

/// Both outputs of a program without secrets.
#[derive(Debug)]
pub struct Streams {
    stdout: MaskedStream,
    stderr: MaskedStream,
}

impl Streams {
    /// Outputs of which nothing was read.
    #[must_use]
    pub fn of(mask: &Arc<Mask>) -> Self {
        let stream = || MaskedStream::of(Arc::clone(mask));
        Self { stdout: stream(), stderr: stream() }
    }

    /// One of them.
    pub const fn one(&mut self, stream: Stream) -> &mut MaskedStream {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}
