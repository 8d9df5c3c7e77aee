//! Writes a project of N trivial commands, each a category of its own (`gen_commands FOLDER N`) or
//! a test that one category lists (`gen_commands FOLDER N listed`).

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

const HEAD: &str = "apex: 1
layers:
  commands:
    execution_mode: parallel
    max_duration_minutes: 60
    resource_limits: {max_parallel_instances: 64}
    categories:
";

const USAGE: &str = "usage: gen_commands FOLDER N [listed]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or(USAGE)?);
    let count: u32 = arguments.next().ok_or(USAGE)?.parse()?;
    fs::create_dir_all(&folder)?;
    let mut text = HEAD.to_owned();
    match arguments.next().as_deref() {
        None => {
            for number in 1..=count {
                writeln!(text, "      - {{name: task_{number}, command: [/bin/true]}}")?;
            }
        }
        Some("listed") => {
            text.push_str(
                "      - {name: tasks, discover: [cat, tasks], command: [/bin/true, \"{tests}\"]}\n",
            );
            let tasks: String = (1..=count).map(|number| format!("task_{number}\n")).collect();
            fs::write(folder.join("tasks"), tasks)?;
        }
        Some(_) => return Err(USAGE.into()),
    }
    fs::write(folder.join("apex.yaml"), text)?;
    Ok(())
}
