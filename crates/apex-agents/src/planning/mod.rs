//! From a request to a plan: selects in the configuration, looks at the project for the work,
//! and joins both. What is selected and how it is arranged is decided in `apex-core`.

mod owner;
mod survey;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use apex_config::Config;
use apex_config::model::{Category, CategoryName};
use apex_core::Plan;
use apex_core::history::History;
use apex_core::plan::{self, FoundJob, FoundWork, JobSpec, MayCut, Past, PlanError, WorkError};
use apex_core::select::{self, Request, Selection, Target, UnknownName};

use crate::detect::{self, Conventions, Host, Inventory, Sources};
use crate::machine::{self, Machine};

pub use owner::PathError;
pub use survey::survey;

/// Why no plan could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanningError {
    /// A word of the request names nothing.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// A path of the request leads to no test.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The selected parts contradict each other.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// What is asked for: a part of the configuration, or paths whose owners are to be found.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// A part of the configuration.
    Request(Request),
    /// The tests under these paths (files, folders, test ids), relative to the project root;
    /// everything else as in the request.
    Paths(Vec<String>, Request),
    /// The tests under these paths and all of these categories together, without what they depend
    /// on.
    Parts(Vec<String>, Vec<String>, Request),
}

/// The categories that a wish may lead to, so that only their history is looked up; `None` when
/// any may be among them, or when the wish names nothing.
#[must_use]
pub fn categories(config: &Config, wish: &Wish) -> Option<Vec<CategoryName>> {
    let Wish::Request(request) = wish else { return None };
    let selection = select::select(config, request).ok()?;
    Some(selection.categories(config).into_iter().cloned().collect())
}

/// Makes the plan for a wish, with what earlier runs taught; an empty history is no hindrance.
///
/// # Errors
/// [`PlanningError`] when a word or path of the wish names nothing, or there is a cycle.
pub fn plan(
    config: &Config,
    root: &Path,
    variables: &BTreeMap<String, String>,
    history: &History,
    wish: &Wish,
) -> Result<Plan, PlanningError> {
    let machine = Machine { variables, folder: root };
    let looked = Looking { config, root, machine };
    let (selection, work) = match wish {
        Wish::Request(request) => {
            let selection = select::select(config, &on_this_machine(request))?;
            let work = looked.work_of(&selection);
            (selection, work)
        }
        Wish::Paths(paths, request) => looked.owners(paths, &[], request)?,
        Wish::Parts(paths, categories, request) => looked.owners(paths, categories, request)?,
    };
    let (Wish::Request(request) | Wish::Paths(_, request) | Wish::Parts(_, _, request)) = wish;
    let past = Past { history, unix_millis: present(request.by_the_day) };
    Ok(plan::build(config, &selection, work, past)?)
}

/// The present, milliseconds since 1970-01-01 UTC, or the end of its day.
fn present(by_the_day: bool) -> u64 {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    if by_the_day { (now / DAY).saturating_add(1).saturating_mul(DAY) } else { now }
}

/// The request with the processors that are there, so that jobs begin with one for each.
fn on_this_machine(request: &Request) -> Request {
    let cores = request.cores.or_else(machine::cores);
    Request { cores, ..request.clone() }
}

/// A look at a project.
struct Looking<'a> {
    config: &'a Config,
    root: &'a Path,
    machine: Machine<'a>,
}

impl Looking<'_> {
    /// The work of every selected category. The project is walked only when some category does
    /// not say its work itself.
    fn work_of(&self, selection: &Selection) -> FoundWork {
        let names = selection.categories(self.config);
        let categories: Vec<&Category> =
            names.iter().filter_map(|name| self.config.category(name.as_str())).collect();
        let nothing = Inventory::default();
        let mut work = FoundWork::with_capacity(categories.len());
        for category in &categories {
            let Some(jobs) = detect::jobs_of_command(*category) else {
                return self.find(&Inventory::scan(self.root), &categories);
            };
            let jobs = with_files(&Sources::new(&nothing), category, jobs);
            work.insert(category.name.clone(), Ok(jobs));
        }
        work
    }

    fn find(&self, inventory: &Inventory, categories: &[&Category]) -> FoundWork {
        let sources = Sources::new(inventory);
        let imports_pytest = |python: &Path| self.machine.imports_pytest(python);
        self.with_conventions(inventory, &imports_pytest, |conventions| {
            let found = categories.iter().map(|category| {
                let found = conventions.find(*category);
                (category.name.clone(), found.map(|specs| with_files(&sources, category, specs)))
            });
            found.collect()
        })
    }

    fn with_conventions<T>(
        &self,
        inventory: &Inventory,
        imports_pytest: &dyn Fn(&Path) -> bool,
        use_them: impl FnOnce(&Conventions<'_>) -> T,
    ) -> T {
        let lookup = |name: &str| self.machine.lookup(name);
        let virtual_env = self.machine.virtual_env();
        let host = Host { lookup: &lookup, virtual_env, imports_pytest };
        let known: Vec<&str> = self.config.categories.keys().map(CategoryName::as_str).collect();
        use_them(&Conventions::new(inventory, &known, host))
    }

    /// The categories that own some paths, and their work narrowed to these; and some whole ones.
    fn owners(
        &self,
        paths: &[String],
        whole: &[String],
        request: &Request,
    ) -> Result<(Selection, FoundWork), PlanningError> {
        let inventory = Inventory::scan(self.root);
        let mut categories: Vec<&Category> =
            self.config.categories.values().map(Arc::as_ref).collect();
        // A category that a layer lists owns a test before one that only the table knows.
        categories.sort_by_key(|category| category.layer.is_none());
        let imports_pytest = |python: &Path| self.machine.imports_pytest(python);
        let work: Vec<(&Category, Result<Vec<JobSpec>, WorkError>)> =
            self.with_conventions(&inventory, &imports_pytest, |conventions| {
                categories.iter().map(|&one| (one, conventions.find(one))).collect()
            });
        let mut owned: HashMap<CategoryName, Vec<JobSpec>> = HashMap::new();
        let mut selectors: BTreeMap<CategoryName, Vec<String>> = BTreeMap::new();
        for path in paths {
            for (name, specs) in owner::of_path(self.root, path, &work)? {
                owned.entry(name.clone()).or_default().extend(specs);
                selectors.entry(name).or_default().push(path.clone());
            }
        }
        for (category, specs) in
            work.iter().filter(|(one, _)| whole.iter().any(|name| *name == one.name.as_str()))
        {
            owned.insert(category.name.clone(), specs.clone().unwrap_or_default());
            selectors.insert(category.name.clone(), vec![category.name.to_string()]);
        }
        let request = Request { target: Target::Paths(selectors), ..on_this_machine(request) };
        let selection = select::select(self.config, &request)?;
        let sources = Sources::new(&inventory);
        let found = |name: CategoryName, specs: Vec<JobSpec>| {
            let found = match self.config.category(name.as_str()) {
                Some(category) => without_trust(with_files(&sources, category, specs)),
                None => specs.into_iter().map(FoundJob::from).collect(),
            };
            (name, Ok(found))
        };
        let work = owned.into_iter().map(|(name, specs)| found(name, specs)).collect();
        Ok((selection, work))
    }
}

/// A part of a category that somebody asked for says nothing about running all of it in parts.
fn without_trust(mut found: Vec<FoundJob>) -> Vec<FoundJob> {
    for job in found.iter_mut().filter(|job| job.may_cut == MayCut::OnTrust) {
        job.may_cut = MayCut::No;
    }
    found
}

/// The work of a category with what is known of its files.
fn with_files(sources: &Sources<'_>, category: &Category, specs: Vec<JobSpec>) -> Vec<FoundJob> {
    specs.into_iter().map(|spec| sources.with_files(category, spec)).collect()
}
