//! What the options ask for.

use std::path::Path;

use apex_agents::planning::Wish;
use apex_config::model::FailFast;
use apex_core::select::{Request, Target};

use crate::args::{FailFastWord, TargetArgs};

/// What runs when nothing is asked for.
pub(super) const DEFAULT_MODE: &str = "development";

/// What the options ask for in a project; background layers may be left to another run.
pub(crate) fn wish(root: &Path, args: &TargetArgs, leaves_background: bool) -> Wish {
    let part = &args.part;
    let target = if !part.layers.is_empty() {
        Target::Layers(part.layers.clone())
    } else if !part.categories.is_empty() {
        Target::Categories(part.categories.clone())
    } else {
        Target::Mode(part.mode.clone().unwrap_or_else(|| DEFAULT_MODE.to_owned()))
    };
    let request = Request {
        with_dependencies: !part.no_dependencies,
        fail_fast: part.fail_fast.map(rule),
        leaves_background,
        jobs: part.jobs,
        ..Request::new(target)
    };
    if args.paths.is_empty() {
        Wish::Request(request)
    } else {
        Wish::Paths(args.paths.iter().map(|path| in_project(root, path)).collect(), request)
    }
}

/// A path as it was typed, relative to the project: from the current folder when something is
/// there, else as it is.
pub(crate) fn in_project(root: &Path, typed: &str) -> String {
    let (file, id) = match typed.split_once("::") {
        Some((file, id)) => (file, Some(id)),
        None => (typed, None),
    };
    let found = std::env::current_dir()
        .and_then(|here| here.join(file).canonicalize())
        .and_then(|path| Ok((path, root.canonicalize()?)))
        .ok()
        .and_then(|(path, root)| Some(path.strip_prefix(root).ok()?.to_str()?.to_owned()));
    match (found, id) {
        (Some(file), Some(id)) => format!("{file}::{id}"),
        (Some(file), None) if !file.is_empty() => file,
        _ => typed.to_owned(),
    }
}

const fn rule(word: FailFastWord) -> FailFast {
    match word {
        FailFastWord::Immediate => FailFast::Immediate,
        FailFastWord::Category => FailFast::Category,
        FailFastWord::Layer => FailFast::Layer,
        FailFastWord::Disabled => FailFast::Disabled,
        FailFastWord::CategoryFailure => FailFast::Phase,
        FailFastWord::CriticalFailure => FailFast::Critical,
        FailFastWord::ThresholdBased => FailFast::Threshold,
        FailFastWord::SmartAdaptive => FailFast::Adaptive,
    }
}
