//! How long things last, and how many may be at work.

use chrono::Duration;
use clap::Args;
use mailferry_domain::order::{DelayHours, Terms};

use super::SettingError;

/// How long links, drafts and data last, and when a delta may start by itself.
#[derive(Debug, Clone, Args)]
pub struct TermArgs {
    /// Days that a link works after the end of the main run or the last delta.
    #[arg(long, env = "MAILFERRY_LINK_DAYS", value_name = "DAYS", default_value = "14", value_parser = days())]
    pub link_days: u32,
    /// Days that it works at most after the first start.
    #[arg(long, env = "MAILFERRY_LINK_DAYS_AT_MOST", value_name = "DAYS", default_value = "45", value_parser = days())]
    pub link_days_at_most: u32,
    /// Days before its end at which a mail says so.
    #[arg(long, env = "MAILFERRY_LINK_WARNING_DAYS", value_name = "DAYS", default_value = "3", value_parser = days())]
    pub link_warning_days: u32,
    /// Days after which a draft that nobody starts is closed.
    #[arg(long, env = "MAILFERRY_DRAFT_DAYS", value_name = "DAYS", default_value = "30", value_parser = days())]
    pub draft_days: u32,
    /// Days after an order's end at which its personal data is deleted.
    #[arg(long, env = "MAILFERRY_PURGE_DAYS", value_name = "DAYS", default_value = "30", value_parser = days())]
    pub purge_days: u32,
    /// Hours between the first run and a delta that starts by itself: usual, least, most.
    #[arg(
        long,
        env = "MAILFERRY_DELTA_HOURS",
        value_name = "USUAL,LEAST,MOST",
        default_value = "8,4,23",
        value_parser = delta_hours
    )]
    pub delta_hours: DelayHours,
    /// Orders at work at once for each member or API key; not for the public page. A tenant may have a limit of its own.
    #[arg(
        long,
        env = "MAILFERRY_ACTIVE_ORDERS",
        value_name = "NUMBER",
        default_value = "10",
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub active_orders: u32,
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=3650)
}

fn delta_hours(text: &str) -> Result<DelayHours, String> {
    let numbers: Option<Vec<u32>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[usual, least, most]) if least >= 1 && least <= usual && usual <= most && most <= 720 => {
            Ok(DelayHours { usual, least, most })
        }
        _ => Err("MAILFERRY_DELTA_HOURS must be three numbers up to 720, the usual one between least and most, like \
                  8,4,23"
            .to_owned()),
    }
}

impl TermArgs {
    /// The terms.
    ///
    /// # Errors
    /// [`SettingError`] if they contradict each other.
    pub fn terms(&self) -> Result<Terms, SettingError> {
        let days = |count: u32| Duration::days(i64::from(count));
        if self.link_days > self.link_days_at_most {
            let reason = "must not be less than MAILFERRY_LINK_DAYS".to_owned();
            return Err(SettingError { setting: "MAILFERRY_LINK_DAYS_AT_MOST", reason });
        }
        Ok(Terms {
            link_after_end: days(self.link_days),
            link_after_start: days(self.link_days_at_most),
            draft_life: days(self.draft_days),
            link_warning: days(self.link_warning_days),
            purge_after_end: days(self.purge_days),
            delta_delay_hours: self.delta_hours,
            active_orders: self.active_orders,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_is_three_numbers_in_order() {
        assert_eq!(delta_hours("8, 4,23"), Ok(DelayHours { usual: 8, least: 4, most: 23 }));
        for wrong in ["", "8", "8,4", "4,8,23", "24,4,23", "8,0,23", "8,4,721", "8,4,x"] {
            assert!(delta_hours(wrong).is_err(), "{wrong}");
        }
    }
}
