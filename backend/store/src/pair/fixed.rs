//! What a pre-configured link fixes holds for every pair of its orders: its owner pays for moves to that provider alone.

use mailferry_shared::{account::SideName, endpoint::Endpoint, order::ProviderChoice};

use crate::{db::Tx, error::StoreError, order::OrderRecord, value::args};

/// Sides of an order whose server its link fixes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixed {
    source: bool,
    destination: bool,
}

impl Fixed {
    pub(super) async fn of(tx: &mut Tx, order: &OrderRecord) -> Result<Self, StoreError> {
        let Some(link) = order.asker.link_id else { return Ok(Self { source: false, destination: false }) };
        let row = tx.row("SELECT source, destination FROM links WHERE id = $1", args![link]).await?;
        let fixes = |side: Option<String>| side.is_some();
        Ok(Self { source: fixes(row.get("source")?), destination: fixes(row.get("destination")?) })
    }

    /// Makes sure that a pair names no other servers of its own.
    pub(super) fn permits(
        self,
        order: &OrderRecord,
        source: Option<&Endpoint>,
        destination: Option<&Endpoint>,
    ) -> Result<(), StoreError> {
        let other = |fixed: bool, own: Option<&Endpoint>, choice: Option<&ProviderChoice>| {
            fixed && own.is_some_and(|own| choice.is_none_or(|choice| choice.endpoint != *own))
        };
        if other(self.source, source, order.source.as_ref()) {
            return Err(StoreError::FixedByLink(SideName::Source));
        }
        if other(self.destination, destination, order.destination.as_ref()) {
            return Err(StoreError::FixedByLink(SideName::Destination));
        }
        Ok(())
    }
}
