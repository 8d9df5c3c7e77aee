//! The part of the selected tests that is meant: paths looked for on disk, expressions handed to
//! the framework where it means exactly the same, and names compared here where it does not.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apex_agents::detect::Inventory;
use apex_agents::listing::{self, Listing};
use apex_agents::planning::{self, Wish};
use apex_config::model::{Category, CategoryName, RunnerKind};
use apex_core::CategoryIx;
use apex_core::plan::{CategoryWork, JobSpec, Part, Plan, Work};
use apex_core::select::{Request, Target};
use apex_core::test_case::TestCase;

use super::asked::Asked;
use super::choice::Chosen;
use super::expression::{self, Expression};
use super::filters::Filters;
use super::flag::Flag;
use super::pattern::Pattern;
use crate::assemble;
use crate::failure::Failure;
use crate::project::Project;

/// The name of what runs tests that no category owns.
const UNASSIGNED: &str = "unassigned";

/// Paths of a request, as they are on disk.
pub(crate) struct OnDisk {
    /// Relative to the project, each once.
    pub(crate) found: Vec<String>,
    /// As typed, with nothing there.
    pub(crate) missing: Vec<String>,
}

/// Looks for paths: as they are, from here or from the project; globs and bare names among the
/// files that are named like tests.
pub(crate) fn on_disk(root: &Path, typed: &[String]) -> OnDisk {
    let inventory = Inventory::scan(root);
    let mut all = OnDisk { found: Vec::new(), missing: Vec::new() };
    for word in typed {
        let found = one_on_disk(root, &inventory, word);
        if found.is_empty() {
            all.missing.push(word.clone());
        }
        for path in found {
            if !all.found.contains(&path) {
                all.found.push(path);
            }
        }
    }
    all
}

fn one_on_disk(root: &Path, inventory: &Inventory, word: &str) -> Vec<String> {
    let word = word.trim_start_matches("./").trim_end_matches('/');
    let (file, id) = match word.split_once("::") {
        Some((file, id)) => (file, Some(id)),
        None => (word, None),
    };
    let here = assemble::in_project(root, word);
    let here_file = here.split("::").next().unwrap_or(&here);
    if root.join(here_file).exists() {
        return vec![here];
    }
    let with_id = |path: &str| match id {
        Some(id) => format!("{path}::{id}"),
        None => path.to_owned(),
    };
    let pattern = Pattern::of_paths(file);
    let is_glob = file.contains(['*', '?']);
    let ends = format!("/{file}");
    let is_meant = |path: &&str| {
        if is_glob { pattern.holds_whole(path) } else { *path == file || path.ends_with(&ends) }
    };
    inventory.test_files().filter(is_meant).map(with_id).collect()
}

/// The plan for paths under one category that was asked for, in place of its own.
pub(crate) fn under(
    project: &Project,
    request: Request,
    first: &Chosen,
    chosen: &[Chosen],
    paths: &[String],
) -> Result<Plan, Failure> {
    let mut config = project.loaded.config.clone();
    let mut names = Vec::new();
    for one in chosen {
        let own: Vec<String> =
            paths.iter().filter(|path| owner(path, chosen, first) == &one.name).cloned().collect();
        if own.is_empty() && one.requested {
            continue;
        }
        names.push(one.name.to_string());
        if let (false, Some(category)) = (own.is_empty(), config.categories.get_mut(&one.name)) {
            let category = Arc::make_mut(category);
            category.recipe.paths = own;
            category.recipe.command = None;
        }
    }
    let request = Request { target: Target::Categories(names), ..request };
    let history = apex_core::History::default();
    let root = &project.loaded.root;
    planning::plan(&config, root, &project.variables, &history, &Wish::Request(request))
        .map_err(Failure::from)
}

/// The requested category that a path belongs to: the one whose name is a part of it, else the
/// first.
fn owner<'a>(path: &str, chosen: &'a [Chosen], first: &'a Chosen) -> &'a CategoryName {
    let is_part =
        |one: &&Chosen| one.requested && path.split('/').any(|part| part == one.name.as_str());
    &chosen.iter().find(is_part).unwrap_or(first).name
}

/// The plan for paths that no category owns.
pub(crate) fn unassigned(
    project: &Project,
    request: Request,
    paths: &[String],
) -> Result<Plan, Failure> {
    let mut config = project.loaded.config.clone();
    let Ok(name) = CategoryName::new(UNASSIGNED) else {
        return Err(Failure::usage("no category owns these paths", "name a category, too"));
    };
    if let Some(model) = config.category("unit") {
        let mut category = Category::clone(model);
        category.name = name.clone();
        category.recipe.paths = paths.to_vec();
        category.depends_on.clear();
        config.categories.insert(name.clone(), Arc::new(category));
    }
    let request = Request { target: Target::Categories(vec![name.to_string()]), ..request };
    let history = apex_core::History::default();
    let root = &project.loaded.root;
    planning::plan(&config, root, &project.variables, &history, &Wish::Request(request))
        .map_err(Failure::from)
}

/// Hands the expressions to the frameworks that mean exactly the same by them; filters never
/// replace those of a category, they are added.
pub(crate) fn narrow(plan: &mut Plan, filters: &Filters, notes: &mut Vec<String>) {
    let keyword = native_keyword(filters);
    let markers = markers(filters);
    if keyword.is_none() && markers.is_none() {
        return;
    }
    for job in &mut plan.jobs {
        if job.spec.runner != RunnerKind::Pytest {
            continue;
        }
        job.undivided = None;
        if let Work::Tests { keyword: own_keyword, markers: own_markers, .. } = &mut job.spec.work {
            join(own_keyword, keyword.as_deref());
            join(own_markers, markers.as_deref());
        }
    }
    let others = plan.jobs.iter().any(|job| job.spec.runner != RunnerKind::Pytest);
    if markers.is_some() && others {
        notes
            .push("frameworks without markers are chosen by the tags of their category".to_owned());
        by_tags(plan, filters);
    }
}

fn join(own: &mut Option<String>, more: Option<&str>) {
    let Some(more) = more else { return };
    *own = Some(match own.take() {
        Some(own) => format!("({own}) and ({more})"),
        None => more.to_owned(),
    });
}

/// Several expressions are alternatives.
fn either(expressions: &[String]) -> Option<String> {
    match expressions {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(many.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" or ")),
    }
}

/// What pytest's own `-k` means the same by; terms with wildcards are compared here.
fn native_keyword(filters: &Filters) -> Option<String> {
    let is_plain = filters.keywords.iter().all(|one| !one.contains(['*', '?']));
    if is_plain { either(&filters.keywords) } else { None }
}

fn markers(filters: &Filters) -> Option<String> {
    let asked: Vec<String> = filters.markers.iter().map(|one| one.replace('-', "_")).collect();
    let mut expression = either(&asked);
    for environment in &filters.without {
        join(&mut expression, Some(&format!("not {environment}")));
    }
    expression
}

/// Jobs of frameworks without markers, by the tags of their category.
fn by_tags(plan: &mut Plan, filters: &Filters) {
    let Some(expression) = either(&filters.markers) else { return };
    let Ok(expression) = expression::parse(&expression.replace('-', "_")) else { return };
    let keep: Vec<bool> = plan
        .jobs
        .iter()
        .map(|job| {
            let name = plan.category(job.category).name.as_str();
            job.spec.runner == RunnerKind::Pytest
                || expression
                    .holds(&|term| name.split('_').any(|part| part == term) || name == term)
        })
        .collect();
    let taken = std::mem::take(plan);
    let nothing = |_| CategoryWork::Empty { looked: "no test has such a marker".to_owned() };
    *plan = taken.with_jobs(|job| keep[job.position()], nothing);
}

/// Seconds that a look for the names of tests may take, when nobody says.
const USUAL_LIMIT: u64 = 30;

/// Asks the frameworks for the names of the tests of a plan; what could not be named is told.
pub(crate) fn named(
    plan: &Plan,
    asked: &Asked,
    project: &Project,
    notes: &mut Vec<String>,
) -> Result<Listing, Failure> {
    let loaded = &project.loaded;
    let limit = asked.whole(Flag::CollectionTimeout).map_or(USUAL_LIMIT, u64::from);
    let limit = Some(Duration::from_secs(limit));
    let found = assemble::runtime()?.block_on(listing::list(
        &loaded.config,
        &loaded.root,
        &project.variables,
        plan,
        limit,
    ));
    for (category, why) in &found.troubles {
        notes.push(format!("{}: {why}", plan.category(*category).name));
    }
    for category in &found.late {
        let name = &plan.category(*category).name;
        notes.push(format!("{name}: its tests were not named in time, see --collection-timeout"));
    }
    Ok(found)
}

/// The plan in which the categories whose tests were not named in time cannot run.
pub(crate) fn without_late(plan: Plan, found: &Listing) -> Plan {
    let owner: Vec<CategoryIx> = plan.jobs.iter().map(|job| job.category).collect();
    let late = |_| CategoryWork::Unavailable {
        reason: "collection_error: its tests could not be named in time, see --collection-timeout"
            .to_owned(),
    };
    plan.with_jobs(|job| !found.late.contains(&owner[job.position()]), late)
}

/// Whether some filter can only be answered when the names of tests are known.
pub(crate) fn needs_names(plan: &Plan, filters: &Filters) -> bool {
    let others = plan.jobs.iter().any(|job| job.spec.runner != RunnerKind::Pytest);
    let keyword_left =
        !filters.keywords.is_empty() && (native_keyword(filters).is_none() || others);
    !filters.patterns.is_empty() || keyword_left || filters.is_alone()
}

/// The plan with only the tests whose names fit.
pub(crate) fn by_names(
    plan: Plan,
    filters: &Filters,
    found: &Listing,
    notes: &mut Vec<String>,
) -> Plan {
    let patterns: Vec<Pattern> = filters.patterns.iter().map(|text| Pattern::new(text)).collect();
    let keywords: Vec<Expression> =
        filters.keywords.iter().filter_map(|text| expression::parse(text).ok()).collect();
    let fits = |case: &TestCase| {
        let by_pattern = patterns.is_empty() || patterns.iter().any(|one| one.fits(case));
        let term = |term: &str| Pattern::new(term).fits(case);
        let by_keyword = keywords.is_empty() || keywords.iter().any(|one| one.holds(&term));
        by_pattern && by_keyword
    };
    let mut plan = plan;
    let mut keep = Vec::with_capacity(plan.jobs.len());
    // A filter that is alone asks every category, and means every test once.
    let mut owners: HashMap<Arc<str>, CategoryIx> = HashMap::new();
    for job in &mut plan.jobs {
        let mut is_first = |case: &TestCase| {
            *owners.entry(Arc::clone(&case.id)).or_insert(job.category) == job.category
        };
        let own: Vec<&TestCase> = found
            .tests
            .iter()
            .filter(|(category, case)| *category == job.category && is_of(&job.spec, case))
            .map(|(_, case)| case)
            .collect();
        let kept: Vec<&TestCase> = own
            .iter()
            .filter(|case| fits(case) && (!filters.is_alone() || is_first(case)))
            .copied()
            .collect();
        keep.push(!kept.is_empty());
        if kept.len() < own.len() && !kept.is_empty() {
            only(&mut job.spec, &kept, notes);
            job.undivided = None;
        }
    }
    let nothing = |_| CategoryWork::Empty { looked: "no test fits the filter".to_owned() };
    plan.with_jobs(|job| keep[job.position()], nothing)
}

/// Whether a test is one of a job: a category may have several.
fn is_of(spec: &JobSpec, case: &TestCase) -> bool {
    let Some(file) = &case.file else { return true };
    let Work::Tests { paths, .. } = &spec.work else { return true };
    let inside =
        file.strip_prefix(&*spec.working_directory).unwrap_or(file).trim_start_matches('/');
    let folder = &*spec.working_directory;
    let is_below = folder.is_empty() || file.starts_with(&format!("{folder}/"));
    let holds = |path: &String| {
        let path = path.split("::").next().unwrap_or(path).trim_end_matches('/');
        inside == path || inside.starts_with(&format!("{path}/")) || path.contains(['*', '?'])
    };
    is_below && (paths.is_empty() || paths.iter().any(holds))
}

/// Narrows a job to some of its tests, in the way its framework is asked.
fn only(spec: &mut JobSpec, kept: &[&TestCase], notes: &mut Vec<String>) {
    let folder = spec.working_directory.to_string();
    let inside =
        |path: &str| path.strip_prefix(&folder).unwrap_or(path).trim_start_matches('/').to_owned();
    let runner = spec.runner;
    let Work::Tests { paths, .. } = &mut spec.work else { return };
    match runner {
        RunnerKind::Pytest | RunnerKind::Unittest => {
            let files: BTreeSet<String> =
                kept.iter().filter_map(|case| Some(inside(case.file.as_deref()?))).collect();
            *paths = files.into_iter().collect();
            let only = kept.iter().map(|case| Arc::clone(&case.id)).collect();
            spec.part = Some(Arc::new(Part { number: 1, of: 1, only, ..Part::default() }));
        }
        runner if runner.takes_ids() => {
            *paths = kept.iter().map(|case| inside(&case.id)).collect();
        }
        runner => {
            let files: BTreeSet<String> =
                kept.iter().filter_map(|case| Some(inside(case.file.as_deref()?))).collect();
            if runner.takes_paths() && !files.is_empty() {
                *paths = files.into_iter().collect();
            }
            notes.push(format!(
                "{} is not asked for single tests: more than the filter names may run",
                runner.as_str()
            ));
        }
    }
}
