//! Which values are never shown or kept as they are.

/// How secrets are recognised. Names are patterns in which `*` stands for any text; upper and
/// lower case are the same.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SecretRules {
    /// Names of variables whose values are secret.
    pub names: Vec<String>,
    /// Variables that are none, whatever the names say.
    pub except: Vec<String>,
    /// Files whose lines are secret, below the project root or absolute.
    pub files: Vec<String>,
}

impl SecretRules {
    /// Whether the value of the variable of that name is secret.
    #[must_use]
    pub fn hide(&self, name: &str) -> bool {
        let name = name.to_uppercase();
        let is_among = |patterns: &[String]| {
            patterns.iter().any(|pattern| super::quarantine::fits(&pattern.to_uppercase(), &name))
        };
        is_among(&self.names) && !is_among(&self.except)
    }
}
