//! What is to be started, and how its file is found.

use std::collections::BTreeMap;
use std::path::Path;

use super::lookup::find_program;
use super::spawn::{self, Spawned};
use super::start_error;

/// A program with everything it gets. Nothing is inherited.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// Argument vector; the first is a program name looked up on `PATH`, or a path.
    pub arguments: &'a [String],
    /// Working directory, absolute.
    pub directory: &'a Path,
    /// Environment in layers; a variable of a later layer replaces the one of an earlier.
    pub env: &'a [&'a BTreeMap<String, String>],
}

impl Launch<'_> {
    /// The value that a variable has for the program.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find_map(|layer| layer.get(name)).map(String::as_str)
    }

    /// Starts it as the leader of a process group of its own: standard input is empty, both
    /// outputs are pipes.
    pub(super) fn start(&self) -> Result<Spawned, String> {
        let Some(name) = self.arguments.first() else {
            return Err("cannot start a program: its argument list is empty; name a program in \
                        `command`"
                .to_owned());
        };
        let path = find_program(name, self.variable("PATH"), self.directory)
            .map_err(|not_found| start_error::not_found(self, name, &not_found))?;
        spawn::spawn(self, &path).map_err(|error| start_error::sentence(self, &path, &error))
    }
}
