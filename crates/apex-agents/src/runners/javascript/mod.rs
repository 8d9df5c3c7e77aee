//! The frameworks of JavaScript and TypeScript: jest, vitest, mocha, Playwright Test and Cypress.
//!
//! Each is run as its project has it installed, by Node and without npx, with a reporter of ours
//! that is handed over and tells each test as it happens. What they have in common, from the files
//! of a job to what came of a crash, is one session; what differs is a table of options
//! ([`frameworks`]) and a reporter.

mod books;
mod death;
mod frameworks;
mod line;
mod listing;
mod names;
mod package;
mod session;
mod work;

use apex_core::event::ProcessEnd;
use apex_core::plan::JobSpec;
use apex_core::report::JobReport;

use self::frameworks::{Framework, framework};
use self::session::JavascriptSession;
use self::work::Work;
use super::context::{Purpose, SessionContext, TestSelection};
use super::session::{Session, Step};

pub(crate) use names::escaped;
pub use package::NodePackage;
pub(crate) use package::{package, usable};
pub(crate) use work::{files_of_shard, selected_files};

/// One attempt, or a look at the names.
pub(crate) fn session(context: &SessionContext<'_>, purpose: Purpose) -> Box<dyn Session> {
    let Some(framework) = framework(context.spec.runner) else {
        let name = context.spec.runner.as_str();
        return Box::new(Missing(format!("{name} is no framework of JavaScript")));
    };
    let folder = context.project_root.join(&*context.spec.working_directory);
    let found = context.tools.packages.get(&context.spec.runner);
    let package = match usable(context.project_root, &folder, context.spec.runner, found) {
        Ok(package) => package,
        Err(reason) => return Box::new(Missing(reason)),
    };
    let work = Work::of(context, framework, package);
    match purpose {
        Purpose::Run => Box::new(JavascriptSession::new(framework, work, context.only)),
        Purpose::List => {
            let home = folder.display().to_string();
            listing::session(framework, work, home.trim_end_matches('/').to_owned())
        }
    }
}

/// The arguments that select, for people.
pub(crate) fn selected(selection: &TestSelection<'_>, spec: &JobSpec) -> Vec<String> {
    let files = selected_files(selection, spec.shard);
    let subcommand = framework(spec.runner).and_then(Framework::subcommand);
    let words = subcommand.into_iter().map(str::to_owned);
    words.chain(selection.arguments.iter().cloned()).chain(files).collect()
}

/// A framework that is not there: nothing runs.
struct Missing(String);

impl Session for Missing {
    fn next(&mut self, _ended: Option<&ProcessEnd>, _reports: &mut Vec<JobReport>) -> Step {
        Step::Unable { reason: self.0.clone() }
    }
}
