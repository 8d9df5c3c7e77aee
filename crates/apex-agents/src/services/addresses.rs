//! Where a service answers, and the words and variables that say so.

use std::collections::BTreeMap;

use apex_config::environment_variables::SERVICE_PREFIX;
use apex_config::model::{Preset, ReadinessCheck, Service};

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or number of the host.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Where a service answers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Addresses {
    labelled: BTreeMap<String, Endpoint>,
    main: Option<Endpoint>,
    url: Option<String>,
}

impl Addresses {
    /// Addresses of a program on this machine. The main port is the one labelled `main` or
    /// `default`, else the first by label.
    #[must_use]
    pub fn of_program(service: &Service, ports: &BTreeMap<String, u16>) -> Self {
        Self::at(service, "127.0.0.1", ports)
    }

    fn at(service: &Service, host: &str, ports: &BTreeMap<String, u16>) -> Self {
        let labelled: BTreeMap<String, Endpoint> = ports
            .iter()
            .map(|(label, port)| (label.clone(), Endpoint { host: host.to_owned(), port: *port }))
            .collect();
        let main = ["main", "default"]
            .iter()
            .find_map(|label| labelled.get(*label))
            .or_else(|| labelled.values().next())
            .cloned();
        let scheme = scheme(service);
        let url = main.as_ref().map(|main| format!("{scheme}://{main}"));
        Self { labelled, main, url }
    }

    /// Addresses of a container, seen from outside: inner ports are those at which it listens,
    /// `published` says where they are on the host.
    #[must_use]
    pub fn of_container(service: &Service, host: &str, published: &BTreeMap<u16, u16>) -> Self {
        let outer = service
            .ports
            .iter()
            .filter_map(|(label, inner)| Some((label.clone(), *published.get(inner)?)));
        Self::at(service, host, &outer.collect())
    }

    /// Addresses of a container, seen by others in its network: its name and its inner ports.
    #[must_use]
    pub fn inside(service: &Service) -> Self {
        Self::at(service, &service.name.as_str().replace('_', "-"), &service.ports)
    }

    /// Addresses of a service that runs elsewhere; labels with a port are on the host of `url`.
    /// Without a host in `url` there is no main address.
    #[must_use]
    pub fn of_url(url: &str, ports: &BTreeMap<String, u16>) -> Self {
        let main = endpoint_of(url);
        let labelled = main.iter().flat_map(|main| {
            ports.iter().filter(|(_, port)| **port != 0).map(|(label, port)| {
                (label.clone(), Endpoint { host: main.host.clone(), port: *port })
            })
        });
        Self { labelled: labelled.collect(), main: main.clone(), url: Some(url.to_owned()) }
    }

    /// The main address.
    #[must_use]
    pub const fn main(&self) -> Option<&Endpoint> {
        self.main.as_ref()
    }

    /// The address of a label; a label without one of its own means the main address.
    #[must_use]
    pub fn of_label(&self, label: &str) -> Option<&Endpoint> {
        self.labelled.get(label).or(self.main.as_ref())
    }

    /// Label → `host:port`, for reports.
    #[must_use]
    pub fn listed(&self) -> Vec<(String, String)> {
        let listed: Vec<_> =
            self.labelled.iter().map(|(label, at)| (label.clone(), at.to_string())).collect();
        match &self.main {
            Some(main) if listed.is_empty() => vec![("main".to_owned(), main.to_string())],
            _ => listed,
        }
    }

    /// Replaces `{port.LABEL}`, `{port}`, `{host}` and `{url}`. What has no value stays.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let mut filled = text.to_owned();
        for (label, at) in &self.labelled {
            filled = filled.replace(&format!("{{port.{label}}}"), &at.port.to_string());
        }
        if let Some(main) = &self.main {
            filled = filled.replace("{port}", &main.port.to_string()).replace("{host}", &main.host);
        }
        if let Some(url) = &self.url {
            filled = filled.replace("{url}", url);
        }
        filled
    }

    /// The variables that tests get: `APEX_SERVICE_<NAME>_{HOST,PORT,URL}` and the service's own.
    #[must_use]
    pub fn exports(&self, service: &Service) -> BTreeMap<String, String> {
        let name: String = service
            .name
            .as_str()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        let mut variables = BTreeMap::new();
        if let Some(main) = &self.main {
            variables.insert(format!("{SERVICE_PREFIX}{name}_HOST"), main.host.clone());
            variables.insert(format!("{SERVICE_PREFIX}{name}_PORT"), main.port.to_string());
        }
        if let Some(url) = &self.url {
            variables.insert(format!("{SERVICE_PREFIX}{name}_URL"), url.clone());
        }
        for (variable, template) in &service.exports {
            variables.insert(variable.clone(), self.fill(template));
        }
        variables
    }
}

/// The scheme of the URL of a service, by the language in which it is asked.
fn scheme(service: &Service) -> &'static str {
    let spoken = service.readiness.checks.iter().find_map(|check| match check {
        ReadinessCheck::Http { tls: Some(_), .. } => Some("https"),
        ReadinessCheck::Http { .. } => Some("http"),
        ReadinessCheck::Preset { preset, .. } => Some(match preset {
            Preset::Postgres => "postgresql",
            Preset::Redis => "redis",
            Preset::Mysql => "mysql",
            Preset::Rabbitmq => "amqp",
        }),
        _ => None,
    });
    spoken.unwrap_or("tcp")
}

/// Host and port of a URL (RFC 3986); well-known schemes have a port of their own.
fn endpoint_of(url: &str) -> Option<Endpoint> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
    let (host, port) = match host_and_port.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => host_and_port
            .rsplit_once(':')
            .map_or((host_and_port, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        Some(digits) => digits.parse().ok()?,
        None => usual_port(scheme)?,
    };
    (!host.is_empty()).then(|| Endpoint { host: host.to_owned(), port })
}

fn usual_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "postgres" | "postgresql" => 5432,
        "mysql" | "mariadb" => 3306,
        "redis" => 6379,
        "amqp" => 5672,
        "mongodb" => 27017,
        "nats" => 4222,
        _ => return None,
    })
}
