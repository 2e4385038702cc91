//! The list of migrations: orders as a hoster sees many of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    address::MailAddress,
    endpoint::HostName,
    ids::{ApiKeyId, MemberId, OrderId},
    order::{OrderState, ProviderChoice, StartKind},
    request::RequestState,
    schedule::DeltaSchedule,
};

/// What kind of service the mail comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MigrationType {
    /// Any mail service by IMAP.
    Standard,
    /// Gmail or Google Workspace.
    Gmail,
    /// An Exchange server.
    Exchange,
    /// Microsoft 365.
    Office365,
}

impl MigrationType {
    /// The type that follows from the old provider: its id in the list, and its server.
    pub fn of(source: Option<&ProviderChoice>) -> Self {
        let Some(choice) = source else { return Self::Standard };
        let id = choice.provider.as_deref().unwrap_or_default();
        let host = choice.endpoint.host.as_str();
        let is = |words: &[&str]| words.iter().any(|word| id.contains(word));
        let at = |domains: &[&str]| {
            domains
                .iter()
                .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        };
        if is(&["gmail", "google"]) || at(&["gmail.com", "googlemail.com"]) {
            Self::Gmail
        } else if is(&["microsoft", "office", "outlook", "365"]) || at(&["office365.com", "outlook.com"]) {
            Self::Office365
        } else if is(&["exchange"]) || host.split('.').any(|label| label.contains("exchange")) {
            Self::Exchange
        } else {
            Self::Standard
        }
    }
}

/// Who asked for an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderOrigin {
    /// The member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// The member's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_name: Option<String>,
    /// The API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<ApiKeyId>,
    /// The API key's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_name: Option<String>,
    /// The name of the pre-configured link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_name: Option<String>,
    /// The address for status mails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_address: Option<MailAddress>,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderListItem {
    /// The order number.
    pub id: OrderId,
    /// What whoever asked calls it, such as a number of a customer of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Where it stands.
    pub state: OrderState,
    /// Full migration or free trial; absent until started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<StartKind>,
    /// Who asked.
    pub origin: OrderOrigin,
    /// How the codes of its vouchers begin.
    pub codes: Vec<String>,
    /// What kind of service the mail comes from.
    #[serde(rename = "type")]
    pub migration_type: MigrationType,
    /// Where the request stands by which the operator was asked to do it; absent if nobody was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestState>,
    /// True if it runs against built-in test hosts.
    pub sandbox: bool,
    /// The server of the old provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<HostName>,
    /// The server of the new provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<HostName>,
    /// The first account's mailboxes, old and new, as an example of whose mail is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_account: Option<String>,
    /// Account pairs entered.
    pub pairs: u32,
    /// Of these, pairs that somebody must look at: their last run failed, wholly or for some messages, or waits for its
    /// owner. What options or limits left out is no failure, and is not counted here.
    pub attention: u32,
    /// How far it has come; absent before its first run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<OrderProgress>,
    /// When it was created.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// When its first run was, or is to be, started.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub first_run_at: Option<DateTime<Utc>>,
    /// When its second run, the first delta, was started.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub second_run_at: Option<DateTime<Utc>>,
    /// How its second run starts by itself, as long as it is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_schedule: Option<DeltaSchedule>,
    /// When its last run ended.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// How far an order has come, in brief: sums over the latest run of every pair, as its progress tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderProgress {
    /// Messages that have an outcome.
    pub done: u64,
    /// Of these, messages that are at the destination: copied, or there already.
    #[serde(default)]
    pub arrived: u64,
    /// Messages there are to deal with.
    pub total: u64,
    /// Bytes of the messages that have an outcome.
    pub done_bytes: u64,
    /// Bytes of all.
    pub total_bytes: u64,
    /// True while nobody knows the whole: the totals are at least what is told here.
    pub at_least: bool,
}

/// One page of the list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderPage {
    /// The orders.
    pub items: Vec<OrderListItem>,
    /// To be sent as `cursor` for the next page, with the same filter; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;

    fn of(provider: Option<&str>, host: &str) -> MigrationType {
        let endpoint = Endpoint::imaps(host.parse().expect("a host"));
        MigrationType::of(Some(&ProviderChoice { provider: provider.map(str::to_owned), endpoint }))
    }

    #[test]
    fn the_type_follows_from_provider_and_server() {
        assert_eq!(MigrationType::of(None), MigrationType::Standard);
        assert_eq!(of(Some("gmx"), "imap.gmx.net"), MigrationType::Standard);
        assert_eq!(of(Some("gmail"), "imap.gmail.com"), MigrationType::Gmail);
        assert_eq!(of(None, "imap.gmail.com"), MigrationType::Gmail);
        assert_eq!(of(Some("microsoft-365"), "outlook.office365.com"), MigrationType::Office365);
        assert_eq!(of(None, "outlook.office365.com"), MigrationType::Office365);
        assert_eq!(of(None, "exchange.example.org"), MigrationType::Exchange);
        assert_eq!(of(None, "imap.notgmail.com"), MigrationType::Standard);
    }
}
