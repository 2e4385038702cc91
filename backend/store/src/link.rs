//! Pre-configured links that a hoster hands out. Their tokens are made of the id by the server's key: nothing to keep.

use chrono::{DateTime, Utc};
use mailferry_shared::{
    ids::{LinkId, TenantId, VoucherId},
    link::{Brand, LinkPart, LinkVoucher},
    order::{Language, ProviderChoice},
    voucher::{VoucherLimits, VoucherState},
};

use crate::{
    db::Tx,
    error::StoreError,
    order::OrderRecord,
    page::{Part, Way},
    store::Store,
    value::{Arg, Row, args, code, json},
    voucher::NewVouchers,
};

/// A pre-configured link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRecord {
    /// Its id.
    pub id: LinkId,
    /// Whose orders it makes.
    pub tenant_id: TenantId,
    /// What its owner calls it.
    pub name: String,
    /// The old provider that it fixes.
    pub source: Option<ProviderChoice>,
    /// The new provider that it fixes.
    pub destination: Option<ProviderChoice>,
    /// The page's language to begin with.
    pub language: Language,
    /// Whose name the page bears.
    pub brand: Brand,
    /// What it pays with.
    pub voucher: Option<LinkVoucher>,
    /// Good for one order only.
    pub once: bool,
    /// Orders made by it so far.
    pub uses: u32,
    /// Its orders run against built-in test hosts only.
    pub sandbox: bool,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// True once it was revoked.
    pub revoked: bool,
}

impl LinkRecord {
    /// Whether an order can be made by it.
    pub fn is_open(&self) -> bool {
        !(self.revoked || self.once && self.uses > 0)
    }
}

/// A new link.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// Whose orders it makes.
    pub tenant_id: TenantId,
    /// What its owner calls it.
    pub name: String,
    /// The old provider that it fixes.
    pub source: Option<ProviderChoice>,
    /// The new provider that it fixes.
    pub destination: Option<ProviderChoice>,
    /// The page's language to begin with.
    pub language: Language,
    /// Whose name the page bears.
    pub brand: Brand,
    /// A voucher of the tenant that it pays with.
    pub voucher_id: Option<VoucherId>,
    /// So many pairs that it pays for, without a voucher that exists already.
    pub prepaid_pairs: Option<u32>,
    /// Good for one order only.
    pub once: bool,
    /// Its orders run against built-in test hosts only.
    pub sandbox: bool,
}

/// Changes to a link; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct LinkUpdate {
    /// What its owner calls it.
    pub name: Option<String>,
    /// The old provider that it fixes.
    pub source: Option<ProviderChoice>,
    /// The new provider that it fixes.
    pub destination: Option<ProviderChoice>,
    /// What it fixes or brings no more; goes before a new value.
    pub release: Vec<LinkPart>,
    /// The page's language to begin with.
    pub language: Option<Language>,
    /// Whose name the page bears.
    pub brand: Option<Brand>,
    /// Another voucher of the tenant that it pays with.
    pub voucher_id: Option<VoucherId>,
    /// So many pairs more that it pays for, by a voucher of their own.
    pub prepaid_pairs: Option<u32>,
}

/// Whose voucher it is that a link pays with, and of which kind.
#[derive(Clone, Copy)]
struct Payer {
    tenant_id: TenantId,
    sandbox: bool,
}

const COLUMNS: &str =
    "l.id, l.tenant_id, l.name, l.source, l.destination, l.language, l.brand, l.once, l.uses, l.sandbox,
    l.created_at, l.revoked_at, l.voucher_id, v.hint, v.pairs, v.spent,
    v.revoked_at AS voucher_revoked_at, v.valid_until";

fn voucher_from(row: &Row, id: VoucherId, now: DateTime<Utc>) -> Result<LinkVoucher, StoreError> {
    let (pairs, pairs_used): (u32, u32) = (row.get("pairs")?, row.get("spent")?);
    let is_revoked = row.get::<Option<i64>>("voucher_revoked_at")?.is_some();
    let is_expired = row.get::<Option<DateTime<Utc>>>("valid_until")?.is_some_and(|until| until <= now);
    let state = match (is_revoked, pairs_used >= pairs, is_expired) {
        (true, _, _) => VoucherState::Revoked,
        (false, true, _) => VoucherState::Redeemed,
        (false, false, true) => VoucherState::Expired,
        (false, false, false) => VoucherState::Issued,
    };
    Ok(LinkVoucher { id, hint: row.get("hint")?, pairs, pairs_used, state })
}

fn link_from(row: &Row, now: DateTime<Utc>) -> Result<LinkRecord, StoreError> {
    let voucher_id: Option<VoucherId> = row.get("voucher_id")?;
    let voucher = voucher_id.map(|id| voucher_from(row, id, now)).transpose()?;
    Ok(LinkRecord {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        name: row.get("name")?,
        source: row.json_opt("source")?,
        destination: row.json_opt("destination")?,
        language: row.code("language")?,
        brand: row.json("brand")?,
        voucher,
        once: row.get("once")?,
        uses: row.get("uses")?,
        sandbox: row.get("sandbox")?,
        created_at: row.get("created_at")?,
        revoked: row.get::<Option<i64>>("revoked_at")?.is_some(),
    })
}

impl Store {
    async fn select_links(&self, filter: &str, args: Vec<Arg>) -> Result<Vec<LinkRecord>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM links l LEFT JOIN vouchers v ON v.id = l.voucher_id WHERE {filter}");
        let (rows, now) = (self.read().await?.rows(sql, args).await?, self.now());
        rows.iter().map(|row| link_from(row, now)).collect()
    }

    /// Makes a link, and what it pays with if it brings pairs of its own.
    ///
    /// # Errors
    /// [`StoreError::NoSuchVoucher`] for a voucher that is not the tenant's, or of the other kind (sandbox or not).
    pub async fn create_link(&self, new: NewLink) -> Result<LinkRecord, StoreError> {
        let id = LinkId(self.new_id()?);
        let mut tx = self.write().await?;
        let payer = Payer { tenant_id: new.tenant_id, sandbox: new.sandbox };
        let voucher_id = self.payer(&mut tx, payer, new.voucher_id, new.prepaid_pairs).await?;
        tx.execute(
            "INSERT INTO links (id, tenant_id, name, source, destination, language, brand, voucher_id, once, uses,
                sandbox, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11)",
            args![
                id,
                new.tenant_id,
                new.name,
                new.source.as_ref().map(json).transpose()?,
                new.destination.as_ref().map(json).transpose()?,
                code(&new.language)?,
                json(&new.brand)?,
                voucher_id,
                new.once,
                new.sandbox,
                self.now(),
            ],
        )
        .await?;
        tx.commit().await?;
        self.link(id).await
    }

    /// The voucher that a link pays with: one that exists, or one that is made for so many pairs.
    async fn payer(
        &self,
        tx: &mut Tx,
        Payer { tenant_id, sandbox }: Payer,
        voucher_id: Option<VoucherId>,
        prepaid_pairs: Option<u32>,
    ) -> Result<Option<VoucherId>, StoreError> {
        match (voucher_id, prepaid_pairs) {
            (Some(voucher), _) => {
                let sql =
                    "SELECT id FROM vouchers WHERE id = $1 AND tenant_id = $2 AND sandbox = $3 AND trial_only = 0";
                let found = tx.row_opt(sql, args![voucher, tenant_id, sandbox]).await?;
                Ok(Some(found.ok_or(StoreError::NoSuchVoucher)?.get("id")?))
            }
            (None, Some(pairs)) => {
                let limits = VoucherLimits::default();
                let batch = NewVouchers { tenant_id, pairs, count: 1, limits, note: String::new(), sandbox };
                Ok(self.insert_batch(tx, &batch).await?.1.first().map(|voucher| voucher.id))
            }
            (None, None) => Ok(None),
        }
    }

    /// A part of the links of a tenant, newest first; revoked ones too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn links(
        &self,
        tenant_id: TenantId,
        sandbox: Option<bool>,
        part: Part,
    ) -> Result<Vec<LinkRecord>, StoreError> {
        let mut args = args![tenant_id, sandbox];
        let clause = part.clause(["l.created_at", "l.id"], Way::Down, &mut args);
        let filter = format!("l.tenant_id = $1 AND ($2 IS NULL OR l.sandbox = $2){clause}");
        self.select_links(&filter, args).await
    }

    /// A link of any tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn link(&self, id: LinkId) -> Result<LinkRecord, StoreError> {
        self.select_links("l.id = $1", args![id]).await?.pop().ok_or(StoreError::NotFound)
    }

    /// Changes a link for the orders that follow.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a link of another tenant; [`StoreError::NoSuchVoucher`].
    pub async fn change_link(
        &self,
        tenant_id: TenantId,
        id: LinkId,
        change: LinkUpdate,
    ) -> Result<LinkRecord, StoreError> {
        let mut tx = self.write().await?;
        // Locks the row: of two changes at once none pays with what the other has made.
        let sql = "UPDATE links SET name = name WHERE id = $1 AND tenant_id = $2 RETURNING sandbox";
        let sandbox = tx.row(sql, args![id, tenant_id]).await?.get("sandbox")?;
        let payer = Payer { tenant_id, sandbox };
        let voucher_id = self.payer(&mut tx, payer, change.voucher_id, change.prepaid_pairs).await?;
        let released = |part| change.release.contains(&part);
        tx.execute(
            "UPDATE links SET name = COALESCE($2, name), language = COALESCE($3, language), brand = COALESCE($4, brand),
                source = CASE WHEN $5 = 1 THEN NULL ELSE COALESCE($6, source) END,
                destination = CASE WHEN $7 = 1 THEN NULL ELSE COALESCE($8, destination) END,
                voucher_id = CASE WHEN $9 = 1 THEN NULL ELSE COALESCE($10, voucher_id) END WHERE id = $1",
            args![
                id,
                change.name,
                change.language.as_ref().map(code).transpose()?,
                change.brand.as_ref().map(json).transpose()?,
                released(LinkPart::Source),
                change.source.as_ref().map(json).transpose()?,
                released(LinkPart::Destination),
                change.destination.as_ref().map(json).transpose()?,
                released(LinkPart::Voucher),
                voucher_id,
            ],
        )
        .await?;
        tx.commit().await?;
        self.link(id).await
    }

    /// Revokes a link for good; orders made by it go on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a link of another tenant.
    pub async fn revoke_link(&self, tenant_id: TenantId, id: LinkId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE links SET revoked_at = COALESCE(revoked_at, $3) WHERE id = $1 AND tenant_id = $2";
        if tx.execute(sql, args![id, tenant_id, self.now()]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }

    /// Pays for a full migration with what its order's link brings, as far as that reaches. A voucher for trials alone, which
    /// cost nothing, could be named for a link once: it pays nothing, and keeps nobody from paying.
    pub(crate) async fn pay_by_link(&self, tx: &mut Tx, order: &OrderRecord) -> Result<(), StoreError> {
        let Some(link) = order.asker.link_id else { return Ok(()) };
        let row = tx
            .row_opt(
                // Locks the row, as redeeming a code does.
                "UPDATE vouchers SET spent = spent WHERE id = (SELECT voucher_id FROM links WHERE id = $1)
                    AND sandbox = $3 AND trial_only = 0 AND revoked_at IS NULL AND (valid_until IS NULL OR valid_until > $2) RETURNING id",
                args![link, self.now(), order.asker.sandbox],
            )
            .await?;
        if let Some(row) = row {
            self.spend(tx, order, row.get("id")?).await?;
        }
        Ok(())
    }
}

/// Notes one more order made by a link.
///
/// # Errors
/// [`StoreError::LinkInvalid`] if it makes none any more.
pub(crate) async fn use_link(tx: &mut Tx, id: LinkId) -> Result<(), StoreError> {
    let sql = "UPDATE links SET uses = uses + 1 WHERE id = $1 AND revoked_at IS NULL AND (once = 0 OR uses = 0)";
    if tx.execute(sql, args![id]).await? == 0 { Err(StoreError::LinkInvalid) } else { Ok(()) }
}
