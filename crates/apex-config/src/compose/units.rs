//! Durations and sizes as compose files write them.

use std::time::Duration;

/// A duration such as `1m30s`, `1.5s` or `500ms`; numbers without a unit are refused, as compose
/// refuses them.
///
/// Units after Go's `time.ParseDuration`: `ns`, `us`, `µs`, `ms`, `s`, `m`, `h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = split_number(rest)?;
        let length = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(length);
        let part = Duration::try_from_secs_f64(number * seconds_of(unit)?).ok()?;
        total = total.checked_add(part)?;
        rest = next;
    }
    (!text.trim().is_empty()).then_some(total)
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

/// A number of bytes such as `64m`, `1.5gb` or `1024`; units are powers of 1024, as the engine
/// counts memory.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = split_number(text.trim())?;
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit);
    let factor = match unit {
        "" => 1.0,
        "k" => 1024.0,
        "m" => 1024.0 * 1024.0,
        "g" => 1024.0 * 1024.0 * 1024.0,
        "t" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * factor;
    /// Up to here whole numbers are exact.
    const MOST: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and within the range in which whole numbers are exact"
    )]
    (bytes <= MOST).then_some(bytes as u64)
}

/// A number that is not negative, and what comes behind it.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let length = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(length);
    Some((number.parse().ok()?, rest))
}
