//! Numbers for people: which unit, how many decimals. The language's own way of writing them is `Intl`'s part.

use std::fmt;

use mailferry_shared::payment::Price;

/// A unit of size, as `Intl.NumberFormat` names it; decimal, like the limits that providers name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeUnit {
    /// 1
    Byte,
    /// 1000
    Kilobyte,
    /// 1000²
    Megabyte,
    /// 1000³
    Gigabyte,
    /// 1000⁴
    Terabyte,
}

impl SizeUnit {
    const STEPS: [(Self, u64); 4] = [
        (Self::Terabyte, 1_000_000_000_000),
        (Self::Gigabyte, 1_000_000_000),
        (Self::Megabyte, 1_000_000),
        (Self::Kilobyte, 1_000),
    ];

    /// How long its name is in `Intl`: a byte has no sign that everybody knows, and its name a plural.
    pub fn display(self) -> &'static str {
        if self == Self::Byte { "long" } else { "short" }
    }

    /// Its name in `Intl`.
    pub fn intl(self) -> &'static str {
        match self {
            Self::Byte => "byte",
            Self::Kilobyte => "kilobyte",
            Self::Megabyte => "megabyte",
            Self::Gigabyte => "gigabyte",
            Self::Terabyte => "terabyte",
        }
    }
}

/// A size in the unit people would use: three significant digits at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// The value in `unit`.
    pub value: f64,
    /// The unit.
    pub unit: SizeUnit,
    /// Digits after the decimal sign.
    pub decimals: u8,
}

/// The text is no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a size in gigabytes looks like 2 or 0.5")]
pub struct SizeError;

/// Bytes of a number of gigabytes as typed, with a decimal point or comma; nothing typed is no size.
///
/// # Errors
/// What is no number, not above zero, or above a million.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and below 10^15")]
pub fn gigabytes(typed: &str) -> Result<Option<u64>, SizeError> {
    let typed = typed.trim().replace(',', ".");
    if typed.is_empty() {
        return Ok(None);
    }
    let value: f64 = typed.parse().map_err(|_| SizeError)?;
    let is_size = value.is_finite() && value * 1e9 >= 1.0 && value <= 1e6;
    if is_size { Ok(Some((value * 1e9).round() as u64)) } else { Err(SizeError) }
}

/// How a long id is told from its neighbours at a glance: by its end, for it begins with the time, as theirs do.
pub fn short_id(id: &str) -> String {
    let from = id.len().saturating_sub(8);
    format!("…{}", id.get(from..).unwrap_or_default())
}

/// An amount of money as typed, in the smallest unit of a currency of so many decimal places; nothing typed: none.
///
/// # Errors
/// What is no number, not above zero, or finer than the currency.
pub fn minor_units(typed: &str, decimals: u32) -> Result<Option<u64>, SizeError> {
    let typed = typed.trim().replace(',', ".");
    if typed.is_empty() {
        return Ok(None);
    }
    let (whole, part) = typed.split_once('.').unwrap_or((&typed, ""));
    let places = decimals as usize;
    let digits = format!("{whole}{part:0<places$}");
    let is_amount = !whole.is_empty() && part.len() <= places && digits.bytes().all(|byte| byte.is_ascii_digit());
    let minor = digits.parse().ok().filter(|minor| is_amount && *minor > 0);
    minor.map(Some).ok_or(SizeError)
}

/// An amount of money as it is typed: what [`minor_units`] reads again.
pub fn decimal(minor: u64, decimals: u32) -> String {
    let (unit, places) = (10_u64.pow(decimals), decimals as usize);
    if places == 0 { minor.to_string() } else { format!("{}.{:0places$}", minor / unit, minor % unit) }
}

/// `size_bytes` for people.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn size(size_bytes: u64) -> Size {
    let Some((unit, step)) = SizeUnit::STEPS.into_iter().find(|(_, step)| size_bytes >= *step) else {
        // "0 kB" reads better than "0 byte".
        let unit = if size_bytes == 0 { SizeUnit::Kilobyte } else { SizeUnit::Byte };
        return Size { value: size_bytes as f64, unit, decimals: 0 };
    };
    let value = size_bytes as f64 / step as f64;
    let decimals = u8::from(value < 9.95 && unit != SizeUnit::Kilobyte);
    Size { value, unit, decimals }
}

/// Of `seconds` for the messages and bytes of `whole`, those for `part`: whichever takes longer decides.
pub fn share_of(seconds: u64, part: (u64, u64), whole: (u64, u64)) -> u64 {
    let share = |part: u64, whole: u64| (u128::from(seconds) * u128::from(part)).div_ceil(u128::from(whole.max(1)));
    let longest = share(part.0, whole.0).max(share(part.1, whole.1));
    u64::try_from(longest).map_or(seconds, |longest| longest.min(seconds))
}

/// A duration in at most two units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Less than a minute.
    Moments,
    /// Minutes, rounded up.
    Minutes(u64),
    /// Hours and minutes (in fives).
    Hours(u64, u64),
    /// Days and hours.
    Days(u64, u64),
}

/// `seconds` for people.
pub fn span(seconds: u64) -> Span {
    let minutes = seconds.div_ceil(60);
    match minutes {
        0 | 1 if seconds < 60 => Span::Moments,
        0..60 => Span::Minutes(minutes),
        60..1440 => {
            let minutes = minutes.div_ceil(5) * 5;
            Span::Hours(minutes / 60, minutes % 60)
        }
        _ => {
            let hours = minutes.div_ceil(60);
            Span::Days(hours / 24, hours % 24)
        }
    }
}

/// How much is done, whole percent: 100 only when all is done, 0 when there is nothing to do.
pub fn percent(done: u64, all: u64) -> u8 {
    if all == 0 {
        return 0;
    }
    let percent = u128::from(done) * 100 / u128::from(all);
    u8::try_from(percent.min(100)).unwrap_or(100)
}

/// A host name's or provider's short form for narrow places: at most `limit` characters, with an ellipsis.
pub fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

impl fmt::Display for SizeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.intl())
    }
}

/// What `pairs` account pairs cost with tax, which is computed once, on the sum, and rounded half up.
pub fn total_minor(price: &Price, pairs: u64) -> u64 {
    let sum = price.pair_minor.saturating_mul(pairs);
    let tax = sum.saturating_mul(u64::from(price.tax_basis_points)).saturating_add(5_000) / 10_000;
    if price.tax_included { sum } else { sum.saturating_add(tax) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_typed_in_gigabytes_with_a_point_or_a_comma() {
        for (typed, bytes) in [("", None), ("  ", None), ("2", Some(2_000_000_000)), ("0.5", Some(500_000_000))] {
            assert_eq!(gigabytes(typed), Ok(bytes), "{typed}");
        }
        assert_eq!(gigabytes(" 1,25 "), Ok(Some(1_250_000_000)));
        for wrong in ["0", "-1", "much", "1.2.3", "inf", "nan", "1e9"] {
            assert_eq!(gigabytes(wrong), Err(SizeError), "{wrong}");
        }
    }

    #[test]
    fn an_amount_of_money_is_typed_as_precisely_as_its_currency_has_it() {
        for (typed, decimals, minor) in
            [("", 2, None), ("5", 2, Some(500)), (" 12,5 ", 2, Some(1250)), ("0.01", 2, Some(1))]
        {
            assert_eq!(minor_units(typed, decimals), Ok(minor), "{typed}");
        }
        assert_eq!(minor_units("500", 0), Ok(Some(500)), "yen have no smaller unit");
        assert_eq!(
            [(500, 0), (500, 2), (1205, 2)].map(|(minor, places)| decimal(minor, places)),
            ["500", "5.00", "12.05"]
        );
        for wrong in ["0", "-1", "1.234", "much", ".5", "1.2.3", "99999999999999999999"] {
            assert_eq!(minor_units(wrong, 2), Err(SizeError), "{wrong}");
        }
    }

    #[test]
    fn orders_of_the_same_hour_are_told_apart() {
        let (one, other) = ("0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0010", "0199d1c4-5d60-7b10-9c2f-3f1f7c5c0011");
        assert_eq!(short_id(one), "…7c5c0010");
        assert_ne!(short_id(one), short_id(other));
        assert_eq!(short_id("ab"), "…ab");
    }

    #[test]
    fn sizes_choose_their_unit_and_decimals() {
        let shown = |bytes| {
            let size = size(bytes);
            format!("{:.*} {}", usize::from(size.decimals), size.value, size.unit)
        };
        assert_eq!(shown(0), "0 kilobyte");
        assert_eq!(shown(999), "999 byte");
        assert_eq!(shown(1_499), "1 kilobyte");
        assert_eq!(shown(15_000_000), "15 megabyte");
        assert_eq!(shown(1_500_000), "1.5 megabyte");
        assert_eq!(shown(2_340_000_000), "2.3 gigabyte");
        assert_eq!(shown(9_990_000_000), "10 gigabyte");
        assert_eq!(shown(7_000_000_000_000), "7.0 terabyte");
    }

    #[test]
    fn durations_round_up_so_that_nobody_waits_longer_than_told() {
        assert_eq!(span(0), Span::Moments);
        assert_eq!(span(59), Span::Moments);
        assert_eq!(span(60), Span::Minutes(1));
        assert_eq!(span(61), Span::Minutes(2));
        assert_eq!(span(19 * 60), Span::Minutes(19));
        assert_eq!(span(3_600), Span::Hours(1, 0));
        assert_eq!(span(3_661), Span::Hours(1, 5));
        assert_eq!(span(86_400 + 3_601), Span::Days(1, 2));
    }

    #[test]
    fn hundred_percent_means_all() {
        assert_eq!(percent(0, 0), 0);
        assert_eq!(percent(999, 1000), 99);
        assert_eq!(percent(1000, 1000), 100);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
    }

    #[test]
    fn tax_is_computed_once_on_the_sum_as_the_bill_does() {
        let price = |tax_included| Price {
            currency: "EUR".parse().expect("a currency"),
            pair_minor: 1490,
            tax_name: "VAT".to_owned(),
            tax_basis_points: 1900,
            tax_included,
        };
        assert_eq!(total_minor(&price(true), 3), 4470);
        assert_eq!(total_minor(&price(false), 2), 3546);
        assert_eq!(total_minor(&price(false), 3), 5319);
    }

    #[test]
    fn long_names_are_shortened_by_characters() {
        assert_eq!(shortened("müller.example", 20), "müller.example");
        assert_eq!(shortened("müller.example", 7), "müller…");
    }
}
