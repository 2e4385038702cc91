//! The operator's queue: the requests of all tenants, what is to start first comes first.

use chrono::{DateTime, Utc};
use mailferry_shared::{
    ids::{RequestId, TenantId},
    request::RequestState,
};

use super::{RequestRecord, SELECT, request_from};
use crate::{
    error::StoreError,
    store::Store,
    value::{Arg, code},
};

/// Which requests to list.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// In one of these states; empty: in any.
    pub states: Vec<RequestState>,
    /// Of customers of this tenant.
    pub tenant_id: Option<TenantId>,
    /// Only sandbox orders, or only others.
    pub sandbox: Option<bool>,
    /// After this one, in the order of the list.
    pub after: Option<(DateTime<Utc>, RequestId)>,
    /// So many.
    pub limit: u32,
}

impl RequestFilter {
    fn condition(&self) -> Result<(String, Vec<Arg>), StoreError> {
        let (mut parts, mut args) = (vec!["1 = 1".to_owned()], Vec::new());
        let mut arg = |value: Arg| {
            args.push(value);
            format!("${}", args.len())
        };
        if !self.states.is_empty() {
            let mut words = Vec::new();
            for state in &self.states {
                words.push(arg(code(state)?.into()));
            }
            parts.push(format!("q.state IN ({})", words.join(", ")));
        }
        if let Some(tenant) = self.tenant_id {
            parts.push(format!("o.tenant_id = {}", arg(tenant.into())));
        }
        if let Some(sandbox) = self.sandbox {
            parts.push(format!("o.sandbox = {}", arg(sandbox.into())));
        }
        if let Some((wished, id)) = self.after {
            let (wished, id) = (arg(wished.into()), arg(id.into()));
            parts.push(format!("(q.wished_start > {wished} OR (q.wished_start = {wished} AND q.id > {id}))"));
        }
        let limit = arg(self.limit.into());
        Ok((format!("{} ORDER BY q.wished_start, q.id LIMIT {limit}", parts.join(" AND ")), args))
    }
}

impl Store {
    /// The requests that fit, by their wished start.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list_requests(&self, filter: &RequestFilter) -> Result<Vec<RequestRecord>, StoreError> {
        let (condition, args) = filter.condition()?;
        let rows = self.read().await?.rows(format!("{SELECT} WHERE {condition}"), args).await?;
        rows.iter().map(request_from).collect()
    }
}
