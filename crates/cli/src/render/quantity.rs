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

/// Milliseconds since 1970 as `2025-10-20T15:30:45Z`.
///
/// The date is Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last
/// of the year, and 400 years always have 146,097 days.
pub(crate) fn utc(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (days, time) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_999, "2000-02-28T23:59:59Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_760_974_245_000, "2025-10-20T15:30:45Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(milliseconds), text);
        }
    }

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
