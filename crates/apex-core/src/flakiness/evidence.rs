//! The attempts of a test, put together by commit.

use std::sync::Arc;

use crate::history::TestSample;
use crate::outcome::Outcome;

/// The attempts of a test by commit, in the order in which the commits are first met. Commits
/// that follow each other and only failed are one: what a commit breaks stays broken until
/// another one mends it.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    commits: Vec<Commit>,
}

/// What happened on one commit.
#[derive(Debug)]
pub(super) struct Commit {
    name: Name,
    pub(super) failed: u32,
    pub(super) passed: u32,
    /// When an attempt last failed.
    failed_millis: u64,
}

/// What tells commits apart; a run without one has a commit of its own.
#[derive(Debug, PartialEq, Eq)]
enum Name {
    Commit(Arc<str>),
    Run(u64),
}

impl Evidence {
    pub(super) fn of(samples: &[TestSample]) -> Self {
        let mut evidence = Self::default();
        for sample in samples {
            match sample.outcome {
                Outcome::Passed => evidence.commit_of(sample).passed += 1,
                outcome if outcome.is_bad() => {
                    let commit = evidence.commit_of(sample);
                    commit.failed += 1;
                    commit.failed_millis = commit.failed_millis.max(sample.unix_millis);
                }
                // What was skipped or ended by others says nothing about the test.
                _ => {}
            }
        }
        evidence.join_failing()
    }

    fn join_failing(mut self) -> Self {
        self.commits.dedup_by(|next, kept| {
            let is_one = kept.passed == 0 && next.passed == 0;
            if is_one {
                kept.failed += next.failed;
                kept.failed_millis = kept.failed_millis.max(next.failed_millis);
            }
            is_one
        });
        self
    }

    fn commit_of(&mut self, sample: &TestSample) -> &mut Commit {
        let name = match &sample.commit {
            Some(commit) => Name::Commit(Arc::clone(commit)),
            None => Name::Run(sample.unix_millis),
        };
        let position = self.commits.iter().position(|commit| commit.name == name);
        let position = position.unwrap_or_else(|| {
            self.commits.push(Commit { name, failed: 0, passed: 0, failed_millis: 0 });
            self.commits.len() - 1
        });
        &mut self.commits[position]
    }

    pub(super) fn commits(&self) -> impl Iterator<Item = &Commit> {
        self.commits.iter()
    }

    pub(super) fn attempts(&self) -> u32 {
        self.commits.iter().map(|commit| commit.failed + commit.passed).sum()
    }

    /// How many commits saw both outcomes.
    pub(super) fn mixed(&self) -> u32 {
        u32::try_from(self.mixed_commits().count()).unwrap_or(u32::MAX)
    }

    pub(super) fn last_flake_millis(&self) -> Option<u64> {
        self.mixed_commits().map(|commit| commit.failed_millis).max()
    }

    fn mixed_commits(&self) -> impl Iterator<Item = &Commit> {
        self.commits.iter().filter(|commit| commit.failed > 0 && commit.passed > 0)
    }
}

impl Commit {
    /// The chance that the code of this commit was sound, for a test that fails at `rate` on
    /// sound code, when a share `broken` of all commits is broken and fails every attempt.
    pub(super) fn chance_to_be_sound(&self, rate: f64, broken: f64) -> f64 {
        if self.passed > 0 {
            return 1.0;
        }
        let unlucky = (1.0 - broken) * rate.powf(f64::from(self.failed));
        unlucky / (unlucky + broken)
    }
}
