//! Numbers, sizes and times as the user's language writes them, by the browser's `Intl`.

use chrono::{DateTime, FixedOffset, NaiveDate, Offset as _, Utc};
use js_sys::{Array, Date, Intl, Object, Reflect};
use mailferry_shared::payment::Currency;
use wasm_bindgen::JsValue;

use crate::{
    format::{self, Span},
    i18n, t, tn,
};

fn locale() -> Array {
    Array::of1(&JsValue::from_str(i18n::current().tag))
}

fn options(entries: &[(&str, JsValue)]) -> Object {
    let options = Object::new();
    for (name, value) in entries {
        // Setting a property of a plain object cannot fail.
        let _ = Reflect::set(&options, &JsValue::from_str(name), value);
    }
    options
}

fn formatted(value: f64, entries: &[(&str, JsValue)]) -> String {
    let format = Intl::NumberFormat::new(&locale(), &options(entries));
    whole(format.format().call1(&JsValue::UNDEFINED, &JsValue::from_f64(value)))
}

/// What `Intl` has written, which no line break tears apart.
fn whole(text: Result<JsValue, JsValue>) -> String {
    text.ok().and_then(|text| text.as_string()).unwrap_or_default().replace(' ', "\u{a0}")
}

/// A whole number, "12,345".
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub(crate) fn number(count: u64) -> String {
    formatted(count as f64, &[])
}

/// A size, "15 MB".
pub(crate) fn size(size_bytes: u64) -> String {
    let size = format::size(size_bytes);
    formatted(
        size.value,
        &[
            ("style", "unit".into()),
            ("unit", size.unit.intl().into()),
            ("unitDisplay", size.unit.display().into()),
            ("maximumFractionDigits", size.decimals.into()),
        ],
    )
}

/// An amount of money in the currency's smallest unit, "€12.50".
#[expect(clippy::cast_precision_loss, reason = "amounts stay below 2^53")]
pub(crate) fn money(minor: u64, currency: Currency) -> String {
    let value = minor as f64 / 10_f64.powi(i32::try_from(currency.decimals()).unwrap_or_default());
    formatted(value, &[("style", "currency".into()), ("currency", currency.as_str().into())])
}

/// Percent, "42%".
pub(crate) fn percent(percent: u8) -> String {
    basis_points(u32::from(percent) * 100)
}

/// A rate in hundredths of a percent, "8.1%".
pub(crate) fn basis_points(points: u32) -> String {
    formatted(f64::from(points) / 10_000.0, &[("style", "percent".into()), ("maximumFractionDigits", 2.into())])
}

/// A duration in words, "19 minutes".
pub(crate) fn span(seconds: u64) -> String {
    match format::span(seconds) {
        Span::Moments => t!("duration.moments").to_owned(),
        Span::Minutes(minutes) => tn!("duration.minutes", minutes),
        Span::Hours(hours, 0) => tn!("duration.hours", hours),
        Span::Hours(hours, minutes) => join(&tn!("duration.hours", hours), &tn!("duration.minutes", minutes)),
        Span::Days(days, 0) => tn!("duration.days", days),
        Span::Days(days, hours) => join(&tn!("duration.days", days), &tn!("duration.hours", hours)),
    }
}

fn join(first: &str, second: &str) -> String {
    t!("duration.two", first = first, second = second)
}

/// The plural category of `count`, "one" or "other" in English.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub(crate) fn plural_category(count: u64) -> String {
    Intl::PluralRules::new(&locale(), &Object::new()).select(count as f64).into()
}

fn date(time: DateTime<Utc>) -> Date {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
    Date::new(&JsValue::from_f64(time.timestamp_millis() as f64))
}

fn dated(date: &Date, entries: &[(&str, JsValue)]) -> String {
    let format = Intl::DateTimeFormat::new(&locale(), &options(entries));
    whole(format.format().call1(&JsValue::UNDEFINED, date))
}

/// Date and time in the browser's time zone, "Nov 22, 5:30 AM"; the year is named where it is not this one.
pub(crate) fn date_time(time: DateTime<Utc>) -> String {
    let (date, today) = (date(time), date(now()));
    let parts =
        [("year", "numeric"), ("month", "short"), ("day", "numeric"), ("hour", "numeric"), ("minute", "2-digit")];
    let is_this_year = date.get_full_year() == today.get_full_year();
    dated(&date, &parts.map(|(name, value)| (name, value.into()))[usize::from(is_this_year)..])
}

/// Date and time to the second, in UTC, as programs write it.
pub(crate) fn exact_time(time: DateTime<Utc>) -> String {
    date(time).to_iso_string().into()
}

/// A time that was agreed upon, "Fri, Nov 27, 3:00 AM GMT+1": nobody mistakes the day or the zone.
pub(crate) fn appointment(time: DateTime<Utc>) -> String {
    let parts =
        [("weekday", "short"), ("month", "short"), ("day", "numeric"), ("hour", "numeric"), ("minute", "2-digit")];
    let zone = ("timeZoneName", "short");
    let parts = parts.into_iter().chain([zone]).map(|(name, value)| (name, JsValue::from(value))).collect::<Vec<_>>();
    // It is long: between day and time a line may end.
    dated(&date(time), &parts).replace(",\u{a0}", ", ")
}

/// A day, "31 Mar 2027", as it stands in the calendar: no time zone moves it.
pub(crate) fn day(day: NaiveDate) -> String {
    let noon = day.and_hms_opt(12, 0, 0).unwrap_or_default().and_utc();
    dated(&date(noon), &[("dateStyle", "medium".into()), ("timeZone", "UTC".into())])
}

/// The browser's time zone, "Europe/Berlin".
pub(crate) fn time_zone() -> String {
    let resolved = Intl::DateTimeFormat::new(&locale(), &Object::new()).resolved_options();
    let resolved: &JsValue = resolved.as_ref();
    Reflect::get(resolved, &"timeZone".into())
        .ok()
        .and_then(|zone| zone.as_string())
        .unwrap_or_else(|| "UTC".to_owned())
}

/// Reads the value of a `datetime-local` field, which is in the browser's time zone.
pub(crate) fn parse_local(text: &str) -> Option<DateTime<Utc>> {
    let time = Date::new(&JsValue::from_str(text)).get_time();
    // NaN, which means not a time, is not finite.
    if text.is_empty() || !time.is_finite() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a calendar date fit")]
    DateTime::from_timestamp_millis(time as i64)
}

/// The same with the browser's offset from UTC at that time, as it was typed.
pub(crate) fn parse_local_offset(text: &str) -> Option<DateTime<FixedOffset>> {
    parse_local(text).map(with_offset)
}

/// `time` with the browser's offset from UTC at that time.
pub(crate) fn with_offset(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    #[expect(clippy::cast_possible_truncation, reason = "an offset is a few hundred minutes")]
    let west_minutes = date(time).get_timezone_offset() as i32;
    let offset = FixedOffset::west_opt(west_minutes * 60).unwrap_or_else(|| Utc.fix());
    time.with_timezone(&offset)
}

/// Now, by the browser's clock.
pub(crate) fn now() -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a calendar date fit")]
    DateTime::from_timestamp_millis(Date::now() as i64).unwrap_or_default()
}

/// `time` as the value of a `datetime-local` field.
pub(crate) fn local_value(time: DateTime<Utc>) -> String {
    let date = date(time);
    let (year, month, day) = (date.get_full_year(), date.get_month() + 1, date.get_date());
    format!("{year}-{month:02}-{day:02}T{:02}:{:02}", date.get_hours(), date.get_minutes())
}

/// A rate, "1.5 MB/s".
pub(crate) fn rate(bytes_per_second: u64) -> String {
    t!("status.per_second", size = size(bytes_per_second))
}
