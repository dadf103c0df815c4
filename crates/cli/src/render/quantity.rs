//! Times and sizes in words.

/// Whole milliseconds, rounded, at least one: `127ms`.
pub(crate) fn milliseconds(value: f64) -> String {
    format!("{}ms", value.round().max(1.0))
}

/// Whole mebibytes, rounded: `145MB`, the unit of a manifest's limits.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{}MB", (bytes + (1 << 19)) >> 20)
}

/// A number with two digits after the point at most, as few as it needs: `12`, `0.5`.
pub(crate) fn quantity(value: f64) -> String {
    format!("{}", (value * 100.0).round() / 100.0)
}

/// A share of one, in percent, with one digit where it has one: `85%`, `0.5%`.
pub(crate) fn percent(share: f64) -> String {
    format!("{}%", (share * 1000.0).round() / 10.0)
}

/// `2d 3h`, `3h 20m`, `20m 5s` or `5s`.
pub(crate) fn uptime(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days}d {}h", hours % 24),
        () if hours > 0 => format!("{hours}h {}m", minutes % 60),
        () if minutes > 0 => format!("{minutes}m {}s", seconds % 60),
        () => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_short() {
        assert_eq!(milliseconds(126.6), "127ms");
        assert_eq!(milliseconds(0.2), "1ms");
        assert_eq!(milliseconds(30_012.0), "30012ms");
        assert_eq!(mebibytes(145 << 20), "145MB");
        assert_eq!(mebibytes(600_000), "1MB");
        assert_eq!(quantity(12.0), "12");
        assert_eq!(quantity(0.503), "0.5");
        assert_eq!(percent(0.85), "85%");
        assert_eq!(percent(0.0), "0%");
        assert_eq!(percent(1.0 / 3.0), "33.3%");
        assert_eq!(uptime(59), "59s");
        assert_eq!(uptime(3_605), "1h 0m");
        assert_eq!(uptime(200_000), "2d 7h");
    }
}
