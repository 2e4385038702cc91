//! Whether account pairs can be started: pure rules over what the store knows of them.

use std::collections::HashSet;

use mailferry_domain::mx;
use mailferry_shared::{
    account::{AccountPair, LoginState, Side},
    endpoint::Endpoint,
    order::ProviderChoice,
};
use mailferry_store::OrderRecord;

use crate::{api::problem::ApiError, providers::Providers};

/// So many pairs are named in an error; more would not be read.
const NAMED: usize = 5;

/// Whether every ticked pair can be started.
///
/// # Errors
/// Nothing ticked; servers or passwords missing; a check failed, source and destination are the same mailbox, or two pairs are
/// the same.
pub fn may_start(pairs: &[AccountPair], order: &OrderRecord) -> Result<(), ApiError> {
    let ticked: Vec<&AccountPair> = pairs.iter().filter(|pair| pair.ticked).collect();
    if ticked.is_empty() {
        return Err(ApiError::NothingTicked);
    }
    is_complete(&ticked, order)?;
    let (source, destination) = (order.source.as_ref(), order.destination.as_ref());
    let mut seen = HashSet::new();
    let failed = ticked.iter().filter_map(|pair| {
        let twice = !seen.insert(ends(pair, order));
        let same = is_same_account(&pair.source, source, &pair.destination, destination);
        let refused = [&pair.source, &pair.destination].into_iter().find(|side| side.login == LoginState::Failed);
        match refused {
            Some(side) => Some(format!("the check of {} failed", account(side))),
            None if same => Some(format!("source and destination of {} are the same mailbox", account(&pair.source))),
            None if twice => Some(format!("{} stands there twice with the same destination", account(&pair.source))),
            None => None,
        }
    });
    list(failed).map_or(Ok(()), |failed| Err(ApiError::CheckFailed(failed)))
}

/// Whether the pairs have a server and a password on both sides.
///
/// # Errors
/// [`ApiError::AccountsIncomplete`] naming what is missing.
pub fn is_complete(pairs: &[&AccountPair], order: &OrderRecord) -> Result<(), ApiError> {
    let (source, destination) = (order.source.as_ref(), order.destination.as_ref());
    let sides = pairs.iter().flat_map(|pair| [(&pair.source, source), (&pair.destination, destination)]);
    let missing = sides.filter_map(|(side, choice)| {
        if endpoint(side, choice).is_none() {
            Some(format!("the server of {}", account(side)))
        } else if side.has_password {
            None
        } else {
            Some(format!("the password of {}", account(side)))
        }
    });
    list(missing).map_or(Ok(()), |missing| Err(ApiError::AccountsIncomplete(missing)))
}

/// Whether every ticked pair lies in a domain whose MX record can be watched, and may change.
///
/// # Errors
/// [`ApiError::Fields`] naming those that do not.
pub fn has_domains(pairs: &[AccountPair], providers: &Providers) -> Result<(), ApiError> {
    let domain = |side: &Side| mx::domain_of(&side.user, side.act_for.as_deref());
    let domain = |pair: &AccountPair| domain(&pair.source).or_else(|| domain(&pair.destination));
    let name = |pair: &AccountPair| account(&pair.source).to_owned();
    let ticked = || pairs.iter().filter(|pair| pair.ticked);
    let refuse = |words: String| Err(ApiError::field("/delta_schedule/trigger", words));
    if let Some(accounts) = list(ticked().filter(|pair| domain(pair).is_none()).map(name)) {
        return refuse(format!("These accounts are no mail addresses, and follow no MX record: {accounts}"));
    }
    let foreign = |pair: &&AccountPair| domain(pair).is_some_and(|domain| providers.owns(&domain));
    match list(ticked().filter(foreign).map(name)) {
        Some(accounts) => refuse(format!(
            "The domain of these accounts belongs to their provider, and its MX record does not change: {accounts}"
        )),
        None => Ok(()),
    }
}

fn list(parts: impl Iterator<Item = String>) -> Option<String> {
    let parts: Vec<String> = parts.collect();
    let named = parts.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    match parts.len() {
        0 => None,
        count if count > NAMED => Some(format!("{named}; and {} more.", count - NAMED)),
        _ => Some(format!("{named}.")),
    }
}

fn endpoint<'a>(side: &'a Side, choice: Option<&'a ProviderChoice>) -> Option<&'a Endpoint> {
    side.endpoint.as_ref().or(choice.map(|choice| &choice.endpoint))
}

/// Which mailboxes a pair moves between.
fn ends(pair: &AccountPair, order: &OrderRecord) -> [(String, String); 2] {
    [(&pair.source, order.source.as_ref()), (&pair.destination, order.destination.as_ref())].map(|(side, choice)| {
        let host = endpoint(side, choice).map(|endpoint| endpoint.host.as_str().to_lowercase()).unwrap_or_default();
        (account(side).to_lowercase(), host)
    })
}

/// The mailbox that is meant: the one acted for, if an admin logs in.
fn account(side: &Side) -> &str {
    side.act_for.as_deref().unwrap_or(&side.user)
}

fn is_same_account(
    source: &Side,
    source_choice: Option<&ProviderChoice>,
    destination: &Side,
    destination_choice: Option<&ProviderChoice>,
) -> bool {
    let host = |side, choice| endpoint(side, choice).map(|endpoint| (endpoint.host.clone(), endpoint.port));
    host(source, source_choice) == host(destination, destination_choice)
        && account(source).eq_ignore_ascii_case(account(destination))
}
