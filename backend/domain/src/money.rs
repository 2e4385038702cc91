//! Prices: what so many account pairs cost, with tax, in whole numbers of the currency's smallest unit.

use mailferry_shared::payment::{Amount, Currency, Price};

/// 100 %, in hundredths of a percent.
const WHOLE: u128 = 10_000;

/// What `pairs` account pairs cost; `None` if the amount is beyond all sense.
///
/// Tax is computed once, on the sum, and rounded to the nearest unit, half up.
pub fn amount(price: &Price, pairs: u32) -> Option<Amount> {
    let sum = u128::from(price.pair_minor) * u128::from(pairs);
    let rate = u128::from(price.tax_basis_points);
    let (net, tax) = if price.tax_included {
        let tax = rounded(sum * rate, WHOLE + rate);
        (sum - tax, tax)
    } else {
        (sum, rounded(sum * rate, WHOLE))
    };
    // What a database and JSON's numbers hold exactly.
    let exact = |value: u128| u64::try_from(value).ok().filter(|value| *value < 1 << 53);
    Some(Amount {
        pairs,
        price: price.clone(),
        net_minor: exact(net)?,
        tax_minor: exact(tax)?,
        total_minor: exact(net + tax)?,
    })
}

fn rounded(dividend: u128, divisor: u128) -> u128 {
    (dividend * 2 + divisor) / (divisor * 2)
}

/// An amount as decimal text, as PayPal writes it: `29.80`.
pub fn decimal(currency: Currency, minor: u64) -> String {
    match currency.decimals() {
        0 => minor.to_string(),
        decimals => {
            let unit = 10u64.pow(decimals);
            format!("{}.{:0width$}", minor / unit, minor % unit, width = decimals as usize)
        }
    }
}

/// The amount that such a text means; `None` if it means none.
pub fn from_decimal(currency: Currency, text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let width = currency.decimals() as usize;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    // More decimals than the currency has may only be zeros.
    let (kept, rest) = fraction.split_at(fraction.len().min(width));
    if rest.bytes().any(|byte| byte != b'0') {
        return None;
    }
    format!("{whole}{kept:0<width$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(pair_minor: u64, tax_basis_points: u32, tax_included: bool) -> Price {
        Price {
            currency: "EUR".parse().expect("a currency"),
            pair_minor,
            tax_name: "VAT".to_owned(),
            tax_basis_points,
            tax_included,
        }
    }

    fn parts(price: &Price, pairs: u32) -> (u64, u64, u64) {
        let amount = amount(price, pairs).expect("sane");
        (amount.net_minor, amount.tax_minor, amount.total_minor)
    }

    #[test]
    fn tax_is_part_of_the_price_or_comes_on_top_and_is_rounded_once() {
        assert_eq!(parts(&price(1490, 1900, true), 2), (2504, 476, 2980));
        assert_eq!(parts(&price(1490, 1900, false), 2), (2980, 566, 3546));
        assert_eq!(parts(&price(333, 0, true), 3), (999, 0, 999));
        assert_eq!(parts(&price(5, 1000, false), 1), (5, 1, 6), "half a cent is rounded up");
        assert_eq!(amount(&price(u64::MAX, 1900, false), u32::MAX), None);
    }

    #[test]
    fn amounts_are_written_with_the_currencys_decimals() {
        let euro = "EUR".parse().expect("a currency");
        let yen = "JPY".parse().expect("a currency");
        assert_eq!(
            (decimal(euro, 2980), decimal(euro, 5), decimal(yen, 500)),
            ("29.80".into(), "0.05".into(), "500".into())
        );
        for (text, minor) in [("29.80", 2980), ("29.8", 2980), ("29", 2900), ("29.8000", 2980)] {
            assert_eq!(from_decimal(euro, text), Some(minor), "{text}");
        }
        for text in ["", ".", "-1", "1.005", "1e3", "1,00", " 1"] {
            assert_eq!(from_decimal(euro, text), None, "{text}");
        }
        assert_eq!(from_decimal(yen, "500"), Some(500));
    }

    proptest! {
        #[test]
        fn net_and_tax_are_the_total_and_texts_read_back(pair in 1u64..1_000_000, rate in 0u32..5000, pairs in 1u32..501, included: bool) {
            let amount = amount(&price(pair, rate, included), pairs).expect("sane");
            prop_assert_eq!(amount.net_minor + amount.tax_minor, amount.total_minor);
            let currency = amount.price.currency;
            prop_assert_eq!(from_decimal(currency, &decimal(currency, amount.total_minor)), Some(amount.total_minor));
        }
    }
}
