//! For whom one service of a run is, and whom it reaches: each layer or category that has services
//! of its own is a circle of its own, with its own networks, volumes and logs.

/// A circle of services; none within means the one of the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Circle(Option<String>);

impl Circle {
    /// The circle of a layer or category, by what people call it.
    #[must_use]
    pub fn own(of: &str) -> Self {
        Self(Some(of.to_owned()))
    }

    /// A name within this circle, as it may stand in names of files, networks and volumes.
    #[must_use]
    pub fn name(&self, within: &str) -> String {
        let text = match &self.0 {
            Some(own) if within.is_empty() => own.clone(),
            Some(own) => format!("{own}-{within}"),
            None => within.to_owned(),
        };
        text.chars().map(|c| if is_plain(c) { c } else { '-' }).collect()
    }
}

const fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// Where a service stands among the circles of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circles {
    /// The one in which it is found by its name.
    pub own: Circle,
    /// Those of the services that it needs, where these are others.
    pub needed: Vec<Circle>,
}
