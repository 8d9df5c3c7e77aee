//! The environment of a program as `execve` takes it, in one piece of memory.
//!
//! Every job gets a few dozen variables. A map and a text of its own for each of them costs more
//! than all else that Apex does to start a short program.

use std::collections::BTreeMap;
use std::ffi::{CStr, FromBytesWithNulError};

/// `NAME=value` of every variable, each with a NUL byte at its end.
pub(super) struct EnvironmentBlock {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl EnvironmentBlock {
    /// The variables of all layers; a later layer beats an earlier one.
    pub(super) fn of(layers: &[&BTreeMap<String, String>]) -> Self {
        let count = layers.iter().map(|layer| layer.len()).sum();
        let mut variables: Vec<(&String, &String)> = Vec::with_capacity(count);
        variables.extend(layers.iter().flat_map(|layer| layer.iter()));
        // Stable: of equal names, the one of the last layer stands last.
        variables.sort_by_key(|(name, _)| *name);
        let size = variables.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let mut block =
            Self { bytes: Vec::with_capacity(size), ends: Vec::with_capacity(variables.len()) };
        for (position, &(name, value)) in variables.iter().enumerate() {
            let is_beaten = variables.get(position + 1).is_some_and(|(next, _)| *next == name);
            if !is_beaten {
                block.push(name, value);
            }
        }
        block
    }

    fn push(&mut self, name: &str, value: &str) {
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(b'=');
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
        self.ends.push(self.bytes.len());
    }

    /// The entries; an error when a name or a value contains a NUL byte.
    pub(super) fn entries(&self) -> Result<Vec<&CStr>, FromBytesWithNulError> {
        let mut begin = 0;
        let entry = |&end| {
            let entry = CStr::from_bytes_with_nul(&self.bytes[begin..end]);
            begin = end;
            entry
        };
        self.ends.iter().map(entry).collect()
    }
}
