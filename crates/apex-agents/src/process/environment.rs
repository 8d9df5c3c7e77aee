//! The environment of a program as `execve` takes it.
//!
//! Every program gets a few dozen variables, and most of them are the same for all. A map and a
//! text of its own for each of them would cost more than all else that Apex does to start a short
//! program. So what is common to all is written down once ([`BaseEnvironment`]), what is common to
//! the programs of one owner is written once in one piece of memory ([`Environment`]), and a start
//! adds the few variables that only its program has.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, FromBytesWithNulError, NulError};
use std::sync::Arc;

use super::launch::Common;

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
}

/// The variables that the programs of one owner have in common: those that every program gets,
/// and the owner's.
#[derive(Debug)]
pub struct Environment<'a> {
    base: &'a BaseEnvironment,
    layers: Vec<&'a BTreeMap<String, String>>,
    own: Written<'a>,
    /// For each of its own, the variable of the base that it replaces.
    beaten: Vec<Option<usize>>,
}

impl<'a> Environment<'a> {
    /// The common variables and these; a variable of a later layer replaces the one of an earlier,
    /// and all of them replace the common ones.
    #[must_use]
    pub fn of(common: &'a Common, layers: Vec<&'a BTreeMap<String, String>>) -> Self {
        let base = &common.env;
        let own = Written::of(layers.iter().rev().copied().flatten());
        let known = base.entries.as_deref().unwrap_or_default();
        // Looked for one by one: names of other lengths are told apart at once.
        let place = |name: &&str| known.iter().position(|(known, _)| known == name);
        let beaten = own.names.iter().map(place).collect();
        Self { base, layers, own, beaten }
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let own = self.layers.iter().rev().find_map(|layer| layer.get(name));
        own.or_else(|| self.base.variables.get(name)).map(String::as_str)
    }

    /// All variables, those that replace others behind them.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&String, &String)> {
        self.base.variables.iter().chain(self.layers.iter().copied().flatten())
    }

    /// All entries of a program, which may have variables of its own.
    pub(super) fn with<'e>(&'e self, last: &'e Written<'_>) -> std::io::Result<Vec<&'e CStr>> {
        let base = self.base.entries.as_ref().map_err(Clone::clone)?;
        let size = base.len() + self.own.names.len() + last.names.len();
        let mut names: Vec<&str> = Vec::with_capacity(size);
        let mut entries: Vec<&CStr> = Vec::with_capacity(size);
        for (name, entry) in base {
            names.push(name);
            entries.push(entry);
        }
        for ((name, entry), beaten) in self.own.entries().zip(&self.beaten) {
            let entry = entry.map_err(std::io::Error::other)?;
            if let Some(beaten) = *beaten {
                entries[beaten] = entry;
            } else {
                names.push(name);
                entries.push(entry);
            }
        }
        for (name, entry) in last.entries() {
            let entry = entry.map_err(std::io::Error::other)?;
            match names.iter().position(|known| *known == name) {
                Some(beaten) => entries[beaten] = entry,
                None => entries.push(entry),
            }
        }
        Ok(entries)
    }
}

/// Variables in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Written<'a> {
    names: Vec<&'a str>,
    /// `NAME=value` of every variable, each with a NUL byte at its end.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Written<'a> {
    /// Writes variables down; of several with one name, the first holds.
    pub(super) fn of(variables: impl Iterator<Item = (&'a String, &'a String)> + Clone) -> Self {
        let (mut count, mut size) = (0, 0);
        for (name, value) in variables.clone() {
            count += 1;
            size += name.len() + value.len() + 2;
        }
        let mut written = Self {
            names: Vec::with_capacity(count),
            bytes: Vec::with_capacity(size),
            ends: Vec::with_capacity(count),
        };
        for (name, value) in variables {
            // They are few.
            if !written.names.contains(&name.as_str()) {
                written.push(name, value);
            }
        }
        written
    }

    /// Adds a variable, whose name must be new.
    pub(super) fn push(&mut self, name: &'a str, value: &str) {
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
