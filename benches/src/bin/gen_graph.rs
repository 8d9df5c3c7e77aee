//! Writes the same graph of N nodes for ninja and for `plan_graph`: `gen_graph FOLDER N`.
//!
//! `build.ninja` has one statement for each node with the dependencies as inputs; `graph.txt` has
//! one line for each node: its name, a colon, and the names of its dependencies.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use apex_benches::dependencies;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: gen_graph FOLDER N")?);
    let count: u32 = arguments.next().ok_or("usage: gen_graph FOLDER N")?.parse()?;
    fs::create_dir_all(&folder)?;
    let mut ninja = BufWriter::new(File::create(folder.join("build.ninja"))?);
    let mut graph = BufWriter::new(File::create(folder.join("graph.txt"))?);
    writeln!(ninja, "rule make\n  command = touch $out")?;
    for node in 0..count {
        write!(ninja, "build out/n{node}: make")?;
        write!(graph, "n{node}:")?;
        for before in dependencies(node) {
            write!(ninja, " out/n{before}")?;
            write!(graph, " n{before}")?;
        }
        writeln!(ninja)?;
        writeln!(graph)?;
    }
    ninja.flush()?;
    graph.flush()?;
    Ok(())
}
