//! Taxes of the example shop. Amounts are whole cents, rates are tenths of a percent.

/// The tax that is contained in a gross amount, rounded half up to a whole cent.
///
/// ```
/// assert_eq!(pricing::tax_in(11_900, 190), 1_900);
/// ```
#[must_use]
pub fn tax_in(gross: u64, rate: u64) -> u64 {
    let divisor = 1_000 + rate;
    (gross * rate + divisor / 2) / divisor
}

/// Splits an amount into equal parts that add up to it again; the first parts get the odd cents.
/// No parts means no amounts.
#[must_use]
pub fn split_evenly(total: u64, parts: u64) -> Vec<u64> {
    (0..parts).map(|part| total / parts + u64::from(part < total % parts)).collect()
}

#[cfg(test)]
mod tests {
    use super::{split_evenly, tax_in};

    #[test]
    fn nothing_contains_no_tax() {
        assert_eq!(tax_in(0, 190), 0);
    }

    #[test]
    fn half_a_cent_is_rounded_up() {
        // 3 * 0.2 / 1.2 is exactly half a cent.
        assert_eq!(tax_in(3, 200), 1);
    }

    #[test]
    fn the_first_parts_get_the_odd_cents() {
        assert_eq!(split_evenly(100, 3), [34, 33, 33]);
    }

    #[test]
    fn no_parts_are_no_amounts() {
        assert!(split_evenly(100, 0).is_empty());
    }
}
