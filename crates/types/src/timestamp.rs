//! Moments, as they are written.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::Serialize;

const MILLISECONDS_A_DAY: u64 = 86_400_000;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: u64 = 719_468;
/// Days in 400 years, whichever they are.
const DAYS_OF_400_YEARS: u64 = 146_097;

/// A moment in milliseconds since 1970 UTC; written as RFC 3339 does, `2025-10-20T15:30:45.250Z`.
///
/// Displayed with a precision of 0 it has whole seconds.
///
/// ```
/// let moment: mycelium_types::Timestamp = "2025-10-20T15:30:45.25Z".parse().unwrap();
/// assert_eq!(moment.to_string(), "2025-10-20T15:30:45.250Z");
/// assert_eq!(format!("{moment:.0}"), "2025-10-20T15:30:45Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

/// The text is no date and time in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time is written like 2025-10-20T15:30:45Z, a day like 2025-10-20")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// This moment, by the machine's clock.
    #[must_use]
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let milliseconds = since.map_or(0, |since| since.as_millis());
        Self(u64::try_from(milliseconds).unwrap_or(u64::MAX))
    }

    /// The moment so many milliseconds after 1970 began.
    #[must_use]
    pub fn from_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since 1970 began.
    #[must_use]
    pub fn milliseconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    /// The date is Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the
    /// last of the year.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, time) = (
            self.0 / MILLISECONDS_A_DAY + DAYS_TO_1970,
            self.0 % MILLISECONDS_A_DAY,
        );
        let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
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
        let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match f.precision() {
            Some(0) => f.write_str("Z"),
            Some(_) | None => write!(f, ".{:03}Z", time % 1000),
        }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Reads a day, or a day and a time in UTC; seconds, their fraction and the `Z` may be missing.
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let (date, time) = match text.split_once(['T', 't', ' ']) {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let [year, month, day] = numbers(date, '-')?;
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
            return Err(InvalidTimestamp);
        }
        // The last day of a month is the one before the first of the next.
        let last = days_to(year + month / 12, month % 12 + 1) - days_to(year, month);
        if !(1..=last).contains(&day) {
            return Err(InvalidTimestamp);
        }
        let midnight = (days_to(year, month) + day - 1) * MILLISECONDS_A_DAY;
        Ok(Self(midnight + time.map_or(Ok(0), time_of_day)?))
    }
}

/// Days from 1970 to the first of a month. Howard Hinnant's `days_from_civil`.
fn days_to(year: u64, month: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_OF_400_YEARS + day_of_era - DAYS_TO_1970
}

/// Milliseconds since midnight.
fn time_of_day(text: &str) -> Result<u64, InvalidTimestamp> {
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let [hour, minute, second] = match text.matches(':').count() {
        1 => numbers(&format!("{text}:00"), ':')?,
        _ => numbers(text, ':')?,
    };
    if hour > 23 || minute > 59 || second > 59 || !is_number(fraction) || fraction.len() > 9 {
        return Err(InvalidTimestamp);
    }
    let milliseconds: String = fraction.chars().chain("00".chars()).take(3).collect();
    let milliseconds: u64 = milliseconds.parse().map_err(|_| InvalidTimestamp)?;
    Ok(((hour * 60 + minute) * 60 + second) * 1000 + milliseconds)
}

/// Three numbers of at most four digits.
fn numbers(text: &str, separator: char) -> Result<[u64; 3], InvalidTimestamp> {
    let mut parts = text.split(separator).map(|part| {
        let fits = is_number(part) && part.len() <= 4;
        fits.then(|| part.parse().ok()).flatten()
    });
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(first)), Some(Some(second)), Some(Some(third)), None) => {
            Ok([first, second, third])
        }
        _ => Err(InvalidTimestamp),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALENDAR: &[(u64, &str)] = &[
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_760_974_245_250, "2025-10-20T15:30:45.250Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_000, "9999-12-31T23:59:59.000Z"),
    ];

    #[test]
    fn dates_follow_the_calendar_both_ways() {
        for (milliseconds, text) in CALENDAR {
            let moment = Timestamp::from_milliseconds(*milliseconds);
            assert_eq!(moment.to_string(), *text);
            assert_eq!(text.parse(), Ok(moment));
        }
        for day in 0..80_000 {
            let moment = Timestamp(day * MILLISECONDS_A_DAY + 1);
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }

    #[test]
    fn parts_may_be_missing_and_nonsense_is_refused() {
        let read = |text: &str| {
            text.parse::<Timestamp>()
                .map(|moment| format!("{moment:.0}"))
        };
        for (text, moment) in [
            ("2025-10-20", "2025-10-20T00:00:00Z"),
            ("2025-10-20T15:30", "2025-10-20T15:30:00Z"),
            ("2025-10-20 15:30:45", "2025-10-20T15:30:45Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(moment));
        }
        for text in [
            "",
            "T",
            "2025",
            "2025-02-29",
            "2025-13-01",
            "2025-00-01",
            "2025-01-00",
            "1969-12-31",
            "2025-01-01T24:00",
            "2025-01-01T00:60",
            "2025-01-01T",
            "2025-01-01T00:00:00.x",
            "2025-01-01T00:00:00+01:00",
            "-1-01-01",
            "99999-01-01",
            "2025-01-01T00:00:00:00",
            "é",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }
}
