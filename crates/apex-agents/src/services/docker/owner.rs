//! Who made a thing in an engine, and whether that process is still there.
//!
//! A process id alone says nothing: it is given again, also after a restart of the machine, and
//! means another process in another namespace. So an owner is process id, its start, the boot and
//! the namespace.

use std::fs;

/// A process of a machine between two boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// When it began, in ticks after the boot (field 22 of proc(5) `stat`).
    pub began: u64,
    /// Id of the boot.
    pub boot: String,
    /// Number of the namespace of process ids.
    pub namespace: String,
}

impl Owner {
    /// This process.
    #[must_use]
    pub fn this_process() -> Self {
        let pid = std::process::id();
        Self {
            pid,
            began: beginning(pid).unwrap_or_default(),
            boot: boot(),
            namespace: namespace(),
        }
    }

    /// Reads `pid:began:boot:namespace`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let owner = Self {
            pid: parts.next()?.parse().ok()?,
            began: parts.next()?.parse().ok()?,
            boot: parts.next()?.to_owned(),
            namespace: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(owner)
    }

    /// Whether it certainly does not run any more. Who cannot be seen from here is not dead.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        if self.boot != boot() {
            // Another boot of this machine, or another machine that shares the engine. Only
            // the expiry can tell these apart.
            return false;
        }
        self.namespace == namespace() && beginning(self.pid) != Some(self.began)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}:{}", self.pid, self.began, self.boot, self.namespace)
    }
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned())
}

fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").ok();
    let digits = link.map(|link| {
        link.to_string_lossy().chars().filter(char::is_ascii_digit).collect::<String>()
    });
    digits.unwrap_or_else(|| "unknown".to_owned())
}

/// When a process began; none when there is no such process.
fn beginning(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program is in brackets and may hold anything.
    let after_name = stat.rsplit_once(')')?.1;
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}
