//! How often a test fails although nothing is wrong with what it tests.
//!
//! Two things make a test fail: the code is broken, then every attempt on that commit fails; or
//! the test is unsteady, then attempts on one commit end both ways. A commit with both outcomes
//! is therefore the strongest evidence; commits in a row on which every attempt failed say little,
//! and how much they say follows from the rate that the rest suggests. The rate and the share of such
//! commits that were sound are estimated together by expectation and maximisation over a mixture
//! of two states (Dempster, Laird and Rubin, "Maximum Likelihood from Incomplete Data via the EM
//! Algorithm", 1977), with a beta distribution as prior of the rate, so that few samples are
//! never certainty.
//!
//! It knows nothing of databases and does not decide what follows from a rate.

mod evidence;

use statrs::function::beta::{beta_reg, inv_beta_reg};

use crate::history::TestSample;

use evidence::Evidence;

/// The prior of the rate: a beta distribution with a mean of one in a hundred, worth as much as
/// twenty attempts.
const PRIOR: (f64, f64) = (0.2, 19.8);
/// The chance that commits in a row are broken, before anything was seen.
const BROKEN: f64 = 0.02;
/// Rounds after which the estimate is taken as it is; it moves by less than a millionth long
/// before.
const MOST_ROUNDS: u32 = 60;
/// A rate below this is nobody's concern: one false alarm in two hundred attempts.
const NEGLIGIBLE: f64 = 0.005;
/// How sure it must be that the rate is not negligible before a test is called flaky.
const SURE: f64 = 0.9;

/// What the past says about the steadiness of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flakiness {
    /// The share of attempts that fail although nothing is wrong, 0 to 1.
    pub rate: f64,
    /// The rate is below this with a chance of one in twenty.
    pub low: f64,
    /// The rate is above this with a chance of one in twenty.
    pub high: f64,
    /// The chance that the rate is more than one in two hundred.
    pub confidence: f64,
    /// Attempts that were looked at: those that passed or failed.
    pub attempts: u32,
    /// Commits on which both outcomes were seen.
    pub mixed_commits: u32,
    /// When an attempt last failed on such a commit, milliseconds since 1970-01-01 UTC.
    pub last_flake_millis: Option<u64>,
}

impl Flakiness {
    /// What the attempts of a test say; nothing when none of them passed or failed.
    ///
    /// A sample without a commit belongs to a commit of its run alone.
    #[must_use]
    pub fn of(samples: &[TestSample]) -> Option<Self> {
        let evidence = Evidence::of(samples);
        if evidence.attempts() == 0 {
            return None;
        }
        let (failed, passed) = posterior(&evidence);
        Some(Self {
            rate: failed / (failed + passed),
            low: inv_beta_reg(failed, passed, 0.05),
            high: inv_beta_reg(failed, passed, 0.95),
            confidence: 1.0 - beta_reg(failed, passed, NEGLIGIBLE),
            attempts: evidence.attempts(),
            mixed_commits: evidence.mixed(),
            last_flake_millis: evidence.last_flake_millis(),
        })
    }

    /// Whether the past is enough to call the test flaky.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        self.confidence >= SURE
    }

    /// Whether both outcomes were seen on one commit, but too rarely to be sure.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.mixed_commits > 0 && !self.is_flaky()
    }
}

/// The parameters of the beta distribution of the rate: failed and passed attempts that belong
/// to sound commits, the prior included.
fn posterior(evidence: &Evidence) -> (f64, f64) {
    let mut rate = PRIOR.0 / (PRIOR.0 + PRIOR.1);
    let mut parameters = PRIOR;
    for _ in 0..MOST_ROUNDS {
        parameters = evidence.commits().fold(PRIOR, |(failed, passed), commit| {
            let sound = commit.chance_to_be_sound(rate, BROKEN);
            (failed + sound * f64::from(commit.failed), passed + sound * f64::from(commit.passed))
        });
        let next = parameters.0 / (parameters.0 + parameters.1);
        if (next - rate).abs() < 1e-6 {
            break;
        }
        rate = next;
    }
    parameters
}
