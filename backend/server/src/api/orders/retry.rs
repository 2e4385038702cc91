//! Changes to an order while workers change it too.

use mailferry_store::{OrderRecord, Store, StoreError};

/// So often a change is tried again before its owner is asked to.
const ATTEMPTS: usize = 5;

/// Does `act` to the order, once more with the order as it is by now whenever somebody else was faster.
///
/// # Errors
/// Those of `act`, and of reading the order again.
pub async fn on_conflict<T>(
    store: &Store,
    mut order: OrderRecord,
    act: impl AsyncFn(&OrderRecord) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    for _ in 1..ATTEMPTS {
        match act(&order).await {
            Err(StoreError::Conflict) => order = store.order(order.id).await?,
            other => return other,
        }
    }
    act(&order).await
}
