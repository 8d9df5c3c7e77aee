//! Services of a compose file as values, read after the compose specification.
//!
//! Only the services that are wanted are looked at, with those they depend on: a mistake in one
//! that nobody needs is nobody's concern. A key that Apex does not carry out is named, with its
//! place and what follows from it; none is dropped silently. This module starts nothing and opens
//! nothing: files that a compose file names are asked of the caller.

mod build;
mod health;
mod idle;
mod interpolate;
mod keys;
mod model;
mod network;
mod ports;
mod reader;
mod service;
mod units;
mod variables;
mod volumes;
mod wanted;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use model::{
    Build, ComposeFile, ComposeService, Condition, Dependency, HealthCheck, HealthTest, Limits,
    Mount, MountSource, NetworkUse, PortMapping,
};

use crate::combine::LoadFailure;
use crate::environment_variables::COMPOSE_PROFILES;
use crate::node::{Node, Scalar};
use crate::place::{Place, Source, SourceKind};
use crate::problem::{Problem, Severity, sort};
use crate::yaml;

/// Answers with the text of a file relative to the folder of the compose file; nothing when there
/// is no such file, and the reason when it cannot be read.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<Option<String>, String> + 'a;

/// A compose file and its surroundings.
pub struct ComposeSource<'a> {
    /// Its text.
    pub text: &'a str,
    /// Its path as it is shown to people.
    pub label: &'a str,
    /// The process environment; beats the `.env` file beside the compose file.
    pub variables: &'a BTreeMap<String, String>,
    /// Reads `.env`, the files of `env_file`, and nothing else.
    pub read: &'a ReadFile<'a>,
}

/// Reads the services of these names and everything that they depend on.
///
/// Variables are filled in as the specification says: one that is not set counts as empty, with a
/// warning. Naming a service activates its profiles; `COMPOSE_PROFILES` activates others.
///
/// # Errors
/// [`LoadFailure`] with every problem when one of them is an error: broken YAML, a service that is
/// not there, a value of the wrong form, a circle of dependencies.
///
/// ```
/// use std::collections::BTreeMap;
/// use apex_config::compose::{ComposeSource, read};
///
/// let text = "services: {db: {image: 'postgres:${TAG:-16}', ports: ['5432']}}";
/// let file = read(
///     &ComposeSource {
///         text,
///         label: "compose.yaml",
///         variables: &BTreeMap::new(),
///         read: &|_| Ok(None),
///     },
///     &["db"],
/// )?;
/// assert_eq!(file.services["db"].image.as_deref(), Some("postgres:16"));
/// # Ok::<(), apex_config::LoadFailure>(())
/// ```
pub fn read(source: &ComposeSource<'_>, wanted: &[&str]) -> Result<ComposeFile, LoadFailure> {
    let mut problems = Vec::new();
    let file = read_all(source, wanted, &mut problems);
    sort(&mut problems);
    match file {
        Some(mut file) if problems.iter().all(|one| one.severity != Severity::Error) => {
            file.notes = problems;
            Ok(file)
        }
        _ => Err(LoadFailure { problems }),
    }
}

fn read_all(
    source: &ComposeSource<'_>,
    wanted: &[&str],
    problems: &mut Vec<Problem>,
) -> Option<ComposeFile> {
    let place = Arc::new(Source { kind: SourceKind::File, label: source.label.to_owned() });
    if source.text.len() > yaml::LARGEST_FILE {
        // The same words as for a layer file.
        problems.extend(yaml::decode(source.text.as_bytes(), &place).err().map(|one| *one));
        return None;
    }
    // A text without any value is a tree without services.
    let nothing = || Node::new(Scalar::plain(""), &Place::new(&place, 1, 1));
    let read = yaml::parse(source.text, &place, problems);
    let mut tree = read.or_else(|| problems.is_empty().then(nothing))?;
    let variables = variables::known(source, problems);
    let profiles = variables.get(COMPOSE_PROFILES).unwrap_or_default().to_owned();
    let chosen = wanted::choose(&tree, wanted, &profiles, problems)?;
    keys::check_file(&tree, problems);
    interpolate::fill(&mut tree, &chosen, &variables, problems);
    let mut reader = reader::Reader::new(source, &variables, problems);
    let services = chosen.iter().filter_map(|name| {
        let mut service = service::service(&mut reader, &tree, name)?;
        // What is not required and not there was told when the services were chosen.
        service.depends_on.retain(|one| chosen.contains(&one.service));
        Some((name.clone(), service))
    });
    Some(ComposeFile { services: services.collect(), notes: Vec::new() })
}
