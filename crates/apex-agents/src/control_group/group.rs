//! The groups of one run: one for each layer that has limits, and one below it for each of its
//! attempts.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use apex_core::report::OutOfMemory;

use super::allowance::Allowance;
use super::place::{self, Place};
use crate::guardian::{Guard, Made};
use crate::process::table::{self, Entry};
use crate::process::{cookie, tree};

/// The most processes and threads of a layer that has limits: a storm ends there, and no suite
/// needs as many.
const PROCESSES: u32 = 8192;

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;

/// The period of a ceiling for processors, in microseconds.
const PERIOD: u64 = 100_000;

/// Makes the groups of a run.
#[derive(Debug)]
pub(crate) struct ControlGroups {
    /// The name of the group of the run in every hierarchy.
    name: String,
    /// Looked for when the first job with limits starts.
    place: OnceLock<Place>,
    guard: Option<Arc<Guard>>,
    layers: Mutex<HashMap<Arc<str>, Option<LayerGroup>>>,
    number: AtomicU64,
    trouble: OnceLock<String>,
}

/// The group of a layer: a folder for each controller.
#[derive(Clone, Debug)]
struct LayerGroup {
    memory: Option<PathBuf>,
    /// Folders of controllers that do not tell jobs apart.
    shared: Vec<PathBuf>,
}

/// The group of one attempt.
#[derive(Debug)]
pub(crate) struct JobGroup {
    /// Where its memory is counted.
    memory: Option<PathBuf>,
    /// Where its processes have to be entered.
    enters: Vec<PathBuf>,
    limit_mb: Option<u32>,
}

impl ControlGroups {
    /// Groups that are listed for a guardian.
    pub(crate) fn guarded_by(guard: Option<Arc<Guard>>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            name: format!("apex-{}-{number}", cookie::mark()),
            place: OnceLock::new(),
            guard,
            layers: Mutex::default(),
            number: AtomicU64::new(0),
            trouble: OnceLock::new(),
        }
    }

    /// A group for an attempt of a job of this layer; none when the layer has no limits, or no
    /// group can be made.
    pub(crate) fn job(&self, allowance: &Allowance) -> Option<JobGroup> {
        if allowance.is_empty() {
            return None;
        }
        let layer = {
            let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
            let made = layers.entry(Arc::clone(&allowance.layer));
            made.or_insert_with(|| self.noted(self.layer(allowance)).flatten()).clone()
        }?;
        self.noted(self.job_in(&layer, allowance))
    }

    /// Removes all groups. The answer is what went wrong with them.
    pub(crate) fn end(&self) -> Option<String> {
        if let Some(place) = self.place.get() {
            for root in self.roots(place) {
                let removed = super::remove(&root);
                self.noted(removed.map_err(|error| named(&root, &error)));
            }
        }
        let trouble = self.trouble.get()?;
        Some(format!("limits of layers are not held in full: {trouble}"))
    }

    /// Whether memory is held by groups.
    pub(crate) fn hold_memory(&self) -> bool {
        self.place().memory.is_some()
    }

    fn place(&self) -> &Place {
        self.place.get_or_init(|| {
            let place = Place::find();
            match self.noted(place.open()) {
                Some(()) => place,
                None => Place::default(),
            }
        })
    }

    /// The first trouble is kept.
    fn noted<T>(&self, result: io::Result<T>) -> Option<T> {
        result.map_err(|error| self.trouble.get_or_init(|| error.to_string())).ok()
    }

    /// The folders that hold all groups of the run, one for each hierarchy.
    fn roots(&self, place: &Place) -> Vec<PathBuf> {
        let mut roots: Vec<PathBuf> = [&place.memory, &place.cpu, &place.pids]
            .into_iter()
            .flatten()
            .map(|folder| folder.join(&self.name))
            .collect();
        roots.dedup();
        roots
    }

    fn layer(&self, allowance: &Allowance) -> io::Result<Option<LayerGroup>> {
        let place = self.place();
        let roots = self.roots(place);
        if roots.is_empty() {
            return Ok(None);
        }
        for root in &roots {
            if let Some(guard) = &self.guard {
                guard.list_made(Made::ControlGroup(root.clone()));
            }
            let folder = root.join(&*allowance.layer);
            fs::create_dir_all(&folder).map_err(|error| named(&folder, &error))?;
            if place.is_second {
                place::hand_on(root).map_err(|error| named(root, &error))?;
                place::hand_on(&folder).map_err(|error| named(&folder, &error))?;
            }
        }
        let of_layer = |folder: &Option<PathBuf>| {
            folder.as_ref().map(|folder| folder.join(&self.name).join(&*allowance.layer))
        };
        let (memory, cpu, pids) =
            (of_layer(&place.memory), of_layer(&place.cpu), of_layer(&place.pids));
        if let Some(folder) = &memory {
            limit_memory(folder, allowance, place.is_second)?;
        }
        if let Some(folder) = &cpu {
            limit_processors(folder, allowance, place.is_second)?;
        }
        if let Some(folder) = &pids {
            set(folder, "pids.max", u64::from(PROCESSES))?;
        }
        let shared =
            if place.is_second { Vec::new() } else { [cpu, pids].into_iter().flatten().collect() };
        Ok(Some(LayerGroup { memory, shared }))
    }

    fn job_in(&self, layer: &LayerGroup, allowance: &Allowance) -> io::Result<JobGroup> {
        let mut enters = layer.shared.clone();
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let memory = layer.memory.as_ref().map(|folder| folder.join(number.to_string()));
        if let Some(folder) = &memory {
            fs::create_dir(folder).map_err(|error| named(folder, &error))?;
            enters.push(folder.clone());
        }
        Ok(JobGroup { memory, enters, limit_mb: allowance.memory_mb })
    }
}

impl Default for ControlGroups {
    fn default() -> Self {
        Self::guarded_by(None)
    }
}

impl JobGroup {
    /// Takes in a process that was started this moment, and what it may have started since. What
    /// it starts later is in the group from its beginning.
    pub(crate) fn enter(&self, leader: i32) {
        let Some(entry) = Entry::of(leader) else { return };
        self.enter_one(&entry);
        let children = table::children(leader).into_iter().filter_map(Entry::of).collect();
        for below in tree::below(children) {
            self.enter_one(&below);
        }
    }

    fn enter_one(&self, process: &Entry) {
        for folder in &self.enters {
            // A process that is gone needs no limit.
            let _ = fs::write(folder.join("cgroup.procs"), process.id.to_string());
        }
    }

    /// The most memory that was used, in mebibytes, rounded up.
    pub(crate) fn peak_mb(&self) -> Option<u32> {
        let folder = self.memory.as_ref()?;
        let peak = ["memory.max_usage_in_bytes", "memory.peak"].iter().find_map(|name| {
            fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok()
        });
        u32::try_from(peak?.div_ceil(MEBIBYTE)).ok()
    }

    /// Whether the system killed one of its processes because memory was short.
    pub(crate) fn out_of_memory(&self) -> Option<OutOfMemory> {
        let folder = self.memory.as_ref()?;
        let killed = ["memory.oom_control", "memory.events"].iter().find_map(|name| {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
            line?.trim().parse::<u64>().ok()
        });
        let limit_mb = self.limit_mb.filter(|_| killed > Some(0))?;
        Some(OutOfMemory { limit_mb, peak_mb: self.peak_mb() })
    }

    /// Removes the group, and kills what is in it. The error is a sentence for people.
    pub(crate) fn remove(self) -> Result<(), String> {
        let Some(folder) = self.memory else { return Ok(()) };
        super::remove(&folder).map_err(|error| {
            format!("control group {} cannot be removed: {error}", folder.display())
        })
    }
}

fn limit_memory(folder: &Path, allowance: &Allowance, is_second: bool) -> io::Result<()> {
    let Some(limit_mb) = allowance.memory_mb else { return Ok(()) };
    let bytes = u64::from(limit_mb) * MEBIBYTE;
    if is_second {
        set(folder, "memory.max", bytes)?;
        // Swap is counted apart there; a machine without it has no such file.
        let _ = set(folder, "memory.swap.max", 0);
        return Ok(());
    }
    set(folder, "memory.limit_in_bytes", bytes)?;
    // Memory and swap together; not there where swap is not counted.
    let _ = set(folder, "memory.memsw.limit_in_bytes", bytes);
    Ok(())
}

fn limit_processors(folder: &Path, allowance: &Allowance, is_second: bool) -> io::Result<()> {
    if let Some(percent) = allowance.cpu_share_percent {
        let percent = u64::from(percent);
        // Of the usual weight, which is 1024 in version 1 and 100 in version 2.
        match is_second {
            true => set(folder, "cpu.weight", percent)?,
            false => set(folder, "cpu.shares", 1024 * percent / 100)?,
        }
    }
    if let Some(percent) = allowance.cpu_ceiling_percent {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let processors = u64::try_from(processors).unwrap_or(1);
        let quota = PERIOD * processors * u64::from(percent) / 100;
        if is_second {
            let path = folder.join("cpu.max");
            fs::write(&path, format!("{quota} {PERIOD}")).map_err(|error| named(&path, &error))?;
        } else {
            set(folder, "cpu.cfs_period_us", PERIOD)?;
            set(folder, "cpu.cfs_quota_us", quota)?;
        }
    }
    Ok(())
}

fn set(folder: &Path, name: &str, value: u64) -> io::Result<()> {
    let path = folder.join(name);
    fs::write(&path, value.to_string()).map_err(|error| named(&path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
