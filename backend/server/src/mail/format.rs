//! Numbers, sizes, times and amounts as a language writes them, by the rules in its translation file.

use chrono::{DateTime, Datelike, Timelike, Utc};
use mailferry_domain::money;
use mailferry_shared::payment::Currency;
use serde::Deserialize;

/// How a language writes numbers and times.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    decimal: String,
    group: String,
    date: String,
    day: String,
    money: String,
    percent: String,
    months: [String; 12],
}

impl Format {
    /// A whole number: `12,345`.
    pub fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let first = digits.len() % 3;
        let mut groups: Vec<&str> = if first > 0 { vec![&digits[..first]] } else { Vec::new() };
        groups.extend((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
        groups.join(&self.group)
    }

    /// A size in the largest unit that leaves something before the point, to three digits: `1.46 GB`.
    pub fn size(&self, bytes: u64) -> String {
        const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
        if bytes < 1000 {
            return format!("{bytes}\u{a0}B");
        }
        let (mut unit, mut value) = (0, u128::from(bytes));
        while value >= 1_000_000 && unit + 1 < UNITS.len() {
            value /= 1000;
            unit += 1;
        }
        // `value` is in thousandths of the unit.
        let (whole, thousandths) = (value / 1000, value % 1000);
        let text = match whole {
            0..10 => format!("{whole}{}{:02}", self.decimal, thousandths / 10),
            10..100 => format!("{whole}{}{}", self.decimal, thousandths / 100),
            _ => whole.to_string(),
        };
        format!("{text}\u{a0}{}", UNITS[unit])
    }

    /// A day and a time of day, in UTC, and says so.
    pub fn time(&self, time: DateTime<Utc>) -> String {
        let text = self.date.replace("{hour}", &format!("{:02}", time.hour()));
        self.fill_day(&text.replace("{minute}", &format!("{:02}", time.minute())), time)
    }

    /// A day.
    pub fn day(&self, time: DateTime<Utc>) -> String {
        self.fill_day(&self.day, time)
    }

    fn fill_day(&self, text: &str, time: DateTime<Utc>) -> String {
        let month = usize::try_from(time.month0()).ok().and_then(|month| self.months.get(month));
        text.replace("{day}", &time.day().to_string())
            .replace("{month}", month.map_or("", String::as_str))
            .replace("{year}", &time.year().to_string())
    }

    /// An amount with its currency: `EUR 1,234.50`.
    pub fn money(&self, currency: Currency, minor: u64) -> String {
        let text = money::decimal(currency, minor);
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| self.number(whole));
        let point = if fraction.is_empty() { "" } else { &self.decimal };
        let amount = format!("{whole}{point}{fraction}");
        self.money.replace("{amount}", &amount).replace("{currency}", currency.as_str()).replace(' ', "\u{a0}")
    }

    /// A rate in hundredths of a percent: `19%`, `7.7%`.
    pub fn percent(&self, basis_points: u32) -> String {
        let text = format!("{}.{:02}", basis_points / 100, basis_points % 100);
        let text = text.trim_end_matches('0').trim_end_matches('.').replace('.', &self.decimal);
        self.percent.replace("{number}", &text).replace(' ', "\u{a0}")
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use mailferry_shared::order::Language;

    use crate::mail::texts::Texts;

    use super::*;

    fn format(language: Language) -> Format {
        Texts::of(language).expect("complete").format
    }

    #[test]
    fn numbers_and_sizes_have_the_languages_separators() {
        let (en, de, nb) = (format(Language::En), format(Language::De), format(Language::Nb));
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(|n| en.number(n)), ["0", "12", "123", "1,234", "1,234,567"]);
        assert_eq!((de.number(1234), nb.number(12_345)), ("1.234".to_owned(), "12\u{a0}345".to_owned()));
        let sizes = [999, 1000, 1_456_000, 14_560_000, 145_600_000, 2_000_000_000_000].map(|n| de.size(n));
        assert_eq!(
            sizes,
            ["999\u{a0}B", "1,00\u{a0}kB", "1,45\u{a0}MB", "14,5\u{a0}MB", "145\u{a0}MB", "2,00\u{a0}TB"]
        );
    }

    #[test]
    fn times_and_amounts_are_written_as_people_of_the_language_do() {
        let time = Utc.with_ymd_and_hms(2026, 12, 6, 9, 5, 0).single().expect("a time");
        let times = Language::ALL.map(|language| format(language).time(time));
        assert_eq!(
            times,
            [
                "6 December 2026, 09:05 UTC",
                "6. Dezember 2026, 09:05 Uhr (UTC)",
                "6. desember 2026 kl. 09.05 (UTC)",
                "6 de dezembro de 2026, às 09:05 (UTC)",
                "6 dicembre 2026, ore 09:05 (UTC)"
            ]
        );
        let euro = "EUR".parse().expect("a currency");
        assert_eq!(format(Language::En).money(euro, 123_450), "EUR\u{a0}1,234.50");
        assert_eq!(format(Language::De).money(euro, 123_450), "1.234,50\u{a0}EUR");
        assert_eq!(format(Language::En).money("JPY".parse().expect("a currency"), 1500), "JPY\u{a0}1,500");
        assert_eq!([1900, 770, 1925].map(|rate| format(Language::It).percent(rate)), ["19%", "7,7%", "19,25%"]);
    }
}
