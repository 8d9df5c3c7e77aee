//! What a job of Go has to run: which packages have which tests, and in which programs they run.

use std::collections::HashSet;
use std::sync::Arc;

use super::pattern::patterns;
use super::scene::function_of;

/// Most packages and most bytes of their names in one program.
const PACKAGES: usize = 1000;

/// A package with its tests, in the order of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// Its import path.
    pub(super) name: String,
    /// The functions that are tests.
    pub(super) tests: Vec<String>,
}

/// One program: packages, and which of their tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// Import paths.
    pub(super) packages: Vec<String>,
    /// What `-run` gets; nothing for all tests.
    pub(super) pattern: Option<String>,
    /// Whether it runs one test by itself that may have ended a process.
    pub(super) is_trial: bool,
}

impl Batch {
    /// Programs that run these tests of a package, and no other.
    pub(super) fn of_tests<'a>(
        package: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> impl Iterator<Item = Self> {
        let package = package.to_owned();
        patterns(names).into_iter().map(move |pattern| Self {
            packages: vec![package.clone()],
            pattern: Some(pattern),
            is_trial: false,
        })
    }
}

/// The name of a listed test, when the line is one: what else a package prints is none.
pub(super) fn listed(line: &str) -> Option<&str> {
    let name = line.trim_end();
    let is_test = ["Test", "Example", "Fuzz"].iter().any(|begin| name.starts_with(begin));
    let is_name = name.chars().all(|one| one.is_alphanumeric() || one == '_');
    (is_test && is_name).then_some(name)
}

/// Separates the package from the test in an id.
pub(super) const SEPARATOR: &str = "::";

/// The id of a test.
pub(super) fn id_of(package: &str, test: &str) -> String {
    format!("{package}{SEPARATOR}{test}")
}

/// What is left of the packages for one shard: whole packages, the largest first to the shard
/// that has least, so that each is built in one place; single tests where there are fewer packages
/// than shards.
pub(super) fn part_of(packages: Vec<Package>, shard: Option<(u32, u32)>) -> Vec<Package> {
    let Some((number, count)) = shard else { return packages };
    let (mine, count) = (number.saturating_sub(1) as usize, count.max(1) as usize);
    if packages.len() < count {
        return dealt(packages, mine, count);
    }
    let mut order: Vec<usize> = (0..packages.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(packages[at].tests.len()));
    let mut loads = vec![0; count];
    let mut is_mine = vec![false; packages.len()];
    for at in order {
        let least = (0..count).min_by_key(|&one| loads[one]).unwrap_or_default();
        loads[least] += packages[at].tests.len();
        is_mine[at] = least == mine;
    }
    packages.into_iter().zip(is_mine).filter(|(_, mine)| *mine).map(|(one, _)| one).collect()
}

/// Every `count`th test.
fn dealt(packages: Vec<Package>, mine: usize, count: usize) -> Vec<Package> {
    let mut position = 0;
    let mut is_mine = |_: &String| {
        position += 1;
        (position - 1) % count == mine
    };
    let packages = packages.into_iter().map(|mut package| {
        package.tests.retain(&mut is_mine);
        package
    });
    packages.filter(|package| !package.tests.is_empty()).collect()
}

/// The programs for whole packages.
pub(super) fn whole(packages: &[Package]) -> Vec<Batch> {
    let names: Vec<String> = packages.iter().map(|package| package.name.clone()).collect();
    let parts = names.chunks(PACKAGES);
    parts.map(|part| Batch { packages: part.to_vec(), ..Batch::default() }).collect()
}

/// The programs for parts of packages: packages that keep the same tests share one.
pub(super) fn parts(packages: &[Package], all: &[Package]) -> Vec<Batch> {
    let is_whole = |package: &&Package| all.contains(package);
    let (complete, cut): (Vec<&Package>, Vec<&Package>) = packages.iter().partition(is_whole);
    let complete: Vec<Package> = complete.into_iter().cloned().collect();
    let cut = cut.into_iter().flat_map(|package| {
        Batch::of_tests(&package.name, package.tests.iter().map(String::as_str))
    });
    whole(&complete).into_iter().chain(cut).collect()
}

/// The programs of a retry, exactly these ids.
pub(super) fn chosen(packages: &[Package], only: &HashSet<Arc<str>>) -> Vec<Batch> {
    let mut batches = Vec::new();
    for package in packages {
        let prefix = format!("{}{SEPARATOR}", package.name);
        let mut names: Vec<&str> = only.iter().filter_map(|id| id.strip_prefix(&prefix)).collect();
        names.sort_unstable();
        let names = without_parts(names);
        let known = |name: &&str| package.tests.iter().any(|test| test == function_of(name));
        batches.extend(Batch::of_tests(&package.name, names.into_iter().filter(known)));
    }
    batches
}

/// The names without those that run as a part of another one: `Test` runs `Test/part`, too.
fn without_parts(names: Vec<&str>) -> Vec<&str> {
    let known: HashSet<&str> = names.iter().copied().collect();
    let is_part = |name: &str| name.match_indices('/').any(|(at, _)| known.contains(&name[..at]));
    names.into_iter().filter(|name| !is_part(name)).collect()
}
