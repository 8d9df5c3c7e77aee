//! The secrets of a service: read where they are, handed to it, never shown.

use std::collections::BTreeMap;
use std::path::Path;

use apex_config::model::{SecretSource, Service};

/// Bytes of a file with a secret: keys and certificates are far shorter.
const FILE_LIMIT: u64 = 64 * 1024;

/// The values of the secrets of a service by variable.
///
/// # Errors
/// A text for people: which secret is not where it should be.
pub(crate) fn read(
    service: &Service,
    root: &Path,
    variables: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    for (name, source) in &service.secrets {
        let value = match source {
            SecretSource::Variable(variable) => {
                variables.get(variable).filter(|value| !value.is_empty()).cloned().ok_or_else(
                    || {
                        format!(
                            "secret `{name}` is in the variable {variable}, which is not set; \
                             set it, or name a file"
                        )
                    },
                )?
            }
            SecretSource::File(file) => from_file(name, &root.join(file))?,
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn from_file(name: &str, path: &Path) -> Result<String, String> {
    let unread = |why: String| {
        format!("secret `{name}` cannot be read from {}: {why}; make that file", path.display())
    };
    let about = std::fs::metadata(path).map_err(|error| unread(error.to_string()))?;
    if about.len() > FILE_LIMIT {
        return Err(unread(format!("it has more than {FILE_LIMIT} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unread(error.to_string()))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
