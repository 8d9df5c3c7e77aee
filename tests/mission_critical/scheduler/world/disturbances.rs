//! What comes to a run from outside: skips, samples of the machine, pauses.

use std::time::Duration;

use apex_core::schedule::{Input, MachineLoad};
use apex_core::{LayerIx, Moment};

use apex_tests::random::Random;

use super::World;

/// When the samples of some worlds change.
const HALF_TIME: Duration = Duration::from_secs(20);

impl World<'_> {
    /// A user who skips layers, also some that do not run, twice, and one that is not there.
    pub(super) fn plan_skips(&mut self) {
        if !self.faults.injected || !self.random.percent(12) {
            return;
        }
        let layers = self.scheduler.plan().layers.len() as u64;
        for _ in 0..self.random.within(1, 3) {
            let at = Moment::after_start(Duration::from_millis(self.random.within(0, 40_000)));
            let layer = LayerIx(self.random.within(0, layers) as u32);
            self.plan_input(at, Input::SkipLayer(layer));
        }
    }

    /// Samples of the machine, also senseless ones, whether anybody wants them or not.
    pub(super) fn plan_samples(&mut self) {
        let (is_idle, is_full) = (self.random.percent(50), self.random.percent(50));
        for _ in 0..self.random.within(0, 60) {
            let at = Moment::after_start(Duration::from_millis(self.random.within(0, 90_000)));
            let share = |random: &mut Random| random.within(0, 110) as f64 / 100.0;
            // A machine that is idle at first and full later gives slots and takes them away.
            let (busy, waited) = match (is_idle, is_full && at >= Moment::after_start(HALF_TIME)) {
                (_, true) => (1.0, 0.95),
                (true, false) => (0.1, 0.0),
                (false, false) => (share(self.random), share(self.random)),
            };
            let pressure = self.random.percent(80).then_some(waited);
            self.plan_input(at, Input::Load(MachineLoad { busy, pressure }));
        }
    }

    /// Pauses of the whole run, also two at once and an end without a beginning. In a pause the
    /// programs stand still as well: what they would have done comes later.
    pub(super) fn plan_pauses(&mut self) {
        if !self.random.percent(20) {
            return;
        }
        for _ in 0..self.random.within(1, 3) {
            let at = Moment::after_start(self.after(0, 60_000));
            self.plan_input(at, Input::Paused);
        }
    }

    /// Puts off all that would happen, and the end of the pause before it.
    pub(super) fn stand_still(&mut self) {
        let pause = self.after(0, 40_000);
        let end = self.now.plus(pause);
        for ((at, number), input) in std::mem::take(&mut self.future) {
            self.future.insert((at.plus(pause), number), input);
        }
        self.future.insert((end, 0), Input::Resumed);
        if self.faults.injected && self.random.percent(20) {
            // What was on its way arrives all the same, a signal for instance.
            self.plan_input(self.now.plus(pause / 2), Input::Interrupt { signal: 2 });
        }
    }
}
