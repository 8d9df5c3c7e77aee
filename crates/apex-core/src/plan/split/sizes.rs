//! Into how many jobs work is cut, and how large each is.
//!
//! The first jobs are large, the last ones small: each round hands out half of what is left in
//! as many equal jobs as can run at once. This is factoring (S. F. Hummel, E. Schonberg,
//! L. E. Flynn, "Factoring: a method for scheduling parallel loops", 1992): whoever was expected
//! wrongly is evened out by what comes later, with few jobs. Starting their programs bounds it
//! from below.

use std::time::Duration;

use super::Rules;

/// The largest share of a job that its start may be.
const START_SHARE: f64 = 0.10;

/// The most that cutting may add to what the work takes uncut. Starting programs costs
/// processor time, and of what tests take about half is waiting: a twentieth of the duration is
/// a tenth of the processor time.
const BOUGHT: f64 = 0.05;

/// The same where nothing else waits for the processors.
const IDLE: f64 = 0.25;

/// Most jobs for each that can run at the same time, when durations are known, and when not:
/// then a wrong guess should cost little.
const ROUNDS: (u32, u32) = (8, 4);

/// Durations of the jobs that work of `total` seconds is cut into, the longest first; one where
/// cutting does not pay. `start` is what each job costs beyond its tests, in seconds.
#[must_use]
pub fn sizes(total: f64, start: f64, rules: &Rules, is_known: bool) -> Vec<f64> {
    let width = rules.width.max(1);
    let windows = windows_in(total, rules.window);
    let rounds = if is_known { ROUNDS.0 } else { ROUNDS.1 };
    let wanted = if width == 1 { windows } else { (rounds * width).max(windows) };
    let affordable = if start > 0.0 { 1.0 + BOUGHT * (start + total) / start } else { f64::MAX };
    let most = wanted.min(rules.most).min(whole(affordable));
    let least = start * (1.0 - START_SHARE) / START_SHARE;
    if most < 2 || total < 2.0 * least {
        let few = for_idle_slots(total, start, rules);
        return vec![total / f64::from(few); few as usize];
    }
    let longest = rules.window.as_secs_f64().max(least);
    let mut jobs = factored(total, least, longest, Bounds { width, most });
    if jobs.len() <= width as usize {
        let each = total / f64::from(whole_of(jobs.len()));
        jobs.fill(each);
    }
    jobs
}

/// How many equal jobs small work is cut into when nobody else waits for the slots.
fn for_idle_slots(total: f64, start: f64, rules: &Rules) -> u32 {
    let affordable = if start > 0.0 { 1.0 + IDLE * (start + total) / start } else { f64::MAX };
    rules.idle_slots.min(rules.most).min(whole(affordable)).max(1)
}

/// How many jobs work of unknown start is cut into, such as a command that cuts itself.
pub(super) fn windows(total: f64, rules: &Rules) -> u32 {
    /// The shortest command that is cut when its duration is known, in seconds.
    const WORTH: f64 = 10.0;
    let busy = whole(total / WORTH).min(rules.width);
    windows_in(total, rules.window).max(busy).clamp(1, rules.most.max(1))
}

/// How many jobs of the wanted length.
pub(super) fn windows_in(total: f64, window: Duration) -> u32 {
    whole((total / window.as_secs_f64().max(1.0)).ceil())
}

#[derive(Clone, Copy)]
struct Bounds {
    width: u32,
    most: u32,
}

/// Rounds of equal jobs, each round half of what is left; `least` and `longest` bound one job.
fn factored(total: f64, least: f64, longest: f64, bounds: Bounds) -> Vec<f64> {
    let mut jobs: Vec<f64> = Vec::new();
    let mut rest = total;
    // Rounding leaves a rest of nothing; a job of it would be none.
    let nothing = total * 1e-9;
    while rest > nothing && jobs.len() < bounds.most as usize {
        let size = (rest / (2.0 * f64::from(bounds.width))).max(least).min(longest);
        for _ in 0..bounds.width {
            if rest <= nothing || jobs.len() == bounds.most as usize {
                break;
            }
            let size = size.min(rest);
            jobs.push(size);
            rest -= size;
        }
    }
    if let Some(&last) = jobs.last()
        && jobs.len() > 1
        && last < 0.75 * least
    {
        jobs.pop();
        rest += last;
    }
    let more = rest / f64::from(whole_of(jobs.len()).max(1));
    jobs.iter_mut().for_each(|job| *job += more);
    jobs
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range")]
fn whole(value: f64) -> u32 {
    value.clamp(0.0, 1e6) as u32
}

fn whole_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
