//! Moments, as people say them.

use mycelium_types::Timestamp;

/// Reads a time, or how long ago it was: `90s`, `10m`, `2h`, `3d`.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    if let Some(milliseconds) = duration(text) {
        let now = Timestamp::now().milliseconds();
        return Ok(Timestamp::from_milliseconds(
            now.saturating_sub(milliseconds),
        ));
    }
    text.parse()
        .map_err(|error| format!("{error}; or how long ago: 90s, 10m, 2h, 3d"))
}

fn duration(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let count: u64 = text[..text.len() - 1].parse().ok()?;
    count.checked_mul(seconds * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_absolute_or_ago() {
        assert_eq!(
            parse("2025-10-20").unwrap().milliseconds(),
            1_760_918_400_000
        );
        let ago = Timestamp::now().milliseconds() - parse("2h").unwrap().milliseconds();
        assert!((7_199_000..=7_200_000).contains(&ago), "{ago}");
        for text in [
            "",
            "h",
            "-1h",
            "1y",
            "é",
            "99999999999999999999d",
            "yesterday",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
