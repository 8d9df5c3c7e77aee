//! What this machine has: processors, programs on `PATH`, importable modules, a calendar.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use apex_config::environment_variables::{PATH, VIRTUAL_ENV};

use crate::process::find_program;
use crate::runners::tools;

/// The day it is, `2025-01-31`, in UTC: so that a day ends at the same time on all machines, and
/// because finding out the time zone of one means to look through a folder of hundreds of files.
#[must_use]
pub fn today() -> String {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// How many processors there are for this program, where the system says.
#[must_use]
pub fn cores() -> Option<u32> {
    let cores = std::thread::available_parallelism().ok()?;
    u32::try_from(cores.get()).ok()
}

/// This machine, as seen by the programs that will run on it.
#[derive(Clone, Copy, Debug)]
pub struct Machine<'a> {
    /// The environment those programs get.
    pub variables: &'a BTreeMap<String, String>,
    /// Folder that relative entries of `PATH` count from.
    pub folder: &'a Path,
}

impl Machine<'_> {
    /// Finds a program by name.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<PathBuf> {
        let path = self.variables.get(PATH).map(String::as_str);
        find_program(name, path, self.folder).ok().filter(|found| found.is_file())
    }

    /// The active virtual environment of Python.
    #[must_use]
    pub fn virtual_env(&self) -> Option<&str> {
        self.variables.get(VIRTUAL_ENV).map(String::as_str)
    }

    /// Asks an interpreter of Python whether it can import pytest. Costs a start of it.
    #[must_use]
    pub fn imports_pytest(&self, python: &Path) -> bool {
        self.imports(python, "pytest")
    }

    /// The interpreter that tests of Python below a folder of the project (this machine's
    /// [`Machine::folder`]) are run with.
    #[must_use]
    pub fn python_of(&self, working_directory: &str) -> Option<PathBuf> {
        let lookup = |name: &str| self.lookup(name);
        let own = self.folder.join(working_directory);
        tools::python(&own, self.folder, self.virtual_env(), &lookup)
    }

    /// Asks an interpreter of Python whether it can import a module. Costs a start of it.
    #[must_use]
    pub fn imports(&self, python: &Path, module: &str) -> bool {
        Command::new(python)
            .args(["-c", &format!("import {module}")])
            .env_clear()
            .envs(self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}
