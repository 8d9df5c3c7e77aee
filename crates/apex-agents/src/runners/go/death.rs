//! A process of a package that ended before its tests: who did it, and what runs again.

use std::collections::HashSet;

use super::scene::{Begun, Scene, function_of, is_part_of};

/// What a process left behind that ended too early.
#[derive(Debug, Default)]
pub(super) struct Death {
    /// Tests that ended the process, and those whose parts they are.
    pub(super) culprits: Vec<Begun>,
    /// Tests that had ended, and whose results were lost with the process.
    pub(super) lost: Vec<Begun>,
    /// Functions of which one has ended the process, when there are several.
    pub(super) suspects: Vec<String>,
}

/// Looks at the tests of a package whose process ended.
pub(super) fn examine(scene: &mut Scene) -> Death {
    let begun = scene.take();
    let has_told = |test: &Begun| test.output.lines().any(|line| line.starts_with("panic: "));
    let panicked: Vec<&Begun> = begun.iter().filter(|test| has_told(test)).collect();
    let at_work = || begun.iter().filter(|test| test.is_at_work());
    let leaves: Vec<&Begun> = at_work()
        .filter(|test| !at_work().any(|other| is_part_of(&other.name, &test.name)))
        .collect();
    // Who told of a panic has done it. Where that one was reported, nobody else is to blame.
    let guilty: Vec<String> = match (panicked.is_empty(), scene.has_panicked, leaves.as_slice()) {
        (false, _, _) => panicked.iter().map(|test| test.name.clone()).collect(),
        (true, false, [only]) => vec![only.name.clone()],
        _ => Vec::new(),
    };
    let suspects: HashSet<&str> = if guilty.is_empty() && !scene.has_panicked {
        leaves.iter().map(|test| function_of(&test.name)).collect()
    } else {
        HashSet::new()
    };
    let mut suspects: Vec<String> = suspects.into_iter().map(str::to_owned).collect();
    suspects.sort_unstable();
    let is_guilty =
        |test: &Begun| guilty.iter().any(|one| *one == test.name || is_part_of(one, &test.name));
    let (culprits, rest): (Vec<Begun>, Vec<Begun>) = begun.into_iter().partition(is_guilty);
    let lost = rest.into_iter().filter(|test| test.is_over).collect();
    Death { culprits, lost, suspects }
}
