//! Which values are secret: those of variables with certain names, passwords in addresses, and
//! the lines of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use apex_config::Config;
use apex_config::model::SecretRules;

use super::SHORTEST;
use super::mask::Mask;
use crate::services;

/// Bytes of a file of secrets that are read.
const FILE_LIMIT: u64 = 1024 * 1024;

/// Values that are masked at most.
const MOST: usize = 2000;

/// Names that are named in a warning.
const NAMED: usize = 5;

/// Values that stand in every second line of a test run. That one of them is the password of a
/// service for tests is no secret.
const COMMON: [&str; 22] = [
    "postgres",
    "password",
    "passwd",
    "mysql",
    "rabbitmq",
    "minioadmin",
    "localhost",
    "127.0.0.1",
    "secret",
    "changeme",
    "default",
    "testing",
    "development",
    "staging",
    "production",
    "disabled",
    "enabled",
    "example",
    "required",
    "optional",
    "000000",
    "123456",
];

/// The secrets of a run.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    pub(super) mask: Arc<Mask>,
    warnings: Vec<String>,
}

/// Where secrets are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What is configured.
    pub config: &'a Config,
    /// Project root, absolute.
    pub root: &'a Path,
    /// The environment that every program gets.
    pub variables: &'a BTreeMap<String, String>,
}

impl Secrets {
    /// Looks for them. What cannot be read, and what is too short to be masked, is a warning.
    #[must_use]
    pub fn find(sources: Sources<'_>) -> Self {
        let Sources { config, root, variables } = sources;
        let rules = &config.secrets;
        let mut search = Search { rules, values: BTreeSet::new(), short: BTreeSet::new() };
        let mut warnings = Vec::new();
        for (name, value) in variables {
            search.take(name, value, true);
        }
        for (name, value) in written(config) {
            search.take(name, value, false);
        }
        for file in &rules.files {
            match read(&root.join(file)) {
                Ok(text) => text.lines().for_each(|line| search.take_line(file, line)),
                Err(error) => warnings.push(format!(
                    "the secrets in {file} cannot be read: {error}; correct `secrets.files`"
                )),
            }
        }
        for service in config.services.values() {
            // One that cannot be read keeps its service from starting, which says why.
            let secrets = services::secrets_of(service, root, variables).unwrap_or_default();
            secrets.iter().for_each(|(name, value)| search.add(name, value, true));
        }
        warnings.extend(search.trouble());
        let values = search.values.iter().take(MOST).map(String::as_str);
        let mask = Mask::of(values).unwrap_or_else(|problem| {
            warnings.push(problem);
            Mask::default()
        });
        Self { mask: Arc::new(mask), warnings }
    }

    /// What finds them in text.
    #[must_use]
    pub const fn mask(&self) -> &Arc<Mask> {
        &self.mask
    }

    /// What people have to know about what is not masked.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

struct Search<'a> {
    rules: &'a SecretRules,
    values: BTreeSet<String>,
    /// Names of what is too short or too common.
    short: BTreeSet<String>,
}

impl Search<'_> {
    /// A variable. Only of what comes from outside it is told that it is too short: what a layer
    /// file says in plain text is known to everybody who can read the repository.
    fn take(&mut self, name: &str, value: &str, is_told: bool) {
        if self.rules.hide(name) {
            self.add(name, value, is_told);
        } else if let Some(password) = password_in(value) {
            self.add(name, password, false);
        }
    }

    fn take_line(&mut self, file: &str, line: &str) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let is_name = |name: &str| {
            name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_') && !name.is_empty()
        };
        let value = match line.split_once('=') {
            Some((name, value)) if is_name(name.trim_start_matches("export ").trim()) => value,
            _ => line,
        };
        self.add(file, value.trim().trim_matches(['"', '\'']), true);
    }

    fn add(&mut self, name: &str, value: &str, is_told: bool) {
        let value = value.trim();
        if value.chars().count() >= SHORTEST && !COMMON.contains(&value) {
            self.values.insert(value.to_owned());
        } else if is_told && !value.is_empty() {
            self.short.insert(name.to_owned());
        }
    }

    fn trouble(&self) -> Vec<String> {
        let mut trouble = Vec::new();
        if !self.short.is_empty() {
            let named: Vec<&str> = self.short.iter().map(String::as_str).take(NAMED).collect();
            let more = self.short.len() - named.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            trouble.push(format!(
                "not masked in output, because the value is shorter than {SHORTEST} characters or \
                 a common word: {}{more}; list what is no secret under `secrets.except`",
                named.join(", ")
            ));
        }
        if self.values.len() > MOST {
            trouble.push(format!(
                "{} secrets are known and {MOST} of them are masked; name fewer files under \
                 `secrets.files`",
                self.values.len()
            ));
        }
        trouble
    }
}

/// Variables that the configuration gives to programs.
fn written(config: &Config) -> impl Iterator<Item = (&str, &str)> {
    let of_categories = config.categories.values().map(|category| &category.recipe.env);
    let layered = config.layers.values().flat_map(|layer| &layer.categories);
    let of_layers = layered.map(|category| &category.recipe.env);
    let of_services = config.services.values().flat_map(|service| [&service.env, &service.exports]);
    let maps = of_categories.chain(of_layers).chain(of_services);
    maps.flatten().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The password of `scheme://user:password@host`.
fn password_in(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let (user, _) = rest.split(['/', '?']).next()?.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    Some(password).filter(|password| !password.is_empty() && !password.contains('{'))
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
