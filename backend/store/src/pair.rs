//! Account pairs and their sides.

mod fixed;
mod same;

use std::collections::{HashMap, HashSet};

use mailferry_domain::order::OrderTransitionError;
use mailferry_shared::{
    account::{AccountChange, AccountCreate, AccountPair, LoginState, MailAmount, Side, SideInput, SideName, Survey},
    delegation::{CredentialKind, Delegation},
    endpoint::Endpoint,
    ids::{OrderId, PairId},
    order::{OrderAction, OrderState},
    run::RunSummary,
    secret::Secret,
};

use crate::{
    credential::{Place, entered},
    db::Tx,
    error::StoreError,
    ledger::delete_ledger,
    order::{OrderRecord, lock_order},
    page::{Part, Position, Way},
    run::runs_of_pairs,
    store::Store,
    value::{Arg, Row, args, code, json},
};

use fixed::Fixed;
use same::{Ends, ends};

impl Store {
    /// Adds pairs to an order, all or none. Passwords are sealed.
    ///
    /// # Errors
    /// [`StoreError::TooManyPairs`] if the order would have more than `limit`; [`StoreError::SamePair`] if one of them is in
    /// it already; [`StoreError::FixedByLink`]; [`StoreError::WrongState`]; [`StoreError::NotFound`].
    pub async fn create_pairs(
        &self,
        order_id: OrderId,
        limit: u32,
        new: &[AccountCreate],
    ) -> Result<Vec<PairId>, StoreError> {
        let mut tx = self.write().await?;
        // Whoever adds at the same time waits here, so that the limit holds.
        let order = lock_order(&mut tx, order_id).await?;
        may_change(&order)?;
        let ids = self.insert_pairs(&mut tx, &order, limit, new).await?;
        tx.commit().await?;
        Ok(ids)
    }

    /// The same for an order that this transaction has locked.
    pub(crate) async fn insert_pairs(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        limit: u32,
        new: &[AccountCreate],
    ) -> Result<Vec<PairId>, StoreError> {
        let sql = "SELECT COUNT(*) AS n, COALESCE(MAX(position), 0) AS last FROM pairs WHERE order_id = $1";
        let row = tx.row(sql, args![order.id]).await?;
        let (count, mut position) = (row.get::<u64>("n")?, row.get::<u64>("last")?);
        if count + new.len() as u64 > u64::from(limit) {
            return Err(StoreError::TooManyPairs { limit });
        }
        let mut there: HashSet<Ends> = ends(tx, order).await?.into_iter().map(|(_, ends)| ends).collect();
        let fixed = Fixed::of(tx, order).await?;
        let mut ids = Vec::with_capacity(new.len());
        for pair in new {
            fixed.permits(order, pair.source.endpoint.as_ref(), pair.destination.endpoint.as_ref())?;
            if !there.insert(Ends::of(order, pair)) {
                return Err(StoreError::SamePair);
            }
            position += 1;
            ids.push(self.insert_pair(tx, order, position, pair).await?);
        }
        Ok(ids)
    }

    async fn insert_pair(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        position: u64,
        new: &AccountCreate,
    ) -> Result<PairId, StoreError> {
        let id = PairId(self.new_id()?);
        tx.execute(
            "INSERT INTO pairs (id, order_id, position, ticked, created_at) VALUES ($1, $2, $3, $4, $5)",
            args![id, order.id, position, new.ticked, self.now()],
        )
        .await?;
        for (side, input) in [(SideName::Source, &new.source), (SideName::Destination, &new.destination)] {
            tx.execute(
                "INSERT INTO sides (pair_id, side, user_name, act_for, endpoint, credential_kind, delegation, by_admin,
                    login, findings) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'unchecked', '[]')",
                side_args(id, side, input)?,
            )
            .await?;
            if let Some(password) = given(input)? {
                let place = Place { tenant_id: order.tenant_id, order_id: order.id, pair_id: id, side };
                self.keep_password(tx, place, password.expose()).await?;
            }
        }
        Ok(id)
    }

    /// The order's pairs as they were entered, each with its runs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]. An order that does not exist has none.
    pub async fn pairs(&self, order_id: OrderId) -> Result<Vec<AccountPair>, StoreError> {
        let mut tx = self.read().await?;
        Ok(read_pairs(&mut tx, order_id, None, Part::ALL).await?.into_iter().map(|(_, pair)| pair).collect())
    }

    /// A part of the same, each pair with where it stands in the list.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pairs_part(&self, order_id: OrderId, part: Part) -> Result<Vec<(Position, AccountPair)>, StoreError> {
        read_pairs(&mut self.read().await?, order_id, None, part).await
    }

    /// One pair of the order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a pair of another order.
    pub async fn pair(&self, order_id: OrderId, pair_id: PairId) -> Result<AccountPair, StoreError> {
        let mut tx = self.read().await?;
        read_pair(&mut tx, order_id, pair_id).await?.ok_or(StoreError::NotFound)
    }

    /// Changes a pair. A side keeps its password if none is given and user and server stay; what was found about it
    /// before is void if anything of it changes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a pair of another order; [`StoreError::SamePair`] if it would become the same as
    /// another one.
    pub async fn change_pair(
        &self,
        order_id: OrderId,
        pair_id: PairId,
        change: &AccountChange,
    ) -> Result<AccountPair, StoreError> {
        let mut tx = self.write().await?;
        let order = lock_order(&mut tx, order_id).await?;
        let was = read_pair(&mut tx, order_id, pair_id).await?.ok_or(StoreError::NotFound)?;
        let sql = "UPDATE pairs SET ticked = COALESCE($3, ticked) WHERE order_id = $1 AND id = $2";
        tx.execute(sql, args![order_id, pair_id, change.ticked]).await?;
        let before = ends(&mut tx, &order).await?;
        for (side, input) in [(SideName::Source, &change.source), (SideName::Destination, &change.destination)] {
            if let Some(input) = input {
                let place = Place { tenant_id: order.tenant_id, order_id, pair_id, side };
                self.change_side(&mut tx, place, input).await?;
            }
        }
        let after = ends(&mut tx, &order).await?;
        let own = |all: &[(PairId, Ends)]| all.iter().find(|(id, _)| *id == pair_id).map(|(_, ends)| ends.clone());
        // What was the same before may still be given another password.
        if own(&before) != own(&after)
            && after.iter().any(|(id, ends)| *id != pair_id && Some(ends) == own(&after).as_ref())
        {
            return Err(StoreError::SamePair);
        }
        let pair = read_pair(&mut tx, order_id, pair_id).await?.ok_or(StoreError::NotFound)?;
        Fixed::of(&mut tx, &order).await?.permits(
            &order,
            pair.source.endpoint.as_ref(),
            pair.destination.endpoint.as_ref(),
        )?;
        // Whoever asked before the start or the end, and comes after it, finds that it is over.
        let over = matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled);
        if over || !is_same_but_password(&was, &pair) {
            may_change(&order)?;
        }
        tx.commit().await?;
        Ok(pair)
    }

    /// Ticks or unticks pairs of an order that has not been started: those named, or all if none is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if one of them is not in the order: then none is changed; [`StoreError::WrongState`].
    pub async fn tick_pairs(&self, order_id: OrderId, ticked: bool, only: &[PairId]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let order = lock_order(&mut tx, order_id).await?;
        may_change(&order)?;
        if only.is_empty() {
            tx.execute("UPDATE pairs SET ticked = $2 WHERE order_id = $1", args![order_id, ticked]).await?;
        }
        for id in only {
            let sql = "UPDATE pairs SET ticked = $3 WHERE order_id = $1 AND id = $2";
            if tx.execute(sql, args![order_id, *id, ticked]).await? == 0 {
                return Err(StoreError::NotFound);
            }
        }
        tx.commit().await
    }

    async fn change_side(&self, tx: &mut Tx, place: Place, input: &SideInput) -> Result<(), StoreError> {
        let side = code(&place.side)?;
        let sql = "SELECT user_name, act_for, endpoint, credential_kind, delegation, by_admin FROM sides
             WHERE pair_id = $1 AND side = $2";
        let row = tx.row(sql, args![place.pair_id, &side]).await?;
        let same_login = row.get::<String>("user_name")? == input.user
            && row.json_opt::<Endpoint>("endpoint")? == input.endpoint
            && row.code::<CredentialKind>("credential_kind")? == input.credential
            && row.get::<bool>("by_admin")? == input.by_admin;
        let same_mailbox = same_login
            && row.get::<Option<String>>("act_for")? == input.act_for
            && row.json_opt::<Delegation>("delegation")? == input.delegation;
        let password = given(input)?;
        if let Some(password) = &password {
            self.keep_password(tx, place, password.expose()).await?;
        } else if !same_login {
            Self::drop_password(tx, place.pair_id, place.side).await?;
        }
        if same_mailbox && password.is_none() {
            return Ok(());
        }
        tx.execute(
            "UPDATE sides SET user_name = $3, act_for = $4, endpoint = $5, credential_kind = $6, delegation = $7,
                by_admin = $8, login = 'unchecked', findings = '[]' WHERE pair_id = $1 AND side = $2",
            side_args(place.pair_id, place.side, input)?,
        )
        .await?;
        if !same_mailbox {
            let sql = "UPDATE sides SET survey_folders = NULL, survey_messages = NULL, survey_bytes = NULL,
                    survey_free_bytes = NULL, survey_trash_messages = NULL, survey_trash_bytes = NULL,
                    survey_junk_messages = NULL, survey_junk_bytes = NULL WHERE pair_id = $1 AND side = $2";
            tx.execute(sql, args![place.pair_id, &side]).await?;
        }
        Ok(())
    }

    /// Deletes a pair with its runs and its ledger.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Active`] while a run of it has not ended.
    pub async fn delete_pair(&self, order_id: OrderId, pair_id: PairId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        lock_order(&mut tx, order_id).await?;
        let sql = "SELECT COUNT(*) AS n FROM runs WHERE pair_id = $1 AND state IN ('queued', 'running', 'paused')";
        if tx.row(sql, args![pair_id]).await?.get::<i64>("n")? > 0 {
            return Err(StoreError::Active);
        }
        let sql = "DELETE FROM pairs WHERE order_id = $1 AND id = $2";
        if tx.execute(sql, args![order_id, pair_id]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        delete_ledger(&mut tx, pair_id.0).await?;
        tx.commit().await
    }
}

/// Pairs are added and changed before the start only. Asked once the order is locked, so that nothing comes between.
fn may_change(order: &OrderRecord) -> Result<(), StoreError> {
    if order.life.actions().contains(&OrderAction::Change) {
        return Ok(());
    }
    Err(OrderTransitionError { from: order.life.state(), action: "have its accounts changed" }.into())
}

/// True if the same is moved in the same way.
fn is_same_but_password(was: &AccountPair, now: &AccountPair) -> bool {
    let login = |side: &Side| {
        let (user, act_for, endpoint) = (side.user.clone(), side.act_for.clone(), side.endpoint.clone());
        (user, act_for, endpoint, side.credential, side.delegation.clone(), side.by_admin)
    };
    was.ticked == now.ticked
        && login(&was.source) == login(&now.source)
        && login(&was.destination) == login(&now.destination)
}

/// The password, or what access tokens are fetched with, if it was entered. Whom the order's admin logs in for has none.
fn given(input: &SideInput) -> Result<Option<Secret>, StoreError> {
    let own = entered(input.credential, input.password.as_ref(), input.oauth.as_ref())?;
    Ok(own.filter(|_| !input.by_admin))
}

/// The columns of a side that are entered, from `$1` on.
fn side_args(id: PairId, side: SideName, input: &SideInput) -> Result<Vec<Arg>, StoreError> {
    Ok(args![
        id,
        code(&side)?,
        &input.user,
        input.act_for.clone(),
        input.endpoint.as_ref().map(json).transpose()?,
        code(&input.credential)?,
        input.delegation.as_ref().map(json).transpose()?,
        input.by_admin,
    ])
}

async fn read_pair(tx: &mut Tx, order_id: OrderId, id: PairId) -> Result<Option<AccountPair>, StoreError> {
    Ok(read_pairs(tx, order_id, Some(id), Part::ALL).await?.pop().map(|(_, pair)| pair))
}

async fn read_pairs(
    tx: &mut Tx,
    order_id: OrderId,
    only: Option<PairId>,
    part: Part,
) -> Result<Vec<(Position, AccountPair)>, StoreError> {
    let mut args = args![order_id, only];
    let clause = part.clause(["position", "id"], Way::Up, &mut args);
    let wanted = format!(
        "SELECT id, order_id, position, ticked FROM pairs WHERE order_id = $1 AND ($2 IS NULL OR id = $2){clause}"
    );
    let survey = survey_columns("s");
    let sql = format!(
        "SELECT s.pair_id, s.side, s.user_name, s.act_for, s.endpoint, s.credential_kind, s.delegation, s.by_admin,
            s.login, s.findings, {survey},
            CASE WHEN c.pair_id IS NOT NULL OR (s.by_admin = 1 AND a.sealed IS NOT NULL)
                THEN CAST(1 AS BIGINT) ELSE 0 END AS has_password, p.ticked, p.position
         FROM ({wanted}) p JOIN sides s ON s.pair_id = p.id
         LEFT JOIN credentials c ON c.pair_id = s.pair_id AND c.side = s.side
         LEFT JOIN admin_credentials a ON a.order_id = p.order_id AND a.side = s.side
         ORDER BY p.position, p.id, s.side DESC"
    );
    let rows = tx.rows(sql, args.clone()).await?;
    let mut runs: HashMap<PairId, Vec<RunSummary>> = HashMap::new();
    for run in runs_of_pairs(tx, &wanted, args).await? {
        runs.entry(run.summary.pair_id).or_default().push(run.summary);
    }
    // Two rows a pair: the source comes first, since 'source' > 'destination'.
    rows.chunks(2)
        .map(|sides| {
            let [source, destination] = sides else { return Err(StoreError::corrupt("sides")) };
            let id: PairId = source.get("pair_id")?;
            let pair = AccountPair {
                id,
                order_id,
                ticked: source.get("ticked")?,
                source: side_from(source)?,
                destination: side_from(destination)?,
                runs: runs.remove(&id).unwrap_or_default(),
            };
            Ok((Position { at: source.get("position")?, id: id.0 }, pair))
        })
        .collect()
}

fn side_from(row: &Row) -> Result<Side, StoreError> {
    Ok(Side {
        user: row.get("user_name")?,
        credential: row.code("credential_kind")?,
        act_for: row.get("act_for")?,
        delegation: row.json_opt("delegation")?,
        by_admin: row.get("by_admin")?,
        endpoint: row.json_opt("endpoint")?,
        has_password: row.get("has_password")?,
        login: row.code::<LoginState>("login")?,
        findings: row.json("findings")?,
        survey: survey_from(row)?,
    })
}

/// The columns that [`survey_from`] reads, of the table `alias`.
pub(crate) fn survey_columns(alias: &str) -> String {
    const COLUMNS: [&str; 8] =
        ["folders", "messages", "bytes", "free_bytes", "trash_messages", "trash_bytes", "junk_messages", "junk_bytes"];
    COLUMNS.map(|column| format!("{alias}.survey_{column}")).join(", ")
}

/// The survey in the columns `survey_…`.
pub(crate) fn survey_from(row: &Row) -> Result<Option<Survey>, StoreError> {
    let Some(messages) = row.get("survey_messages")? else { return Ok(None) };
    let count = |column| row.get::<Option<u64>>(column).map(Option::unwrap_or_default);
    Ok(Some(Survey {
        folders: count("survey_folders")?,
        messages,
        size_bytes: count("survey_bytes")?,
        free_bytes: row.get("survey_free_bytes")?,
        trash: MailAmount { messages: count("survey_trash_messages")?, size_bytes: count("survey_trash_bytes")? },
        junk: MailAmount { messages: count("survey_junk_messages")?, size_bytes: count("survey_junk_bytes")? },
    }))
}
