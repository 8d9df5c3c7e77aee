//! What the options ask for.

use apex_agents::planning::Wish;
use apex_config::model::FailFast;
use apex_core::select::{Request, Target};

use crate::args::{FailFastWord, TargetArgs};

/// What runs when nothing is asked for.
const DEFAULT_MODE: &str = "development";

/// What the options ask for; background layers may be left to another run.
pub(crate) fn wish(args: &TargetArgs, leaves_background: bool) -> Wish {
    let target = if !args.layers.is_empty() {
        Target::Layers(args.layers.clone())
    } else if !args.categories.is_empty() {
        Target::Categories(args.categories.clone())
    } else {
        Target::Mode(args.mode.clone().unwrap_or_else(|| DEFAULT_MODE.to_owned()))
    };
    let request = Request {
        with_dependencies: !args.no_dependencies,
        fail_fast: args.fail_fast.map(rule),
        leaves_background,
        jobs: args.jobs,
        ..Request::new(target)
    };
    if args.paths.is_empty() {
        Wish::Request(request)
    } else {
        Wish::Paths(args.paths.clone(), request)
    }
}

const fn rule(word: FailFastWord) -> FailFast {
    match word {
        FailFastWord::Immediate => FailFast::Immediate,
        FailFastWord::Category => FailFast::Category,
        FailFastWord::Layer => FailFast::Layer,
        FailFastWord::Disabled => FailFast::Disabled,
    }
}
