//! Who may send the mail of an order's domains: SPF records and DKIM keys are looked up beside the MX records.

use std::time::Duration;

use futures::{StreamExt, stream};
use mailferry_connectors::net::{DnsError, Resolver};
use mailferry_domain::sending::{SendingRecords, is_dkim_key, selectors_to_try, spf_records};
use mailferry_shared::order::OrderState;
use mailferry_store::{OrderRecord, WatchedDomain};

use super::{JobContext, JobError};
use crate::sandbox;

/// Domains looked up at once, each with its DKIM keys one after the other.
const PARALLEL: usize = 8;
/// What was looked up within this time is not looked up again.
const FRESH: Duration = Duration::from_secs(60);

/// Looks up what is not fresh, once the order has begun: before that nobody is advised to change anything.
///
/// # Errors
/// [`JobError`] if the store is not available.
pub(super) async fn look_up_all(context: &JobContext, order: &OrderRecord) -> Result<(), JobError> {
    if !matches!(order.life.state(), OrderState::Active | OrderState::Paused | OrderState::Completed) {
        return Ok(());
    }
    let now = context.store.now();
    let fresh = |watched: &WatchedDomain| {
        let age = watched.sending.as_ref().map(|found| (now - found.looked_up_at).abs());
        age.and_then(|age| age.to_std().ok()).is_some_and(|age| age < FRESH)
    };
    let domains = context.store.watched_domains(order.id).await?;
    let selectors =
        selectors_to_try(context.providers.dns_setup(order.destination.as_ref()), &context.providers.dkim_selectors());
    let stale = domains.into_iter().filter(|(_, watched)| !fresh(watched)).map(|(domain, _)| domain);
    let mut looked_up =
        stream::iter(stale.map(|domain| look_up(context, order, domain, &selectors))).buffer_unordered(PARALLEL);
    while let Some(result) = looked_up.next().await {
        result?;
    }
    Ok(())
}

async fn look_up(
    context: &JobContext,
    order: &OrderRecord,
    domain: String,
    selectors: &[String],
) -> Result<(), JobError> {
    let found = if order.asker.sandbox {
        Ok(sandbox::sending(order, context.store.now()))
    } else {
        let resolver = context.network.resolver();
        let records = records(resolver, &domain, selectors).await;
        records.map(|(spf, dkim_selectors)| SendingRecords { spf, dkim_selectors, looked_up_at: context.store.now() })
    };
    match found {
        Ok(found) => context.store.save_sending(order.id, &domain, &found).await?,
        // What was known before is shown with its time.
        Err(error) => tracing::info!(order = %order.id, cause = ?error, "who may send for a domain is not known"),
    }
    Ok(())
}

async fn records(
    resolver: &Resolver,
    domain: &str,
    selectors: &[String],
) -> Result<(Vec<String>, Vec<String>), DnsError> {
    let spf = spf_records(resolver.texts_now(domain).await?);
    let mut keys = Vec::new();
    for selector in selectors {
        let texts = resolver.texts_now(&format!("{selector}._domainkey.{domain}")).await?;
        if texts.iter().any(|text| is_dkim_key(text)) {
            keys.push(selector.clone());
        }
    }
    Ok((spf, keys))
}
