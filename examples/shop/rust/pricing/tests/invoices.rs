//! What an invoice needs from the crate as a whole.

use pricing::{split_evenly, tax_in};

#[test]
fn parts_add_up_to_the_total() {
    for total in [0, 1, 99, 1_000, 123_457] {
        for parts in 1..=12 {
            assert_eq!(split_evenly(total, parts).iter().sum::<u64>(), total);
        }
    }
}

#[test]
fn a_higher_rate_never_means_less_tax() {
    let taxes: Vec<u64> = (0..=250).map(|rate| tax_in(9_999, rate)).collect();
    assert!(taxes.is_sorted());
}
