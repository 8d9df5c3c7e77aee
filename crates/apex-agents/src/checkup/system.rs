//! The system around the tests: control groups, disk, memory, clock, limits.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use apex_config::Config;

use super::{Check, CheckState};
use crate::control_group::{Allowance, enforcement, holds_limits};
use crate::resources::{disk_available_mb, host};

/// Space below which a run may not be able to write its record, in mebibytes.
const LITTLE_DISK: u64 = 100;
/// Space below which there is not much left, in mebibytes.
const POOR_DISK: u64 = 1_024;
/// Memory below which few tests run well, in mebibytes.
const POOR_MEMORY: u64 = 256;
/// Open files below which many jobs at once do not work.
const FEW_FILES: u64 = 256;
/// Nobody builds a program before it is written: a clock before this day (2025-01-01) is wrong.
const EARLIEST: Duration = Duration::from_secs(1_735_689_600);

/// Whether limits of layers are held by the system.
pub(super) fn limits_of_layers(config: &Config) -> Check {
    let what = "control groups";
    let has_limits = config.layers.values().any(|layer| !Allowance::of(layer).is_empty());
    if holds_limits() || !has_limits {
        return Check::fine(what, enforcement());
    }
    Check::not_fine(
        CheckState::Poor,
        what,
        enforcement(),
        "delegate a control group to this user: `systemd-run --user --scope -p Delegate=yes apex run`",
    )
}

/// Space for records.
pub(super) fn disk(state: &Path) -> Check {
    let what = "disk";
    let Some(left) = disk_available_mb(state) else {
        return Check::fine(what, "the system does not say how much is left");
    };
    let found = format!("{left} MiB left for {}", state.display());
    let mend = "free space, remove old runs (`retention` of the layer file), or set APEX_STATE_DIR";
    match left {
        0..LITTLE_DISK => Check::not_fine(CheckState::Broken, what, found, mend),
        LITTLE_DISK..POOR_DISK => Check::not_fine(CheckState::Poor, what, found, mend),
        _ => Check::fine(what, found),
    }
}

/// Whether records can be written: into the folder, or into the one that it will be made in.
pub(super) fn writable(state: &Path) -> Check {
    let what = "records";
    let there = state.ancestors().find(|folder| folder.exists()).unwrap_or(state);
    // Asked of the system and not of the bits of the folder, which say nothing of a disk that can
    // only be read.
    match tempfile::tempfile_in(there) {
        Ok(_) => Check::fine(what, format!("{} can be written", state.display())),
        Err(error) => Check::not_fine(
            CheckState::Broken,
            what,
            format!("nothing can be written into {}: {error}", there.display()),
            "give this user the right to write there, or set APEX_STATE_DIR to another folder",
        ),
    }
}

/// Memory that is left.
pub(super) fn memory() -> Check {
    let what = "memory";
    let sample = host();
    match (sample.memory_available_mb, sample.memory_mb) {
        (Some(left), Some(all)) if left < POOR_MEMORY => Check::not_fine(
            CheckState::Poor,
            what,
            format!("{left} of {all} MiB left"),
            "end other programs, or run fewer jobs at once (`--jobs`)",
        ),
        (Some(left), Some(all)) => Check::fine(what, format!("{left} of {all} MiB left")),
        _ => Check::fine(what, "the system does not say how much there is"),
    }
}

/// Whether the clock of the wall can be right: the history and `--resume` go by it.
pub(super) fn clock() -> Check {
    let what = "clock";
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let shown = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    if now < EARLIEST {
        let mend = "set the clock (`timedatectl set-ntp true`): the history goes by it";
        return Check::not_fine(CheckState::Poor, what, shown, mend);
    }
    Check::fine(what, shown)
}

/// How many files this process may have open.
pub(super) fn open_files() -> Check {
    let what = "open files";
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    match soft.and_then(|soft| soft.parse::<u64>().ok()) {
        Some(most) if most < FEW_FILES => Check::not_fine(
            CheckState::Poor,
            what,
            format!("at most {most}"),
            "raise the limit: `ulimit -n 4096`",
        ),
        _ => Check::fine(
            what,
            soft.map_or_else(|| "no limit is known".to_owned(), |most| format!("at most {most}")),
        ),
    }
}
