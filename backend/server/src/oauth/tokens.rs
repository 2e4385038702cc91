//! Access tokens in memory: fetched once for all who wait for the same, renewed before they end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use mailferry_domain::oauth::{Grant, TokenAnswer, renew_after};
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::{finding::FindingCode, oauth::OauthGrant, secret::Secret};
use mailferry_store::{Store, StoreError};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Mutex, time::Instant};

use super::{AccessToken, StoredGrant, TokenService, read_grant};

/// Tokens of more logins than this are looked through for those that have ended.
const FEW: usize = 1000;
/// Waits for a service that wants to be left alone, at most, where somebody waits for the answer.
const WAITS: u32 = 3;

/// Access tokens of this process. Cheap to clone.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    store: Store,
    service: TokenService,
    slots: StdMutex<HashMap<[u8; 32], Arc<Mutex<Slot>>>>,
}

/// A token, and what is known of the grant that it is fetched with. Whoever holds the lock fetches; the others wait for
/// that answer, and take it.
#[derive(Default)]
struct Slot {
    token: Option<AccessToken>,
    /// The grant with the latest refresh token, where the provider gave a new one.
    latest: Option<Grant>,
    /// The refresh token that it was got with.
    followed: Option<Secret>,
    /// When it was refused last, and why.
    failed: Option<(Instant, FindingCode, Decision, String)>,
}

impl Tokens {
    /// None yet.
    pub fn new(store: Store, service: TokenService) -> Self {
        Self(Arc::new(Inner { store, service, slots: StdMutex::default() }))
    }

    /// A token service that a key file may name besides Google's own: the one that is asked.
    pub fn google_token_url(&self) -> String {
        self.0.service.google_token_url()
    }

    /// An access token for `mailbox` that is still good, and not the one that was `refused`.
    ///
    /// # Errors
    /// [`ConnectorError`] with what to do about it.
    pub async fn get(
        &self,
        stored: &StoredGrant,
        mailbox: &str,
        refused: Option<&AccessToken>,
    ) -> Result<AccessToken, ConnectorError> {
        match self.ask(stored, mailbox, refused).await {
            // Another process may have been given a new refresh token meanwhile, or the owner has entered one: then the
            // one that was refused was only an old one.
            Err(error) if error.code == FindingCode::SignInAgain => match self.entered_since(stored).await? {
                Some(newer) => self.ask(&newer, mailbox, refused).await,
                None => Err(error),
            },
            other => other,
        }
    }

    /// The same for somebody who waits for the answer: a service that wants to be left alone for a while is waited for, at
    /// most for `patience` each time.
    ///
    /// # Errors
    /// As [`Tokens::get`].
    pub async fn get_within(
        &self,
        stored: &StoredGrant,
        mailbox: &str,
        refused: Option<&AccessToken>,
        patience: Duration,
    ) -> Result<AccessToken, ConnectorError> {
        let mut waits = 0;
        loop {
            match self.get(stored, mailbox, refused).await {
                Err(ConnectorError { decision: Decision::Wait(wait), .. }) if wait <= patience && waits < WAITS => {
                    tokio::time::sleep(wait).await;
                    waits += 1;
                }
                other => return other,
            }
        }
    }

    async fn ask(
        &self,
        stored: &StoredGrant,
        mailbox: &str,
        refused: Option<&AccessToken>,
    ) -> Result<AccessToken, ConnectorError> {
        let asked = Instant::now();
        let slot = self.slot(&stored.grant, mailbox);
        let mut state = slot.lock().await;
        self.keep(stored, &state).await.map_err(out_of_reach)?;
        let now = self.0.store.now();
        let good = |token: &&AccessToken| token.holds(now) && refused.is_none_or(|refused| !refused.is_same(token));
        if let Some(token) = state.token.as_ref().filter(good) {
            return Ok(AccessToken { fresh: false, ..token.clone() });
        }
        // Who came while it was refused takes that answer, and does not ask again.
        if let Some((_, code, decision, context)) = state.failed.as_ref().filter(|failed| failed.0 >= asked) {
            return Err(ConnectorError::new(*code, *decision, context.clone()));
        }
        state.token = None;
        let renewed = self.renew(stored, mailbox, &slot, &mut state).await;
        state.token = renewed.as_ref().ok().cloned();
        state.failed =
            renewed.as_ref().err().map(|error| (Instant::now(), error.code, error.decision, error.context.clone()));
        renewed
    }

    /// Fetches a token, and keeps a new refresh token before anything else is done with it.
    async fn renew(
        &self,
        stored: &StoredGrant,
        mailbox: &str,
        slot: &Arc<Mutex<Slot>>,
        state: &mut Slot,
    ) -> Result<AccessToken, ConnectorError> {
        let grant = state.latest.as_ref().unwrap_or(&stored.grant);
        let TokenAnswer { access_token, life, refresh_token } =
            self.0.service.fetch(grant, mailbox, self.0.store.now()).await?;
        if let Some(latest) = refresh_token.and_then(|token| grant.rotated(&token)) {
            // Whoever reads the store from now on has this one: it is the same login.
            self.share(&latest, mailbox, slot);
            state.followed = grant.refresh_token().cloned();
            state.latest = Some(latest);
            self.keep(stored, state).await.map_err(out_of_reach)?;
        }
        let secret = SecretString::from(access_token.expose());
        Ok(AccessToken { secret, renew_at: self.0.store.now() + renew_after(life), fresh: true })
    }

    /// What is kept now in the place of a grant, if it is another one.
    async fn entered_since(&self, stored: &StoredGrant) -> Result<Option<StoredGrant>, ConnectorError> {
        let kept = self.0.store.kept_secret(stored.at).await.map_err(out_of_reach)?;
        let kept = kept.and_then(|text| read_grant(stored.kind, &text, &self.google_token_url()).ok());
        Ok(kept.filter(|kept| *kept != stored.grant).map(|grant| StoredGrant { grant, ..stored.clone() }))
    }

    /// Keeps the latest refresh token, sealed, in the place of the one that it follows. A secret that was entered or
    /// erased meanwhile stays as it is.
    async fn keep(&self, stored: &StoredGrant, state: &Slot) -> Result<(), StoreError> {
        let latest = state.latest.as_ref().filter(|latest| **latest != stored.grant).and_then(Grant::refresh_token);
        let Some(latest) = latest else { return Ok(()) };
        let Some(old) = self.0.store.kept_secret(stored.at).await? else { return Ok(()) };
        let Ok(given) = serde_json::from_str::<OauthGrant>(old.expose_secret()) else { return Ok(()) };
        let is_followed = given.refresh_token.is_some()
            && [stored.grant.refresh_token(), state.followed.as_ref()].contains(&given.refresh_token.as_ref());
        let new = OauthGrant { refresh_token: Some(latest.clone()), ..given };
        if let (true, Ok(new)) = (is_followed, serde_json::to_string(&new)) {
            self.0.store.rotate_secret(stored.at, &old, &SecretString::from(new)).await?;
        }
        Ok(())
    }

    fn slot(&self, grant: &Grant, mailbox: &str) -> Arc<Mutex<Slot>> {
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= FEW {
            let now = self.0.store.now();
            let ended = |slot: &Mutex<Slot>| {
                slot.try_lock().is_ok_and(|slot| slot.token.as_ref().is_none_or(|one| !one.holds(now)))
            };
            slots.retain(|_, slot| Arc::strong_count(slot) > 1 || !ended(slot));
        }
        slots.entry(name(grant, mailbox)).or_default().clone()
    }

    /// Lets `slot` be found by a later form of its grant too.
    fn share(&self, grant: &Grant, mailbox: &str, slot: &Arc<Mutex<Slot>>) {
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.insert(name(grant, mailbox), slot.clone());
    }
}

fn name(grant: &Grant, mailbox: &str) -> [u8; 32] {
    let mut name = [0; 32];
    name.copy_from_slice(digest(&SHA256, &grant.identity(mailbox)).as_ref());
    name
}

fn out_of_reach(error: StoreError) -> ConnectorError {
    ConnectorError::new(FindingCode::Internal, Decision::Retry, "keeping a refresh token").caused_by(error)
}
