//! Account pairs that are the same: two of them in one order would copy the same mail into the same mailbox twice.

use std::collections::HashSet;

use mailferry_shared::{
    account::AccountCreate,
    endpoint::Endpoint,
    ids::{OrderId, PairId},
    order::ProviderChoice,
};

use crate::{
    db::Tx,
    error::StoreError,
    order::{OrderRecord, read_order},
    store::Store,
    value::args,
};

/// The mailboxes that a pair moves between, with their hosts. Letter case does not matter, nor who logs in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ends(String);

impl Ends {
    /// Of a pair that is to be added.
    pub(super) fn of(order: &OrderRecord, new: &AccountCreate) -> Self {
        let source = end(order.source.as_ref(), new.source.mailbox(), new.source.endpoint.as_ref());
        let destination = end(order.destination.as_ref(), new.destination.mailbox(), new.destination.endpoint.as_ref());
        Self(format!("{source}\n{destination}"))
    }
}

fn end(choice: Option<&ProviderChoice>, mailbox: &str, own: Option<&Endpoint>) -> String {
    let host = own.or(choice.map(|choice| &choice.endpoint)).map_or("", |endpoint| endpoint.host.as_str());
    format!("{mailbox}\n{host}").to_lowercase()
}

/// The ends of each of an order's pairs.
pub(super) async fn ends(tx: &mut Tx, order: &OrderRecord) -> Result<Vec<(PairId, Ends)>, StoreError> {
    let sql = "SELECT p.id, COALESCE(s.act_for, s.user_name) AS source, s.endpoint AS source_endpoint,
            COALESCE(d.act_for, d.user_name) AS destination, d.endpoint AS destination_endpoint
         FROM pairs p JOIN sides s ON s.pair_id = p.id AND s.side = 'source'
         JOIN sides d ON d.pair_id = p.id AND d.side = 'destination' WHERE p.order_id = $1";
    let rows = tx.rows(sql, args![order.id]).await?;
    rows.iter()
        .map(|row| {
            let own: [Option<Endpoint>; 2] = [row.json_opt("source_endpoint")?, row.json_opt("destination_endpoint")?];
            let [source, destination] = [row.get::<String>("source")?, row.get::<String>("destination")?];
            let source = end(order.source.as_ref(), &source, own[0].as_ref());
            let destination = end(order.destination.as_ref(), &destination, own[1].as_ref());
            Ok((row.get("id")?, Ends(format!("{source}\n{destination}"))))
        })
        .collect()
}

impl Store {
    /// Of pairs that might be added to an order, which are in it already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn known_pairs(&self, order_id: OrderId, new: &[AccountCreate]) -> Result<Vec<bool>, StoreError> {
        let mut tx = self.read().await?;
        let order = read_order(&mut tx, order_id).await?;
        let there: HashSet<Ends> = ends(&mut tx, &order).await?.into_iter().map(|(_, ends)| ends).collect();
        Ok(new.iter().map(|pair| there.contains(&Ends::of(&order, pair))).collect())
    }
}
