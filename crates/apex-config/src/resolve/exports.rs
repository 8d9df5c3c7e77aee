//! The variables that usual services have always been known by.

use std::fmt::Write as _;

use crate::model::{Service, ServiceSource};
use crate::variables::Variables;

/// Adds what is not written: templates for the names by which tests look for usual services. A
/// variable that the environment of Apex sets stays as it is set.
pub(super) fn add_usual(service: &mut Service, variables: &Variables) {
    if service.source == ServiceSource::Undefined || service.oneshot {
        return;
    }
    for (name, template) in usual(service) {
        if variables.get(name).is_none() {
            service.exports.entry(name.to_owned()).or_insert(template);
        }
    }
}

fn usual(service: &Service) -> Vec<(&'static str, String)> {
    let text = str::to_owned;
    match service.name.as_str() {
        "postgresql" => vec![
            ("DATABASE_URL", database_url(service)),
            ("POSTGRES_HOST", text("{host}")),
            ("POSTGRES_PORT", text("{port}")),
            ("TEST_POSTGRES_PORT", text("{port}")),
        ],
        "redis" => vec![
            ("REDIS_URL", text("redis://{host}:{port}/0")),
            ("REDIS_HOST", text("{host}")),
            ("REDIS_PORT", text("{port}")),
            ("TEST_REDIS_PORT", text("{port}")),
        ],
        "backend_service" => vec![("BACKEND_URL", text("{url}"))],
        "auth_service" => vec![("AUTH_SERVICE_URL", text("{url}"))],
        "frontend_service" => vec![("FRONTEND_URL", text("{url}"))],
        _ => Vec::new(),
    }
}

/// The address of a database with user, password and name as its image takes them from its
/// environment. One that runs elsewhere is where its own URL says.
fn database_url(service: &Service) -> String {
    if let ServiceSource::External { url } = &service.source
        && url.starts_with("postgres")
    {
        return url.clone();
    }
    let variable = |name: &str| service.env.get(name).filter(|value| !value.is_empty());
    let user = variable("POSTGRES_USER").map_or("postgres", String::as_str);
    let database = variable("POSTGRES_DB").map_or(user, String::as_str);
    let password = variable("POSTGRES_PASSWORD")
        .map_or_else(String::new, |password| format!(":{}", escaped(password)));
    format!("postgresql://{}{password}@{{host}}:{{port}}/{}", escaped(user), escaped(database))
}

/// A text as a part of a URL (RFC 3986, section 2.1).
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
