//! Which services of a compose file are looked at: those that are wanted, and what they need.

use crate::node::{Map, Node, Value};
use crate::problem::{Problem, suggestion};

/// The wanted services and everything that they depend on, each once, what is needed first.
///
/// A service whose profiles are not active is there only when it is wanted by name; the profiles
/// of such a service are active.
pub(super) fn choose(
    tree: &Node,
    wanted: &[&str],
    profiles: &str,
    problems: &mut Vec<Problem>,
) -> Option<Vec<String>> {
    let Some(services) = tree.get("services").and_then(Node::as_map) else {
        problems.push(
            Problem::error(tree.place(), "the file has no `services`")
                .hint("name a compose file; services are a map below `services:`"),
        );
        return None;
    };
    let mut active: Vec<&str> = profiles.split(',').map(str::trim).collect();
    for name in wanted {
        active.extend(services.get(name).into_iter().flat_map(profiles_of));
    }
    let mut walk = Walk { services, active, problems, path: Vec::new(), done: Vec::new() };
    for name in wanted {
        let Some(_) = services.get(name) else {
            let message = format!("the file has no service `{name}`");
            let mut problem = Problem::error(tree.place(), message).at("services").about(*name);
            problem.hint = suggestion(name, services.iter().map(|(name, ..)| name));
            walk.problems.push(problem);
            continue;
        };
        walk.visit(name);
    }
    Some(walk.done)
}

fn profiles_of(service: &Node) -> Vec<&str> {
    let list = service.get("profiles").and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(Node::as_text).collect()
}

struct Walk<'t, 'p> {
    services: &'t Map,
    active: Vec<&'t str>,
    problems: &'p mut Vec<Problem>,
    /// From a wanted service to the one that is looked at.
    path: Vec<&'t str>,
    done: Vec<String>,
}

impl<'t> Walk<'t, '_> {
    /// Depth first: the nesting of dependencies is bounded by the number of services, and that by
    /// the size of the file; services on the path are never entered twice.
    fn visit(&mut self, name: &str) {
        let Some((name, _, service)) = self.services.iter().find(|(known, ..)| *known == name)
        else {
            return;
        };
        if self.done.iter().any(|known| known == name) {
            return;
        }
        self.path.push(name);
        for need in needs(service) {
            if let Some(from) = self.path.iter().position(|known| *known == need.name) {
                let circle = [&self.path[from..], &[need.name]].concat().join(" -> ");
                let message = format!("services depend on each other in a circle: {circle}");
                self.problems.push(Problem::error(need.written.place(), message).about(need.name));
            } else if self.is_there(&need) {
                self.visit(need.name);
            }
        }
        self.path.pop();
        self.done.push(name.to_owned());
    }

    /// Whether a dependency can be followed; says why not.
    fn is_there(&mut self, need: &Need<'t>) -> bool {
        let known = self.services.get(need.name);
        let is_active = known.is_some_and(|service| {
            let profiles = profiles_of(service);
            profiles.is_empty() || profiles.iter().any(|one| self.active.contains(one))
        });
        if is_active || (need.is_optional && known.is_none()) {
            return is_active;
        }
        let message = match known {
            None => format!("depends on `{}`, which the file does not have", need.name),
            Some(_) => format!("depends on `{}`, whose profiles are not active", need.name),
        };
        let place = need.written.place();
        let problem = if need.is_optional {
            Problem::note(place, message + "; it is left out, as it is not required")
        } else {
            let known = self.services.iter().map(|(name, ..)| name);
            let hint = match self.services.get(need.name) {
                None => suggestion(need.name, known),
                Some(_) => Some("name one of them in `COMPOSE_PROFILES`".to_owned()),
            };
            Problem { hint, ..Problem::error(place, message) }
        };
        self.problems.push(problem.at("depends_on").about(need.name));
        false
    }
}

/// A name below `depends_on`.
pub(super) struct Need<'t> {
    pub(super) name: &'t str,
    pub(super) is_optional: bool,
    /// Its own part of the file.
    pub(super) written: &'t Node,
}

/// What a service depends on; a wrong form is reported where services are read.
pub(super) fn needs(service: &Node) -> Vec<Need<'_>> {
    match service.get("depends_on").map(Node::value) {
        Some(Value::List(list)) => list
            .iter()
            .filter_map(|node| {
                Some(Need { name: node.as_text()?, is_optional: false, written: node })
            })
            .collect(),
        Some(Value::Map(map)) => map
            .iter()
            .map(|(name, _, written)| {
                let is_required = written.get("required").and_then(Node::as_boolean);
                Need { name, is_optional: is_required == Some(false), written }
            })
            .collect(),
        _ => Vec::new(),
    }
}
