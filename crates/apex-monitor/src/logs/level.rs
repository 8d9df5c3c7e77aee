//! How much each part of Apex says.

use super::Component;

/// How important something is; what is more important is smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Something did not work.
    Error,
    /// People should know it.
    Warning,
    /// What happens, in large.
    Info,
    /// Every job and every test.
    Debug,
    /// Every attempt of every test.
    Trace,
}

impl Level {
    /// The word for it in lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }

    /// What a word means; the answer is nothing for `off`.
    fn read(word: &str) -> Result<Option<Self>, LevelError> {
        match word.to_ascii_lowercase().as_str() {
            "off" => Ok(None),
            "error" => Ok(Some(Self::Error)),
            "warn" | "warning" => Ok(Some(Self::Warning)),
            "info" => Ok(Some(Self::Info)),
            "debug" => Ok(Some(Self::Debug)),
            "trace" => Ok(Some(Self::Trace)),
            _ => Err(LevelError::Level(word.to_owned())),
        }
    }
}

/// A word that is no level or names no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// No level.
    #[error("`{0}` is no level; known: off, error, warn, info, debug, trace")]
    Level(String),
    /// No part.
    #[error(
        "`{0}` is no part of Apex; known: MasterController, TestOrchestrator, LayerExecution, \
         BackgroundE2E, ProgressStreaming, ResourceManagement"
    )]
    Component(String),
}

/// How much each part says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels([Option<Level>; Component::ALL.len()]);

impl Levels {
    /// The same for all parts; nothing at all without a level.
    #[must_use]
    pub const fn all(level: Option<Level>) -> Self {
        Self([level; Component::ALL.len()])
    }

    /// The same with another level for one part.
    #[must_use]
    pub const fn with(mut self, component: Component, level: Option<Level>) -> Self {
        self.0[component as usize] = level;
        self
    }

    /// Reads words such as `info`, `debug,ResourceManagement=off`: a level for all parts, and levels
    /// of single ones. Parts that are not named stay as they are.
    ///
    /// # Errors
    /// [`LevelError`] for the first word that makes no sense.
    pub fn read(mut self, words: &str) -> Result<Self, LevelError> {
        let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
        let (of_parts, of_all): (Vec<_>, Vec<_>) = words.partition(|word| word.contains('='));
        for word in of_all {
            self = Self::all(Level::read(word)?);
        }
        for (name, word) in of_parts.iter().filter_map(|word| word.split_once('=')) {
            let component = Component::named(name.trim())
                .ok_or_else(|| LevelError::Component(name.trim().to_owned()))?;
            self.0[component as usize] = Level::read(word.trim())?;
        }
        Ok(self)
    }

    /// Whether any part says anything.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Whether a part says what is this important.
    #[must_use]
    pub fn wants(&self, component: Component, level: Level) -> bool {
        self.0[component as usize].is_some_and(|most| level <= most)
    }

    pub(super) fn want_any(&self, components: &[Component], level: Level) -> bool {
        components.iter().any(|component| self.wants(*component, level))
    }
}
