//! Where this process may make control groups: below its own, so that what holds for Apex holds
//! for its jobs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::process::table;

/// The controllers that limits need.
const CONTROLLERS: [&str; 3] = ["memory", "cpu", "pids"];

/// The group that this process moves to, where its own has to be empty to have groups with limits
/// below it.
const OWN: &str = "apex-itself";

/// Where groups can be made. Of version 2 all controllers have one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) memory: Option<PathBuf>,
    pub(super) cpu: Option<PathBuf>,
    pub(super) pids: Option<PathBuf>,
    pub(super) is_second: bool,
}

/// What holds the limits of layers on this machine, in a few words for people.
#[must_use]
pub fn enforcement() -> String {
    let place = Place::find();
    let version = if place.is_second { "version 2" } else { "version 1" };
    let by_groups =
        [(&place.memory, "memory"), (&place.cpu, "processors"), (&place.pids, "processes")];
    let held: Vec<&str> =
        by_groups.iter().filter(|(folder, _)| folder.is_some()).map(|(_, name)| *name).collect();
    match (held.is_empty(), place.memory.is_some()) {
        (true, _) => "memory by measuring it; this user may make no control groups, so \
                      processors and processes are not limited"
            .to_owned(),
        (false, true) => format!("{} by control groups ({version})", held.join(", ")),
        (false, false) => {
            format!("memory by measuring it, {} by control groups ({version})", held.join(", "))
        }
    }
}

/// Whether the system holds the memory of layers on this machine; otherwise it is measured.
#[must_use]
pub fn holds_limits() -> bool {
    Place::find().memory.is_some()
}

impl Place {
    /// Looks without changing anything.
    pub(super) fn find() -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let place = Self::of(&own, &mounts);
        let writable = |folder: Option<PathBuf>| {
            folder.filter(|folder| access(folder, Access::WRITE_OK).is_ok())
        };
        let place = Self {
            memory: writable(place.memory),
            cpu: writable(place.cpu),
            pids: writable(place.pids),
            ..place
        };
        if place.is_second { place.offered() } else { place }
    }

    /// What the texts of the system say: the groups of this process, and the mounts.
    fn of(own: &str, mounts: &str) -> Self {
        let first = |controller: &str| first_version(own, mounts, controller);
        let place = Self {
            memory: first("memory"),
            cpu: first("cpu"),
            pids: first("pids"),
            is_second: false,
        };
        if place.memory.is_some() || place.cpu.is_some() || place.pids.is_some() {
            return place;
        }
        let folder = second_version(own, mounts);
        Self { memory: folder.clone(), cpu: folder.clone(), pids: folder, is_second: true }
    }

    /// Of version 2, only what the group of this process is given, and can hand on.
    fn offered(self) -> Self {
        let Some(folder) = self.memory.clone() else { return self };
        let offered = fs::read_to_string(folder.join("cgroup.controllers")).unwrap_or_default();
        let given = |name: &str| offered.split_whitespace().any(|one| one == name);
        let hands_on = hands_on(&folder) || is_alone(&folder);
        let kept = |name: &str| (given(name) && hands_on).then(|| folder.clone());
        Self { memory: kept("memory"), cpu: kept("cpu"), pids: kept("pids"), is_second: true }
    }

    /// Makes groups with limits possible below the own one. Of version 2 that needs the own one to
    /// hand its controllers on, and for that to hold no process itself.
    pub(super) fn open(&self) -> io::Result<()> {
        let Some(folder) = self.memory.as_ref().or(self.cpu.as_ref()).filter(|_| self.is_second)
        else {
            return Ok(());
        };
        if hand_on(folder).is_err() {
            let own = folder.join(OWN);
            fs::create_dir_all(&own)?;
            fs::write(own.join("cgroup.procs"), table::own_id().to_string())?;
            hand_on(folder)?;
        }
        Ok(())
    }
}

/// Lets groups below this one have limits.
pub(super) fn hand_on(folder: &Path) -> io::Result<()> {
    let offered = fs::read_to_string(folder.join("cgroup.controllers"))?;
    let words =
        CONTROLLERS.iter().filter(|name| offered.split_whitespace().any(|one| one == **name));
    let words: Vec<String> = words.map(|name| format!("+{name}")).collect();
    fs::write(folder.join("cgroup.subtree_control"), words.join(" "))
}

/// Whether groups below this one have limits already.
fn hands_on(folder: &Path) -> bool {
    let handed = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
    handed.split_whitespace().any(|name| name == "memory")
}

/// Whether this process is the only one in a group.
fn is_alone(folder: &Path) -> bool {
    let members = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    members.lines().all(|id| id.parse() == Ok(table::own_id()))
}

/// The own group of a controller of version 1: `4:memory:/path`.
fn first_version(own: &str, mounts: &str, controller: &str) -> Option<PathBuf> {
    let has = |list: &str| list.split(',').any(|one| one == controller);
    let path = own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        parts.next().filter(|names| has(names)).and_then(|_| parts.next())
    })?;
    mounts.lines().find_map(|line| {
        let mount = Mount::of(line)?;
        (mount.kind == "cgroup" && has(mount.options)).then(|| mount.folder(path)).flatten()
    })
}

/// The own group of version 2: `0::/path`.
fn second_version(own: &str, mounts: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let mount = Mount::of(line)?;
        (mount.kind == "cgroup2").then(|| mount.folder(path)).flatten()
    })
}

/// A line of `/proc/self/mountinfo` (proc(5)).
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let (first, second) = line.split_once(" - ")?;
        let mut first = first.split(' ').skip(3);
        let mut second = second.split(' ');
        let (root, point) = (first.next()?, first.next()?);
        Some(Self { root, point, kind: second.next()?, options: second.nth(1)? })
    }

    /// Where a group is below this mount; none when it is outside of what is mounted.
    fn folder(&self, group: &str) -> Option<PathBuf> {
        let below = Path::new(group).strip_prefix(self.root).ok()?;
        Some(Path::new(self.point).join(below))
    }
}
