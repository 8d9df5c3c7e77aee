//! Durations as random quantities: one that is log-normal, and sums of such.

/// The quantile of the standard normal distribution that one in ten exceeds.
const NINE_IN_TEN: f64 = 1.281_551_565_545;

/// Largest variance of a logarithm that is believed: beyond it the mean says nothing.
const MOST_VARIANCE: f64 = 4.0;

/// A log-normal duration in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogNormal {
    /// Mean of the logarithm.
    pub location: f64,
    /// Variance of the logarithm.
    pub variance: f64,
}

impl LogNormal {
    /// The one with this mean, in seconds, and this variance of its logarithm.
    #[must_use]
    pub fn with_mean(mean: f64, variance: f64) -> Self {
        let variance = variance.min(MOST_VARIANCE);
        Self { location: mean.ln() - variance / 2.0, variance }
    }

    /// As an amount that can be added: its mean and its variance.
    #[must_use]
    pub fn amount(self) -> Amount {
        let variance = self.variance.min(MOST_VARIANCE);
        let mean = (self.location + variance / 2.0).exp();
        Amount { mean, variance: variance.exp_m1() * mean * mean }
    }

    /// The duration that it exceeds with a chance of one in ten, in seconds.
    #[must_use]
    pub fn high(self) -> f64 {
        self.quantile(NINE_IN_TEN)
    }

    /// The quantile at so many standard deviations of the logarithm above its mean, in seconds.
    #[must_use]
    pub fn quantile(self, deviations: f64) -> f64 {
        (self.location + deviations * self.variance.sqrt()).exp()
    }
}

/// A random duration by its first two moments; independent ones add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// Mean, in seconds.
    pub mean: f64,
    /// Variance, in seconds squared.
    pub variance: f64,
}

impl Amount {
    /// The sum with an independent one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { mean: self.mean + other.mean, variance: self.variance + other.variance }
    }

    /// The same quantity many times as large.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { mean: self.mean * factor, variance: self.variance * factor * factor }
    }

    /// The log-normal distribution with these moments: what a sum of log-normal durations is
    /// close to (L. F. Fenton, "The sum of log-normal probability distributions in scatter
    /// transmission systems", 1960).
    #[must_use]
    pub fn log_normal(self) -> LogNormal {
        let mean = self.mean.max(1e-9);
        LogNormal::with_mean(mean, (self.variance / (mean * mean)).ln_1p())
    }

    /// The duration that it exceeds with a chance of one in ten, in seconds.
    #[must_use]
    pub fn high(self) -> f64 {
        self.log_normal().high()
    }
}
