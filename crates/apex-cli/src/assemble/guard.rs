//! What happens to a run when Apex itself is ended, and what is said of runs to which that happened.

use std::path::Path;

use apex_agents::guardian::{GuardSettings, LostRun, sweep};
use apex_core::RunId;
use apex_monitor::run_dir::Runs;

use crate::args::GUARDIAN_WORD;
use crate::out;

/// The guardian of the runs of a state folder: this program itself, called with a word that people
/// do not type. None when the system does not say where this program is.
pub(super) fn settings(state: &Path, root: &Path) -> Option<GuardSettings> {
    let program = std::env::current_exe().ok()?;
    let folder = std::path::absolute(state.join("guard")).ok()?;
    let root = std::path::absolute(root).ok()?;
    let words = ["--project", root.to_str()?, "services", "down", "--run"];
    let without_containers =
        std::iter::once(program.to_str()?).chain(words).map(str::to_owned).collect();
    let arguments = vec![GUARDIAN_WORD.to_owned()];
    Some(GuardSettings { program, arguments, folder, without_containers })
}

/// Takes away what lost runs left, says one line of each, and writes it into its record.
pub(crate) fn tell_lost_runs(state: &Path, runs: &Runs) {
    match sweep(&state.join("guard")) {
        Ok(lost) => lost.iter().for_each(|run| tell(run, runs)),
        Err(error) => out::people(&format!(
            "warning: what lost runs left could not be looked for in {}: {error}\n",
            state.join("guard").display()
        )),
    }
}

fn tell(lost: &LostRun, runs: &Runs) {
    let line = lost.describe();
    out::people(&format!("{line}\n"));
    // A run of a library may have no record here; then the line is all.
    if let Ok(directory) = runs.open(&RunId::new(&lost.run))
        && let Err(error) = directory.write_lost(&line)
    {
        out::people(&format!("warning: the record of that run says nothing of it: {error}\n"));
    }
}
