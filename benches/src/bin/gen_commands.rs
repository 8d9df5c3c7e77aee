//! Writes a project of N trivial commands, one category each: `gen_commands FOLDER N`.

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

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: gen_commands FOLDER N")?);
    let count: u32 = arguments.next().ok_or("usage: gen_commands FOLDER N")?.parse()?;
    let mut text = HEAD.to_owned();
    for number in 1..=count {
        writeln!(text, "      - {{name: task_{number}, command: [/bin/true]}}")?;
    }
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("apex.yaml"), text)?;
    Ok(())
}
