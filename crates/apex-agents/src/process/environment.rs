//! The environment of a program as `execve` takes it.
//!
//! Every job gets a few dozen variables, and most of them are the same for all. A map and a text
//! of its own for each of them would cost more than all else that Apex does to start a short
//! program, so what is common is written down once ([`BaseEnvironment`]) and a start writes only
//! its own variables, in one piece of memory ([`OwnEnvironment`]).

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, FromBytesWithNulError, NulError};
use std::sync::Arc;

/// Variables that every program gets, ready to be handed over.
#[derive(Clone, Debug)]
pub(super) struct BaseEnvironment {
    variables: Arc<BTreeMap<String, String>>,
    /// Names with `NAME=value`; an error when one of them contains a NUL byte.
    entries: Result<Vec<(String, CString)>, NulError>,
}

impl BaseEnvironment {
    /// Writes the variables down.
    pub(super) fn of(variables: Arc<BTreeMap<String, String>>) -> Self {
        let entry = |(name, value): (&String, &String)| {
            Ok((name.clone(), CString::new(format!("{name}={value}"))?))
        };
        let entries = variables.iter().map(entry).collect();
        Self { variables, entries }
    }

    /// The variables.
    pub(super) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// All entries of a program; its own variables beat these.
    pub(super) fn with<'e>(
        &'e self,
        own: &'e OwnEnvironment<'_>,
    ) -> std::io::Result<Vec<&'e CStr>> {
        let base = self.entries.as_ref().map_err(Clone::clone)?;
        let mut entries: Vec<&CStr> = Vec::with_capacity(base.len() + own.names.len());
        entries.extend(base.iter().map(|(_, entry)| entry.as_c_str()));
        for (name, entry) in own.entries() {
            let entry = entry.map_err(std::io::Error::other)?;
            // Looked for one by one: names of other lengths are told apart at once.
            match base.iter().position(|(known, _)| known == name) {
                Some(beaten) => entries[beaten] = entry,
                None => entries.push(entry),
            }
        }
        Ok(entries)
    }
}

/// The variables of one program beyond those that every program gets.
pub(super) struct OwnEnvironment<'a> {
    names: Vec<&'a str>,
    /// `NAME=value` of every variable, each with a NUL byte at its end.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> OwnEnvironment<'a> {
    /// The variables of all layers; a later layer beats an earlier one, and the last variable
    /// beats all of them.
    pub(super) fn of(layers: &[&'a BTreeMap<String, String>], last: (&'a str, &'a str)) -> Self {
        let variables = || layers.iter().rev().copied().flatten();
        let count = layers.iter().map(|layer| layer.len()).sum::<usize>() + 1;
        let size = variables().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
        let size = size + last.0.len() + last.1.len() + 2;
        let mut own = Self {
            names: Vec::with_capacity(count),
            bytes: Vec::with_capacity(size),
            ends: Vec::with_capacity(count),
        };
        own.push(last.0, last.1);
        for (name, value) in variables() {
            // They are few.
            if !own.names.contains(&name.as_str()) {
                own.push(name, value);
            }
        }
        own
    }

    fn push(&mut self, name: &'a str, value: &str) {
        self.names.push(name);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(b'=');
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
        self.ends.push(self.bytes.len());
    }

    /// Names and entries; an error in place of one that contains a NUL byte.
    fn entries(&self) -> impl Iterator<Item = (&'a str, Result<&CStr, FromBytesWithNulError>)> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let parts = begins.zip(&self.ends).map(|(begin, &end)| &self.bytes[begin..end]);
        self.names.iter().copied().zip(parts.map(CStr::from_bytes_with_nul))
    }
}
