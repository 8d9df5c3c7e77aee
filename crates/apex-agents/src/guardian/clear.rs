//! Takes away what a list names, after Apex itself is gone.
//!
//! A process is of the run when its number and its beginning are listed, when its environment
//! carries the mark of the run, or when it is below such a process or in the group or session that
//! a listed one leads. Nothing else is touched. First all are asked to end; after a grace they are
//! stopped, so that none can start more, and killed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::list::{CleanUp, Cleared, List, Made};
use crate::control_group;
use crate::process::cookie;
use crate::process::signal;
use crate::process::table::{self, Entry};
use crate::process::tree;

/// How long processes may take to end when they were asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How long after the beginning killed processes are still waited for.
const REMOVAL: Duration = Duration::from_secs(8);

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Looks in a row that find nothing, before nothing is believed to be left: a program that was
/// being started when Apex ended shows its mark a moment later.
const LOOKS_WITHOUT: u32 = 3;

/// Processes that are named at most.
const NAMED: usize = 5;

/// The name with which private folders begin. Nothing else is removed, whatever a list says.
pub(crate) const FOLDER_PREFIX: &str = "apex-attempt-";

/// Takes away what the list names.
pub(super) fn clear(list: &List) -> Cleared {
    let mut cleared = Cleared::default();
    if list.whose.is_of_this_boot() {
        processes(list, &mut cleared);
    }
    for made in &list.made {
        match made {
            Made::Folder(folder) => remove_folder(folder, &mut cleared),
            Made::ControlGroup(folder) => remove_group(folder, &mut cleared),
            Made::TakenBy(program) => run(program, &mut cleared),
        }
    }
    cleared
}

/// Ends the processes of the run.
fn processes(list: &List, cleared: &mut Cleared) {
    let began = Instant::now();
    let mut met = HashSet::new();
    let mut asked = HashSet::new();
    let mut without = 0;
    while without < LOOKS_WITHOUT {
        let found = of_run(list);
        without = if found.is_empty() { without + 1 } else { 0 };
        for process in &found {
            if met.insert((process.id, process.start)) && met.len() <= NAMED {
                cleared.named.push(format!("{} `{}`", process.id, table::command(process.id)));
            }
        }
        if began.elapsed() >= REMOVAL {
            let left = found.iter().map(|one| format!("{} `{}`", one.id, table::command(one.id)));
            cleared.left.extend(left.take(NAMED));
            break;
        }
        if began.elapsed() >= GRACE {
            tree::kill(|| of_run(list));
        } else {
            for one in found.iter().filter(|one| asked.insert((one.id, one.start))) {
                signal::send(one, Signal::TERM);
                signal::send(one, Signal::CONT);
            }
        }
        sleep(LOOK);
    }
    cleared.processes = met.len() - cleared.left.len();
}

/// The processes of the run that live.
fn of_run(list: &List) -> Vec<Entry> {
    let all: Vec<Entry> = table::all().filter(|one| one.id != table::own_id()).collect();
    let listed: HashMap<i32, Vec<_>> =
        list.processes.iter().fold(HashMap::new(), |mut by_id, one| {
            by_id.entry(one.id).or_insert_with(Vec::new).push(one);
            by_id
        });
    let is_listed = |entry: &Entry| {
        listed.get(&entry.id).is_some_and(|known| known.iter().any(|one| one.is(entry)))
    };
    let leaders: HashSet<i32> =
        all.iter().filter(|entry| is_listed(entry)).map(|entry| entry.id).collect();
    let is_of_run = |entry: &&Entry| {
        leaders.contains(&entry.id)
            || leaders.contains(&entry.group)
            || leaders.contains(&entry.session)
            || cookie::carries(&table::environment(entry.id), &list.whose.mark)
    };
    tree::below(all.iter().filter(is_of_run).copied().collect())
}

fn remove_folder(folder: &Path, cleared: &mut Cleared) {
    let name = folder.file_name().unwrap_or_default();
    let is_private = name.as_encoded_bytes().starts_with(FOLDER_PREFIX.as_bytes());
    if !is_private || !folder.is_absolute() || !folder.exists() {
        return;
    }
    match fs::remove_dir_all(folder) {
        Ok(()) => cleared.folders += 1,
        Err(error) => {
            cleared.left.push(format!("folder {} ({error}); remove it by hand", folder.display()))
        }
    }
}

fn remove_group(folder: &Path, cleared: &mut Cleared) {
    if let Err(error) = control_group::remove(folder) {
        let folder = folder.display();
        cleared.left.push(format!("control group {folder} ({error}); remove it with `rmdir`"));
    }
}

fn run(program: &CleanUp, cleared: &mut Cleared) {
    let Some((name, arguments)) = program.arguments.split_first() else { return };
    let child = Command::new(name)
        .args(arguments)
        .env_clear()
        .envs(&program.env)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let ended = child.map_err(|error| error.to_string()).and_then(|mut child| {
        let limit = Instant::now() + CleanUp::PATIENCE;
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(status.to_string()),
                Ok(None) if Instant::now() < limit => sleep(LOOK),
                Ok(None) => {
                    // Both fail only when it is gone.
                    let _ = child.kill().and_then(|()| child.wait());
                    return Err(format!("not done in {} s", CleanUp::PATIENCE.as_secs()));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    });
    match ended {
        Ok(()) => cleared.others.push(program.what.clone()),
        Err(why) => {
            let line = program.arguments.join(" ");
            cleared.left.push(format!("{} ({why}); run `{line}` by hand", program.what));
        }
    }
}
