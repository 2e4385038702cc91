//! The list of migrations: filtered, newest first, by pages that stay true while orders are added.

use chrono::{DateTime, Utc};
use mailferry_shared::{
    endpoint::HostName,
    ids::{ApiKeyId, LinkId, MemberId, OrderId, TenantId},
    order::{OrderState, ProviderChoice, StartKind},
    order_list::{MigrationType, OrderListItem, OrderOrigin},
};

use super::record::delta_schedule;
use crate::{
    error::StoreError,
    store::Store,
    value::{Arg, Row, Search, args, code, like},
};

mod brief;

/// Who asked for an order: a member, an API key, a member by an API key, or (all empty) the public page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asker {
    /// The member.
    pub member_id: Option<MemberId>,
    /// The API key.
    pub api_key_id: Option<ApiKeyId>,
    /// The pre-configured link.
    pub link_id: Option<LinkId>,
    /// Its runs go to built-in test hosts only.
    pub sandbox: bool,
}

/// How far somebody sees in their tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every order.
    All,
    /// Orders all of whose account pairs have their old or new mailbox in one of these domains, and orders of their own
    /// that have no account pairs yet.
    Domains(Vec<HostName>, Asker),
    /// Orders of their own.
    Own(Asker),
}

/// Which orders to list.
#[derive(Debug, Clone)]
pub struct OrderFilter {
    /// Of this tenant.
    pub tenant_id: TenantId,
    /// As far as whoever asks sees.
    pub reach: Reach,
    /// Only sandbox orders, or only others.
    pub sandbox: Option<bool>,
    /// In one of these states; empty: in any.
    pub states: Vec<OrderState>,
    /// Created at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Created before this time.
    pub until: Option<DateTime<Utc>>,
    /// With an account, old or new, in this domain.
    pub domain: Option<HostName>,
    /// Asked for by this member.
    pub member_id: Option<MemberId>,
    /// Asked for by this API key.
    pub api_key_id: Option<ApiKeyId>,
    /// Made by this pre-configured link.
    pub link_id: Option<LinkId>,
    /// A full migration, or a free trial.
    pub kind: Option<StartKind>,
    /// Of these types; empty: of any.
    pub types: Vec<MigrationType>,
    /// Only those that the operator was asked to do, or only others.
    pub requested: Option<bool>,
    /// Only those with an account pair that somebody must look at, or only others.
    pub attention: Option<bool>,
    /// With this text in number, reference, accounts, mail address, voucher code, or the name of asker, key or link.
    pub text: Option<String>,
    /// After this one, in the order of the list.
    pub after: Option<(DateTime<Utc>, OrderId)>,
    /// So many.
    pub limit: u32,
}

/// A statement's condition with its arguments.
struct Condition {
    sql: Vec<String>,
    args: Vec<Arg>,
}

impl Condition {
    /// The parameter's name for one more argument.
    fn arg(&mut self, arg: impl Into<Arg>) -> String {
        self.args.push(arg.into());
        format!("${}", self.args.len())
    }

    fn and(&mut self, sql: String) {
        self.sql.push(sql);
    }
}

/// The mailbox of a side.
fn mailbox(side: &str) -> String {
    format!("LOWER(COALESCE({side}.act_for, {side}.user_name))")
}

/// True for a pair one of whose sides is in one of the domains.
fn in_domains(condition: &mut Condition, domains: &[HostName]) -> String {
    let mut any = Vec::new();
    for domain in domains {
        let pattern = condition.arg(format!("%@{}", like(domain.as_str())));
        for side in ["s", "d"] {
            any.push(format!(r"{} LIKE {pattern} ESCAPE '\'", mailbox(side)));
        }
    }
    if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) }
}

const PAIRS: &str = "FROM pairs p JOIN sides s ON s.pair_id = p.id AND s.side = 'source'
    JOIN sides d ON d.pair_id = p.id AND d.side = 'destination' WHERE p.order_id = o.id";

/// Last runs of an order's pairs that failed, wholly or for some messages, or wait for their owner. What options or limits
/// left out is no failure: such a run has succeeded.
const ATTENTION: &str = "FROM runs r WHERE r.order_id = o.id
    AND r.number = (SELECT MAX(x.number) FROM runs x WHERE x.pair_id = r.pair_id)
    AND (r.state IN ('partial', 'failed') OR (r.state = 'paused' AND r.finding IS NOT NULL))";

fn own(condition: &mut Condition, asker: Asker) -> String {
    match (asker.member_id, asker.api_key_id) {
        (Some(member), _) => format!("o.member_id = {}", condition.arg(member)),
        (None, Some(key)) => format!("o.api_key_id = {}", condition.arg(key)),
        (None, None) => "1 = 0".to_owned(),
    }
}

fn within(condition: &mut Condition, reach: &Reach) {
    match reach {
        Reach::All => {}
        Reach::Own(asker) => {
            let own = own(condition, *asker);
            condition.and(own);
        }
        Reach::Domains(domains, asker) => {
            let own = own(condition, *asker);
            let inside = in_domains(condition, domains);
            condition.and(format!(
                "({own} OR EXISTS (SELECT 1 {PAIRS})) AND NOT EXISTS (SELECT 1 {PAIRS} AND NOT {inside})"
            ));
        }
    }
}

impl OrderFilter {
    fn condition(&self, search: Search) -> Result<Condition, StoreError> {
        let mut all = Condition { sql: Vec::new(), args: Vec::new() };
        let tenant = all.arg(self.tenant_id);
        all.and(format!("o.tenant_id = {tenant}"));
        within(&mut all, &self.reach);
        if let Some(sandbox) = self.sandbox {
            let value = all.arg(sandbox);
            all.and(format!("o.sandbox = {value}"));
        }
        if !self.states.is_empty() {
            let mut words = Vec::new();
            for state in &self.states {
                words.push(all.arg(code(state)?));
            }
            all.and(format!("o.state IN ({})", words.join(", ")));
        }
        for (time, relation) in [(self.from, ">="), (self.until, "<")] {
            if let Some(time) = time {
                let value = all.arg(time);
                all.and(format!("o.created_at {relation} {value}"));
            }
        }
        if let Some(domain) = &self.domain {
            let inside = in_domains(&mut all, std::slice::from_ref(domain));
            all.and(format!("EXISTS (SELECT 1 {PAIRS} AND {inside})"));
        }
        let asked: [(&str, Option<Arg>); 4] = [
            ("member_id", self.member_id.map(Arg::from)),
            ("api_key_id", self.api_key_id.map(Arg::from)),
            ("link_id", self.link_id.map(Arg::from)),
            ("kind", self.kind.as_ref().map(code).transpose()?.map(Arg::from)),
        ];
        for (column, value) in asked {
            if let Some(value) = value {
                let value = all.arg(value);
                all.and(format!("o.{column} = {value}"));
            }
        }
        if !self.types.is_empty() {
            let mut words = Vec::new();
            for one in &self.types {
                words.push(all.arg(code(one)?));
            }
            all.and(format!("o.migration_type IN ({})", words.join(", ")));
        }
        if let Some(requested) = self.requested {
            all.and(format!("q.state IS {} NULL", if requested { "NOT" } else { "" }));
        }
        if let Some(attention) = self.attention {
            all.and(format!("{} EXISTS (SELECT 1 {ATTENTION})", if attention { "" } else { "NOT" }));
        }
        if let Some(text) = &self.text {
            let text = all.arg(search.pattern(text));
            let has = |what: &str| search.finds(what, &text);
            let (source, destination) = (has(&mailbox("s")), has(&mailbox("d")));
            all.and(format!(
                "({} OR {} OR {} OR {} OR {} OR {} OR EXISTS (SELECT 1 {PAIRS} AND ({source} OR {destination}))
                    OR EXISTS (SELECT 1 FROM voucher_uses u JOIN vouchers v ON v.id = u.voucher_id
                        WHERE u.order_id = o.id AND {}))",
                has("o.id"),
                has("COALESCE(o.reference, '')"),
                has("COALESCE(o.notify_address, '')"),
                has("COALESCE(m.name, '')"),
                has("COALESCE(k.name, '')"),
                has("COALESCE(l.name, '')"),
                has("v.hint"),
            ));
        }
        if let Some((created_at, id)) = self.after {
            let (time, id) = (all.arg(created_at), all.arg(id));
            all.and(format!("(o.created_at < {time} OR (o.created_at = {time} AND o.id < {id}))"));
        }
        Ok(all)
    }
}

fn item_from(row: &Row) -> Result<OrderListItem, StoreError> {
    let notify_address = row.get::<Option<String>>("notify_address")?;
    let host = |side| Ok::<_, StoreError>(row.json_opt::<ProviderChoice>(side)?.map(|choice| choice.endpoint.host));
    let is_pending: bool = row.get("delta_pending")?;
    Ok(OrderListItem {
        id: row.get("id")?,
        reference: row.get("reference")?,
        state: row.code("state")?,
        kind: row.code_opt("kind")?,
        origin: OrderOrigin {
            member_id: row.get("member_id")?,
            member_name: row.get("member_name")?,
            api_key_id: row.get("api_key_id")?,
            api_key_name: row.get("api_key_name")?,
            link_name: row.get("link_name")?,
            notify_address: notify_address
                .map(|text| text.parse().map_err(|_| StoreError::corrupt("orders.notify_address")))
                .transpose()?,
        },
        codes: Vec::new(),
        migration_type: row.code("migration_type")?,
        request: row.code_opt("request")?,
        sandbox: row.get("sandbox")?,
        source: host("source")?,
        destination: host("destination")?,
        first_account: row.get("first_account")?,
        pairs: row.get("pairs")?,
        attention: row.get("attention")?,
        progress: None,
        created_at: row.get("created_at")?,
        first_run_at: row.get("first_run_at")?,
        second_run_at: row.get("second_run_at")?,
        delta_schedule: delta_schedule(row)?.filter(|_| is_pending),
        finished_at: row.get("finished_at")?,
    })
}

impl Store {
    /// Pairs of an order whose latest run left something undone, failed, or waits for somebody.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pairs_that_need_attention(&self, id: OrderId) -> Result<u32, StoreError> {
        let sql = format!("SELECT (SELECT COUNT(*) {ATTENTION}) AS n FROM orders o WHERE o.id = $1");
        self.read().await?.row(sql, args![id]).await?.get("n")
    }

    /// The orders that fit, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list_orders(&self, filter: &OrderFilter) -> Result<Vec<OrderListItem>, StoreError> {
        let mut tx = self.read().await?;
        let mut condition = filter.condition(tx.search())?;
        let limit = condition.arg(filter.limit);
        let sql = format!(
            "SELECT o.id, o.reference, o.state, o.kind, o.notify_address, o.source, o.destination, o.options, o.migration_type, o.sandbox, o.created_at, o.finished_at,
                o.delta_trigger, o.delta_delay_hours, o.delta_pending,
                o.member_id, m.name AS member_name, o.api_key_id, k.name AS api_key_name, l.name AS link_name,
                q.state AS request,
                COALESCE(o.started_at, o.earliest_start) AS first_run_at,
                (SELECT MIN(e.created_at) FROM deltas e WHERE e.order_id = o.id) AS second_run_at,
                (SELECT COUNT(*) FROM pairs p WHERE p.order_id = o.id) AS pairs,
                (SELECT COUNT(*) {ATTENTION}) AS attention,
                (SELECT COALESCE(s.act_for, s.user_name) {PAIRS} ORDER BY p.position LIMIT 1) AS first_account
             FROM orders o LEFT JOIN members m ON m.id = o.member_id LEFT JOIN api_keys k ON k.id = o.api_key_id
             LEFT JOIN links l ON l.id = o.link_id LEFT JOIN requests q ON q.order_id = o.id
             WHERE {} ORDER BY o.created_at DESC, o.id DESC LIMIT {limit}",
            condition.sql.join(" AND ")
        );
        let rows = tx.rows(sql, condition.args).await?;
        let mut items: Vec<OrderListItem> = rows.iter().map(item_from).collect::<Result<_, _>>()?;
        let line = |row: &Row| Ok::<_, StoreError>((row.get("id")?, row.json("options")?));
        let lines: Vec<brief::Line> = rows.iter().map(line).collect::<Result<_, _>>()?;
        let mut codes = brief::codes(&mut tx, &lines).await?;
        let mut progress = brief::progress(&mut tx, &lines).await?;
        for item in &mut items {
            item.codes = codes.remove(&item.id).unwrap_or_default();
            item.progress = progress.remove(&item.id);
        }
        Ok(items)
    }

    /// Whether an order of the same tenant is within somebody's reach.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_within(&self, id: OrderId, reach: &Reach) -> Result<bool, StoreError> {
        let mut condition = Condition { sql: Vec::new(), args: Vec::new() };
        let order = condition.arg(id);
        condition.and(format!("o.id = {order}"));
        within(&mut condition, reach);
        let sql = format!("SELECT 1 AS one FROM orders o WHERE {}", condition.sql.join(" AND "));
        Ok(self.read().await?.row_opt(sql, condition.args).await?.is_some())
    }
}
