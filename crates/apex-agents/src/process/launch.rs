//! What is to be started, and how its file is found.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::sys::signal::SigSet;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use super::cookie::Cookie;
use super::environment::{BaseEnvironment, Environment};
use super::lookup::find_program;
use super::spawn::{self, Spawned};
use super::start_error;
use crate::control_group::JobGroup;
use crate::guardian::Guard;
use crate::resources;
use crate::secrets::Mask;

/// A program with everything it gets. Nothing is inherited.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// What it has in common with other programs of its owner.
    pub common: &'a Common,
    /// Argument vector; the first is a program name looked up on `PATH`, or a path.
    pub arguments: &'a [String],
    /// Working directory, absolute.
    pub directory: &'a Path,
    /// What its environment has in common with other programs of its owner.
    pub env: &'a Environment<'a>,
    /// The variables that only this program has; they replace all others.
    pub own_env: &'a BTreeMap<String, String>,
    /// The control group that it is put into.
    pub(crate) group: Option<&'a JobGroup>,
}

/// What all programs of one owner get; made once, because it costs as much as a start.
#[derive(Debug)]
pub struct Common {
    pub(super) env: BaseEnvironment,
    /// The directory in which Apex runs, which it never changes.
    pub(super) here: Option<PathBuf>,
    /// The empty input of all programs.
    pub(super) input: Result<OwnedFd, Errno>,
    /// The signals that all programs begin with the usual reaction to.
    pub(super) usual_signals: SigSet,
    /// Who ends them when this process is gone.
    pub(super) guard: Option<Arc<Guard>>,
    /// What of their output is not kept as it is.
    mask: Arc<Mask>,
}

impl Common {
    /// These variables, and nothing to read. An input that cannot be opened is reported by each
    /// start.
    #[must_use]
    pub fn new(env: Arc<BTreeMap<String, String>>) -> Self {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        Self {
            env: BaseEnvironment::of(env),
            here: std::env::current_dir().ok(),
            input: openat(CWD, c"/dev/null", flags, Mode::empty()),
            usual_signals: spawn::usual_signals(resources::ignored_signals()),
            guard: None,
            mask: Arc::default(),
        }
    }

    /// Keeps and shows no secret that they write.
    #[must_use]
    pub fn masked_by(mut self, mask: Arc<Mask>) -> Self {
        self.mask = mask;
        self
    }

    /// What of their output is not kept as it is.
    #[must_use]
    pub const fn mask(&self) -> &Arc<Mask> {
        &self.mask
    }

    /// Lists them for a guardian.
    #[must_use]
    pub fn guarded_by(mut self, guard: Option<Arc<Guard>>) -> Self {
        self.guard = guard;
        self
    }

    /// Who ends them when this process is gone.
    #[must_use]
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_deref()
    }
}

impl Launch<'_> {
    /// The value that a variable has for the program.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.own_env.get(name).map(String::as_str).or_else(|| self.env.get(name))
    }

    /// Starts it as the leader of a process group of its own: standard input is empty, both
    /// outputs are pipes. It and everything it starts carries the cookie.
    pub(super) fn start(&self, cookie: Cookie) -> Result<Spawned, String> {
        let Some(name) = self.arguments.first() else {
            return Err("cannot start a program: its argument list is empty; name a program in \
                        `command`"
                .to_owned());
        };
        let path = find_program(name, self.variable("PATH"), self.directory)
            .map_err(|not_found| start_error::not_found(self, name, &not_found))?;
        spawn::spawn(self, &path, cookie)
            .map_err(|error| start_error::sentence(self, &path, &error))
    }
}
