//! Login checks.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    account::{LoginState, SideName, Survey},
    finding::Finding,
    ids::{CheckId, OrderId, PairId},
};

/// Starts a check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CheckCreate {
    /// Only these pairs; empty: every ticked pair.
    pub pair_ids: Vec<PairId>,
}

/// The result for one side of one pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckItem {
    /// The pair.
    pub pair_id: PairId,
    /// Which of its accounts.
    pub side: SideName,
    /// The account's name: the mailbox, where an admin logs in for it.
    pub user: String,
    /// True if an admin logs in for it. One login then stands for all that share the admin, and whether this mailbox
    /// can be opened is found when it is counted.
    #[serde(default)]
    pub delegated: bool,
    /// How the login went.
    pub login: LoginState,
    /// Why it failed, or what to look at.
    pub findings: Vec<Finding>,
    /// What lies in the account, once counted; comes after the login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<Survey>,
}

/// A check with the results so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Its id.
    pub id: CheckId,
    /// The order.
    pub order_id: OrderId,
    /// When it was asked for.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// True once every login has an answer.
    pub logins_finished: bool,
    /// True once every account that could be opened has been counted too.
    pub finished: bool,
    /// Two items a pair.
    pub items: Vec<CheckItem>,
}
