//! Moments as authors and questions write them. The one place that knows the date library.

use jiff::Timestamp;
use jiff::civil::Date;

/// Milliseconds since 1970 of an RFC 3339 instant with its zone (`2026-12-01T09:00:00Z`, `...+01:00`).
pub fn instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 20
        && date_shaped(text.get(..10)?)
        && matches!(bytes.get(10), Some(b'T' | b't' | b' '))
        && time_shaped(text.get(11..)?);
    if !shaped {
        return None;
    }
    let instant: Timestamp = text.parse().ok()?;
    Some(instant.as_millisecond())
}

/// Milliseconds since 1970 at which a date (`2026-12-01`) begins, in UTC.
pub fn start_of_date(text: &str) -> Option<i64> {
    if !date_shaped(text) {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// Milliseconds since 1970 at which the day after a date begins, in UTC: the end of a date that is valid through its
/// last moment.
pub fn end_of_date(text: &str) -> Option<i64> {
    const DAY_MS: i64 = 86_400_000;
    Some(start_of_date(text)? + DAY_MS)
}

fn date_shaped(text: &str) -> bool {
    matches(text, "0000-00-00")
}

/// `hh:mm:ss`, an optional fraction, and `Z` or an offset `+hh:mm` (RFC 3339, section 5.6).
fn time_shaped(text: &str) -> bool {
    let Some((clock, rest)) = text.split_at_checked(8) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let offset = |text: &str| {
        text.strip_prefix(['+', '-'])
            .is_some_and(|offset| matches(offset, "00:00"))
    };
    matches(clock, "00:00:00") && (zone == "Z" || zone == "z" || offset(zone))
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

/// An instant as Cedar and people write it: RFC 3339 in UTC with milliseconds, years 0000 to 9999.
pub fn to_text(millis: i64) -> Option<String> {
    let instant = Timestamp::from_millisecond(millis).ok()?;
    let text = format!("{instant:.3}");
    (text.len() == 24).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_need_a_zone() {
        for (text, expected) in [
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("1970-01-01T01:00:00+01:00", Some(0)),
            ("1970-01-01T00:00:00.250z", Some(250)),
            ("1970-01-01t00:00:00Z", Some(0)),
            ("1970-01-01T00:00:00", None),
            ("1970-01-01T00:00Z", None),
            ("1970-13-01T00:00:00Z", None),
            ("19700101T000000Z", None),
            ("1970-01-01T00:00:00Z[Europe/Paris]", None),
            ("1970-01-01", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_end_with_their_day() {
        assert_eq!(end_of_date("1970-01-01"), Some(86_400_000));
        assert_eq!(end_of_date("1970-02-30"), None);
        assert_eq!(end_of_date("19700101"), None);
        assert_eq!(to_text(250).as_deref(), Some("1970-01-01T00:00:00.250Z"));
    }
}
