//! Tenants, which operators make.

use mailferry_shared::tenant::TenantLimits;

use super::validate::Check;

pub mod change;
pub mod create;
pub mod list;

/// Notes what is wrong with a tenant's limits.
fn check_limits(check: &mut Check, limits: &TenantLimits) {
    let good = limits.max_pairs.is_none_or(|pairs| (1..=5000).contains(&pairs));
    check.that(good, "/limits/max_pairs", "An order may have 1 to 5000 account pairs.");
    let good = limits.max_active_orders.is_none_or(|orders| (1..=10_000).contains(&orders));
    check.that(good, "/limits/max_active_orders", "1 to 10000 orders may be at work at once.");
    let good = limits.max_message_bytes.is_none_or(|bytes| (1..=i64::MAX as u64).contains(&bytes));
    check.that(good, "/limits/max_message_bytes", "The largest message is at least 1 byte.");
    let good = limits.max_connections_per_host.is_none_or(|connections| (1..=1000).contains(&connections));
    check.that(good, "/limits/max_connections_per_host", "1 to 1000 connections to one server may be open at once.");
}
