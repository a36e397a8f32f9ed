//! Moments as authors and questions write them. The one place that knows the date library, and that only for the
//! calendar: its instants end a day before the year 9999 does.

use jiff::civil::Date;
use jiff::{ToSpan, Unit};

const DAY_MS: i64 = 86_400_000;
/// The first instant of the year 0000.
const YEARS_BEGIN_MS: i64 = -62_167_219_200_000;
/// The first instant after the year 9999.
const YEARS_END_MS: i64 = 253_402_300_800_000;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Milliseconds since 1970 of an RFC 3339 instant with its zone (`2026-12-01T09:00:00Z`, `...+01:00`).
pub fn instant(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = time.split_at_checked(8)?;
    if !matches(clock, "00:00:00") {
        return None;
    }
    let (hours, minutes) = hours_and_minutes(clock.get(..5)?)?;
    let seconds = number(clock.get(6..)?).filter(|seconds| *seconds <= 60)?;
    let (millis, zone) = fraction(rest)?;
    let offset = offset_minutes(zone)?;
    let in_day = ((hours * 60 + minutes - offset) * 60 + seconds) * 1_000 + millis;
    Some(start_of_date(date)? + in_day)
}

/// Milliseconds since 1970 at which a date (`2026-12-01`) begins, in UTC.
pub fn start_of_date(text: &str) -> Option<i64> {
    if !matches(text, "0000-00-00") {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let days = date.since((Unit::Day, EPOCH)).ok()?.get_days();
    Some(i64::from(days) * DAY_MS)
}

/// Milliseconds since 1970 at which the day after a date begins, in UTC: the end of a date that is valid through its
/// last moment.
pub fn end_of_date(text: &str) -> Option<i64> {
    Some(start_of_date(text)? + DAY_MS)
}

/// What keeps a text that is almost a date or an instant from being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The month is not that long, or the year not that many months.
    NoSuchDay,
    /// Which of the world's midnights it counts from is not said.
    NoZone,
    /// Another format.
    Format,
}

fn fault(text: &str) -> Fault {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return Fault::Format;
    };
    if !matches(date, "0000-00-00") {
        return Fault::Format;
    }
    if start_of_date(date).is_none() {
        return Fault::NoSuchDay;
    }
    match instant(&format!("{text}Z")).is_some() && !rest.is_empty() {
        true => Fault::NoZone,
        false => Fault::Format,
    }
}

/// Says that something cannot be a text, and why, of a text that is neither a date nor an instant.
pub(super) fn refusal(what: &str, text: &str) -> String {
    if text.is_empty() {
        return format!("{what} has no value");
    }
    let why = match fault(text) {
        Fault::NoSuchDay => ": there is no such day",
        Fault::NoZone => ": it names no zone",
        Fault::Format => "",
    };
    format!("{what} cannot be `{}`{why}", text.escape_debug())
}

/// What to do about such a text, where it is more than to write it in the one format.
pub(super) fn advice(text: &str) -> Option<&'static str> {
    match fault(text) {
        Fault::NoSuchDay => Some("write a day that the calendar has"),
        Fault::NoZone => Some("add `Z` (UTC) or an offset such as `+01:00`"),
        Fault::Format => None,
    }
}

/// The milliseconds of an optional fraction of a second, and what follows it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(fraction) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = fraction.get(..fraction.len() - zone.len())?;
    if digits.is_empty() {
        return None;
    }
    let padded = format!("{digits}00");
    Some((number(padded.get(..3)?)?, zone))
}

/// The minutes of `Z` or of an offset `+hh:mm` (RFC 3339, section 5.6).
fn offset_minutes(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+')?),
    };
    let (hours, minutes) = hours_and_minutes(rest)?;
    Some(sign * (hours * 60 + minutes))
}

fn hours_and_minutes(text: &str) -> Option<(i64, i64)> {
    if !matches(text, "00:00") {
        return None;
    }
    let hours = number(text.get(..2)?).filter(|hours| *hours <= 23)?;
    let minutes = number(text.get(3..)?).filter(|minutes| *minutes <= 59)?;
    Some((hours, minutes))
}

fn number(digits: &str) -> Option<i64> {
    digits.parse().ok()
}

/// Whether a text has digits where the pattern has `0` and the pattern's characters elsewhere.
fn matches(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| {
            if wanted == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == wanted
            }
        })
}

/// Whether an instant, in milliseconds since 1970, is of the years 0000 to 9999, which have four digits.
pub fn is_within_years(millis: i64) -> bool {
    (YEARS_BEGIN_MS..YEARS_END_MS).contains(&millis)
}

/// An instant as Cedar and people write it: RFC 3339 in UTC with milliseconds, years 0000 to 9999.
pub fn to_text(millis: i64) -> Option<String> {
    if !is_within_years(millis) {
        return None;
    }
    let days = i32::try_from(millis.div_euclid(DAY_MS)).ok()?;
    let date = EPOCH.checked_add(days.days()).ok()?;
    let in_day = millis.rem_euclid(DAY_MS);
    let (seconds, millis) = (in_day / 1_000, in_day % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    Some(format!(
        "{:04}-{:02}-{:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z",
        date.year(),
        date.month(),
        date.day()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_need_a_zone() {
        for (text, expected) in [
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("1970-01-01T01:00:00+01:00", Some(0)),
            ("1969-12-31T23:30:00-00:30", Some(0)),
            ("1970-01-01T00:00:00.250z", Some(250)),
            ("1970-01-01T00:00:00.2509999999999Z", Some(250)),
            ("1970-01-01T00:00:00.5Z", Some(500)),
            ("1970-01-01t00:00:00Z", Some(0)),
            ("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999)),
            ("1970-01-01T00:00:00", None),
            ("1970-01-01T00:00Z", None),
            ("1970-01-01T00:00:00.Z", None),
            ("1970-01-01T24:00:00Z", None),
            ("1970-01-01T00:00:00+24:00", None),
            ("1970-13-01T00:00:00Z", None),
            ("19700101T000000Z", None),
            ("1970-01-01T00:00:00Z[Europe/Paris]", None),
            ("1970-01-01", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_moment() {
        for (text, expected) in [
            ("2027-02-30", Fault::NoSuchDay),
            ("2027-13-01T10:00:00Z", Fault::NoSuchDay),
            ("2027-01-01T10:00:00", Fault::NoZone),
            ("2027-01-01 10:00:00.5", Fault::NoZone),
            ("2027-01-01T25:00:00", Fault::Format),
            ("31/12/2027", Fault::Format),
            ("2027-01-01x", Fault::Format),
            ("été", Fault::Format),
        ] {
            assert_eq!(fault(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_end_with_their_day() {
        assert_eq!(end_of_date("1970-01-01"), Some(86_400_000));
        assert_eq!(end_of_date("9999-12-31"), Some(253_402_300_800_000));
        assert_eq!(end_of_date("1970-02-30"), None);
        assert_eq!(end_of_date("19700101"), None);
    }

    #[test]
    fn instants_are_written_as_cedar_takes_them() {
        for (millis, text) in [
            (250, Some("1970-01-01T00:00:00.250Z")),
            (-1, Some("1969-12-31T23:59:59.999Z")),
            (253_402_300_799_999, Some("9999-12-31T23:59:59.999Z")),
            (253_402_300_800_000, None),
            (-62_167_219_200_000, Some("0000-01-01T00:00:00.000Z")),
            (-62_167_219_200_001, None),
            (i64::MIN, None),
        ] {
            assert_eq!(to_text(millis).as_deref(), text);
        }
    }
}
