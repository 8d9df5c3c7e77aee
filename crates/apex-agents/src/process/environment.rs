//! The environment of a program as `execve` takes it.
//!
//! Every program gets a few dozen variables, and most of them are the same for all. A map and a
//! text of its own for each of them would cost more than all else that Apex does to start a short
//! program. So what is common to all is written down once ([`BaseEnvironment`]), what is common to
//! the programs of one owner is written once for them ([`Environment`]), and a start adds the few
//! variables that only its program has.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, NulError};
use std::io;
use std::sync::Arc;

use super::launch::Common;

/// Room for the variables of a job.
const USUAL: usize = 24;

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
        let named = |(name, value): (&String, &String)| Ok((name.clone(), entry(name, value)?));
        let entries = variables.iter().map(named).collect();
        Self { variables, entries }
    }
}

/// The variables that the programs of one owner have in common: those that every program gets,
/// and the owner's.
#[derive(Debug)]
pub struct Environment<'a> {
    base: &'a BaseEnvironment,
    layers: Vec<&'a BTreeMap<String, String>>,
    /// Names and entries of the owner's; an error when one of them contains a NUL byte.
    own: Result<Vec<(&'a str, CString)>, NulError>,
    /// Those that hold, with the ones of the owner in the places of those that they replace.
    places: Vec<Place>,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Base(usize),
    Own(usize),
}

impl<'a> Environment<'a> {
    /// The common variables and these; a variable of a later layer replaces the one of an earlier,
    /// and all of them replace the common ones.
    #[must_use]
    pub fn of(common: &'a Common, layers: Vec<&'a BTreeMap<String, String>>) -> Self {
        let base = &common.env;
        let own = written(layers.iter().rev().copied().flatten());
        let known = base.entries.as_deref().unwrap_or_default();
        let mut places: Vec<Place> = (0..known.len()).map(Place::Base).collect();
        for (at, (name, _)) in own.iter().flatten().enumerate() {
            // Looked for one by one: names of other lengths are told apart at once.
            match known.iter().position(|(known, _)| known == name) {
                Some(beaten) => places[beaten] = Place::Own(at),
                None => places.push(Place::Own(at)),
            }
        }
        Self { base, layers, own, places }
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
    pub(super) fn with<'e>(&'e self, last: &'e [(&str, CString)]) -> io::Result<Vec<&'e CStr>> {
        let base = self.base.entries.as_ref().map_err(Clone::clone)?;
        let own = self.own.as_ref().map_err(Clone::clone)?;
        let mut entries: Vec<&CStr> = Vec::with_capacity(self.places.len() + last.len());
        entries.extend(self.places.iter().map(|place| match *place {
            Place::Base(at) => base[at].1.as_c_str(),
            Place::Own(at) => own[at].1.as_c_str(),
        }));
        for (name, entry) in last {
            let known = self.places.iter().position(|place| match *place {
                Place::Base(at) => base[at].0 == *name,
                Place::Own(at) => own[at].0 == *name,
            });
            match known {
                Some(beaten) => entries[beaten] = entry,
                None => entries.push(entry),
            }
        }
        Ok(entries)
    }
}

/// Writes variables down; of several with one name, the first holds.
pub(super) fn written<'a>(
    variables: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<Vec<(&'a str, CString)>, NulError> {
    let mut written: Vec<(&str, CString)> = Vec::with_capacity(USUAL);
    for (name, value) in variables {
        // They are few.
        if !written.iter().any(|(known, _)| known == name) {
            written.push((name, entry(name, value)?));
        }
    }
    Ok(written)
}

/// `NAME=value`.
pub(super) fn entry(name: &str, value: &str) -> Result<CString, NulError> {
    let mut bytes = Vec::with_capacity(name.len() + value.len() + 2);
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(b'=');
    bytes.extend_from_slice(value.as_bytes());
    CString::new(bytes)
}
