//! How many jobs may run at the same time: between a floor and a cap, by what the machine does.
//!
//! One slot more when work waits and the processors are not busy, one less when work that could
//! run waits for processors most of the time. A change needs several samples that agree, and after
//! one slot less nothing is added for a while, so that the number does not swing. It never ends a
//! job. It knows nothing of jobs, and of the machine only the samples.

/// What the machine did since the last sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Share of the processors' time that was used, 0 to 1.
    pub busy: f64,
    /// Share of the time in which some work that could run waited for a processor, 0 to 1 (`some`
    /// of the kernel's pressure stall information); none where the system does not tell.
    pub pressure: Option<f64>,
}

/// Below this, and below [`CALM_PRESSURE`], the machine has room for one more job.
const ROOM: f64 = 0.85;
/// Below this it has so much room that one sample is enough.
const MUCH_ROOM: f64 = 0.5;
/// From here on work waits for processors too often to add more.
const CALM_PRESSURE: f64 = 0.35;
/// From here on, on a busy machine, work only gets into each other's way.
const THRASH_PRESSURE: f64 = 0.75;
/// Use of the processors that counts as all of them.
const FULL: f64 = 0.95;

/// Samples with room that agree before a slot is added; one with much room counts twice.
const SAMPLES_TO_ADD: u32 = 2;
/// Samples of thrashing in a row before a slot is taken away.
const SAMPLES_TO_TAKE: u32 = 4;
/// Samples after one slot less in which none is added.
const REST: u32 = 8;

/// The number of slots. See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    floor: u32,
    up_to: u32,
    now: u32,
    /// Samples in a row with room, much room counting twice, and with thrashing.
    with_room: u32,
    thrashing: u32,
    /// Samples in which nothing is added yet.
    rest: u32,
}

impl Slots {
    /// Slots between `floor` (at least one) and `up_to`; begins with the floor.
    #[must_use]
    pub fn new(floor: u32, up_to: u32) -> Self {
        let floor = floor.max(1);
        Self { floor, up_to: up_to.max(floor), now: floor, with_room: 0, thrashing: 0, rest: 0 }
    }

    /// How many there are now.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.now
    }

    /// Whether the number can change at all.
    #[must_use]
    pub const fn is_adaptive(&self) -> bool {
        self.floor < self.up_to
    }

    /// Takes a sample of a time in which work waited for a slot; whether the number changed.
    pub fn take(&mut self, load: Load) -> bool {
        let before = self.now;
        self.rest = self.rest.saturating_sub(1);
        if is_thrashing(load) {
            self.with_room = 0;
            self.thrashing += 1;
        } else {
            self.thrashing = 0;
            self.with_room = match room(load) {
                0 => 0,
                weight => self.with_room + weight,
            };
        }
        if self.thrashing >= SAMPLES_TO_TAKE && self.now > self.floor {
            self.now -= 1;
            self.thrashing = 0;
            self.rest = REST;
        } else if self.with_room >= SAMPLES_TO_ADD && self.rest == 0 && self.now < self.up_to {
            self.now += 1;
            self.with_room = 0;
        }
        self.now != before
    }
}

/// How much a sample speaks for one more slot.
fn room(load: Load) -> u32 {
    let is_calm = load.pressure.is_none_or(|pressure| pressure < CALM_PRESSURE);
    match load.busy {
        busy if is_calm && busy < MUCH_ROOM => SAMPLES_TO_ADD,
        busy if is_calm && busy < ROOM => 1,
        _ => 0,
    }
}

fn is_thrashing(load: Load) -> bool {
    load.busy >= FULL && load.pressure.is_none_or(|pressure| pressure >= THRASH_PRESSURE)
}
