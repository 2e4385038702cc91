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
}
