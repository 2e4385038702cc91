//! Reading times. chrono takes them in many forms, which would be a heavy part of a page that only ever reads what the
//! service writes; so the page reads that form alone. The service takes what chrono takes.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, de::Error};

/// Reads the field of a time.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    Moment::deserialize(deserializer).map(|moment| moment.0)
}

/// Reads the field of a time that may be absent.
pub(crate) fn read_opt<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(Option::<Moment>::deserialize(deserializer)?.map(|moment| moment.0))
}

/// Reads the field of a day that may be absent.
pub(crate) fn read_day_opt<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    Ok(Option::<Day>::deserialize(deserializer)?.map(|day| day.0))
}

struct Moment(DateTime<Utc>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if cfg!(not(target_arch = "wasm32")) {
            return DateTime::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        moment(&text).map(Self).ok_or_else(|| D::Error::custom("no time"))
    }
}

struct Day(NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if cfg!(not(target_arch = "wasm32")) {
            return NaiveDate::deserialize(deserializer).map(Self);
        }
        let text = String::deserialize(deserializer)?;
        day(&text).map(Self).ok_or_else(|| D::Error::custom("no day"))
    }
}

/// The day that `text` begins with, "2026-11-22" (RFC 3339, `full-date`).
pub fn day(text: &str) -> Option<NaiveDate> {
    let text = text.as_bytes();
    let [year, month, day] = [number(text, 0, 4)?, number(text, 5, 2)?, number(text, 8, 2)?];
    NaiveDate::from_ymd_opt(year.cast_signed(), month, day)
}

/// "2026-11-22T05:30:00Z" (RFC 3339), with or without a fraction of the second, in any zone.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let day = day(text)?;
    let text = text.as_bytes();
    let [hour, minute, second] = [number(text, 11, 2)?, number(text, 14, 2)?, number(text, 17, 2)?];
    let mut at = 19;
    let mut nanos = 0;
    if text.get(at) == Some(&b'.') {
        let mut unit = 1_000_000_000;
        while let Some(digit) = number(text, at + 1, 1) {
            unit /= 10;
            nanos += digit * unit;
            at += 1;
        }
        at += 1;
    }
    let east_minutes = match text.get(at..)? {
        [b'Z'] => 0,
        [sign, zone @ ..] => {
            let minutes = i64::from(number(zone, 0, 2)? * 60 + number(zone, 3, 2)?);
            if *sign == b'-' { -minutes } else { minutes }
        }
        [] => return None,
    };
    let local = day.and_hms_nano_opt(hour, minute, second, nanos)?.and_utc();
    local.checked_sub_signed(TimeDelta::minutes(east_minutes))
}

/// The number that `digits` bytes from `at` on are.
fn number(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    text.get(at..at + digits)?.iter().try_fold(0, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u32::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn the_page_reads_every_time_that_the_service_writes() {
        for seconds in [0, 951_827_696, 1_767_225_599, 1_795_000_000, 4_102_444_800] {
            for nanos in [0, 1, 5_000_000, 120_000_000, 123_456_789] {
                let time = DateTime::from_timestamp(seconds, nanos).expect("a time");
                let zone = |minutes| time.with_timezone(&FixedOffset::east_opt(minutes * 60).expect("a zone"));
                let own = serde_json::to_string(&time).expect("json");
                let zones = [zone(120), zone(-210), zone(0)].map(|time| serde_json::to_string(&time).expect("json"));
                for json in zones.iter().chain([&own]) {
                    assert_eq!(moment(json.trim_matches('"')), Some(time), "{json}");
                }
                let date = time.date_naive();
                let json = serde_json::to_string(&date).expect("json");
                assert_eq!(day(json.trim_matches('"')), Some(date));
            }
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z"] {
            assert_eq!(moment(text), None, "{text}");
        }
        for text in ["2026-01-01T00:00:00", "2026-01-01T00:00:0xZ", "2026-01-01T00:00:00+0", "today", "ünfug-ää-ö"]
        {
            assert_eq!(moment(text), None, "{text}");
        }
        assert_eq!(day("2026-02-29"), None);
    }
}
