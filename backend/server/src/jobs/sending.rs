//! Who may send mail in the names of an order's domains, looked up for whoever sets the new provider up.

use std::time::Duration;

use futures::{StreamExt, stream};
use mailferry_connectors::net::DnsError;
use mailferry_domain::sending::{USUAL_SELECTORS, dkim_name, has_dkim_key, spf_records, spf_state};
use mailferry_shared::{
    order::OrderState,
    schedule::{SendingRecords, SpfState, WantedRecords},
};
use mailferry_store::{OrderRecord, WatchedDomain};

use super::{JobContext, JobError};

/// Names looked up at once.
const PARALLEL: usize = 8;
/// What was looked up within this time is not looked up again.
const FRESH: Duration = Duration::from_secs(60);

/// Looks up what is not fresh, once the mail has arrived: before, nobody sends from the new provider. Of what a name server
/// does not answer, SPF or DKIM, what is known stays as it is, and is told to be as old as it is.
pub(super) async fn look_up_all(context: &JobContext, order: &OrderRecord) -> Result<(), JobError> {
    if order.asker.sandbox || order.life.state() != OrderState::Completed {
        return Ok(());
    }
    let now = context.store.now();
    let fresh = |watched: &WatchedDomain| {
        let age = watched.sending.as_ref().map(|sending| (now - sending.looked_up_at).abs());
        age.and_then(|age| age.to_std().ok()).is_some_and(|age| age < FRESH)
    };
    let wanted = order.destination.as_ref().and_then(|choice| context.providers.dns_wanted(choice));
    let domains = context.store.watched_domains(order.id).await?;
    let own = domains.iter().filter(|(domain, _)| !context.providers.owns(domain));
    for (domain, watched) in own.filter(|(_, watched)| !fresh(watched)) {
        match look_up(context, domain, wanted, watched.sending.as_ref()).await {
            Ok(sending) => context.store.save_sending(order.id, domain, &sending).await?,
            Err(error) => {
                tracing::info!(order = %order.id, cause = ?error, "who may send for a domain could not be looked up");
            }
        }
    }
    Ok(())
}

async fn look_up(
    context: &JobContext,
    domain: &str,
    wanted: Option<&WantedRecords>,
    before: Option<&SendingRecords>,
) -> Result<SendingRecords, DnsError> {
    let resolver = context.network.resolver();
    let texts = resolver.texts_now(domain).await;
    let selectors: Vec<String> = match wanted {
        Some(wanted) => wanted.dkim.clone(),
        None => USUAL_SELECTORS.map(str::to_owned).to_vec(),
    };
    // A selector whose name server does not answer was not looked at; the others were.
    let looked_at: Vec<(String, bool)> = stream::iter(selectors)
        .map(|selector| async move {
            let texts = resolver.texts_now(&dkim_name(&selector, domain)).await.ok()?;
            Some((selector, has_dkim_key(&texts)))
        })
        .buffered(PARALLEL)
        .filter_map(std::future::ready)
        .collect()
        .await;
    let known_since = before.filter(|_| texts.is_err() || looked_at.is_empty()).map(|before| before.looked_up_at);
    let (spf, spf_records) = match (texts, before) {
        (Ok(texts), _) => {
            let records = spf_records(texts);
            (spf_state(&records, wanted.and_then(|wanted| wanted.spf.as_deref())), records)
        }
        (Err(error), _) if looked_at.is_empty() => return Err(error),
        (Err(_), Some(before)) => (before.spf, before.spf_records.clone()),
        (Err(_), None) => (SpfState::Unknown, Vec::new()),
    };
    let (dkim, dkim_looked_at) = match before.filter(|_| looked_at.is_empty()) {
        Some(before) => (before.dkim.clone(), before.dkim_looked_at.clone()),
        None => {
            let found =
                looked_at.iter().filter(|(_, has_key)| *has_key).map(|(selector, _)| selector.clone()).collect();
            (found, looked_at.into_iter().map(|(selector, _)| selector).collect())
        }
    };
    let looked_up_at = known_since.unwrap_or_else(|| context.store.now());
    Ok(SendingRecords { spf, spf_records, dkim, dkim_looked_at, looked_up_at })
}
