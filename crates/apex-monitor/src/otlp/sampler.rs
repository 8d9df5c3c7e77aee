//! Which traces are recorded, in the words of `OTEL_TRACES_SAMPLER`.

use apex_core::trace::{Caller, Trace};

/// Which traces are recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// Share of traces that begin here, 0 to 1.
    share: f64,
    /// Whether a caller's decision holds.
    follows_caller: bool,
}

impl Default for Sampler {
    fn default() -> Self {
        Self { share: 1.0, follows_caller: true }
    }
}

impl Sampler {
    /// Reads the two variables.
    ///
    /// # Errors
    /// What is wrong with them, for people.
    pub fn read(word: Option<&str>, share: Option<&str>) -> Result<Self, String> {
        let given = || match share.map(str::parse::<f64>) {
            None => Ok(1.0),
            Some(Ok(share)) if (0.0..=1.0).contains(&share) => Ok(share),
            Some(_) => Err(format!(
                "OTEL_TRACES_SAMPLER_ARG={} is no share from 0 to 1; every trace is recorded",
                share.unwrap_or_default()
            )),
        };
        let Some(word) = word else { return Ok(Self::default()) };
        let (follows_caller, own) = match word.strip_prefix("parentbased_") {
            Some(own) => (true, own),
            None => (false, word),
        };
        let share = match own {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => given()?,
            _ => {
                return Err(format!(
                    "OTEL_TRACES_SAMPLER={word} is not known; every trace is recorded"
                ));
            }
        };
        Ok(Self { share, follows_caller })
    }

    /// Whether a trace is recorded.
    #[must_use]
    pub fn takes(self, caller: Option<&Caller>, trace: &Trace) -> bool {
        match caller {
            Some(caller) if self.follows_caller => caller.is_sampled,
            _ => trace.lot() < self.share,
        }
    }
}
