//! How the number of slots follows samples of the machine.

use apex_core::schedule::{MachineLoad, Slots};

const IDLE: MachineLoad = MachineLoad { busy: 0.1, pressure: Some(0.0) };
const HALF: MachineLoad = MachineLoad { busy: 0.7, pressure: Some(0.1) };
const BUSY: MachineLoad = MachineLoad { busy: 0.97, pressure: Some(0.4) };
const PRESSED: MachineLoad = MachineLoad { busy: 0.6, pressure: Some(0.6) };
const THRASH: MachineLoad = MachineLoad { busy: 1.0, pressure: Some(0.95) };
const FULL: MachineLoad = MachineLoad { busy: 1.0, pressure: None };

/// The number of slots after each sample.
fn follow(floor: u32, up_to: u32, samples: &[MachineLoad]) -> Vec<u32> {
    let mut slots = Slots::new(floor, up_to);
    let follow = samples.iter().map(|&load| {
        slots.take(load);
        slots.count()
    });
    follow.collect()
}

#[test]
fn an_idle_machine_gets_a_slot_a_sample_up_to_the_cap() {
    assert_eq!(follow(2, 5, &[IDLE; 5]), [3, 4, 5, 5, 5]);
}

#[test]
fn a_machine_with_some_room_has_to_show_it_twice() {
    assert_eq!(follow(2, 5, &[HALF; 4]), [2, 3, 3, 4]);
    assert_eq!(follow(2, 5, &[HALF, BUSY, HALF, BUSY]), [2, 2, 2, 2]);
}

#[test]
fn processors_that_are_waited_for_or_busy_get_no_more_work() {
    assert_eq!(follow(2, 5, &[PRESSED; 6]), [2; 6]);
    assert_eq!(follow(2, 5, &[BUSY; 6]), [2; 6]);
}

#[test]
fn thrashing_takes_slots_away_slowly_and_never_below_the_floor() {
    let samples = [&[IDLE; 2][..], &[THRASH; 10]].concat();
    assert_eq!(follow(2, 4, &samples), [3, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2]);
}

#[test]
fn after_a_slot_less_none_is_added_for_two_seconds_of_samples() {
    let samples = [&[IDLE][..], &[THRASH; 4], &[IDLE; 9]].concat();
    let expected = [&[3, 3, 3, 3, 2][..], &[2; 7], &[3, 3]].concat();
    assert_eq!(follow(2, 3, &samples), expected);
}

#[test]
fn without_pressure_full_processors_count_as_thrashing() {
    let samples = [&[IDLE][..], &[FULL; 4]].concat();
    assert_eq!(follow(1, 3, &samples), [2, 2, 2, 2, 1]);
}

#[test]
fn a_fixed_number_never_changes() {
    assert!(!Slots::new(4, 4).is_adaptive());
    assert!(!Slots::new(4, 0).is_adaptive());
    assert_eq!(follow(4, 0, &[IDLE, THRASH, THRASH, THRASH, THRASH]), [4; 5]);
}
