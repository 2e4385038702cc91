//! What the service is like, read once.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    order::DEFAULT_MAX_MESSAGE_BYTES,
    service::{HoursRange, Operator, ServiceInfo},
};

use super::{Load, connection::Connection};
use crate::{
    api,
    i18n::{Limits, know_limits},
};

/// The service's information, in every component's context.
#[derive(Clone, Copy)]
pub(crate) struct Service(RwSignal<Load<ServiceInfo>>);

impl Service {
    /// Starts reading it and provides it; tries again when the service is back.
    pub(crate) fn provide(connection: Connection) -> Self {
        let info = RwSignal::new(Load::Loading);
        provide_context(Self(info));
        Effect::new(move || {
            connection.retries.track();
            if info.with_untracked(|info| info.ready().is_none()) {
                spawn_local(async move { info.set(api::service().await.into()) });
            }
        });
        Effect::new(move || {
            let limits = info.with(|info| {
                info.ready().map(|info| Limits {
                    pairs: info.max_pairs,
                    delta_hours: (info.delta_hours.least, info.delta_hours.most),
                    megabytes: info.max_message_bytes / 1_000_000,
                })
            });
            if let Some(limits) = limits {
                know_limits(limits);
            }
        });
        Self(info)
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// Who runs it, as far as it is told.
    pub(crate) fn operator(self) -> Operator {
        self.0.with(|info| info.ready().map(|info| info.operator.clone()).unwrap_or_default())
    }

    /// What is known so far.
    pub(crate) fn info(self) -> Load<ServiceInfo> {
        self.0.get()
    }

    /// True if the operator permits connections without TLS.
    pub(crate) fn plaintext_allowed(self) -> bool {
        self.0.with(|info| info.ready().is_some_and(|info| info.plaintext_allowed))
    }

    /// Hours after the first run at which a delta may start by itself.
    pub(crate) fn delta_hours(self) -> HoursRange {
        let usual = HoursRange { usual: 8, least: 4, most: 23 };
        self.0.with(|info| info.ready().map_or(usual, |info| info.delta_hours))
    }

    /// Days after the end of an order until its personal data is deleted.
    pub(crate) fn purge_days(self) -> u64 {
        self.0.with(|info| info.ready().map_or(30, |info| u64::from(info.purge_days)))
    }

    /// The largest message that is copied, bytes.
    pub(crate) fn largest_message(self) -> u64 {
        let told = self.0.with(|info| info.ready().map(|info| info.max_message_bytes));
        told.filter(|bytes| *bytes > 0).unwrap_or(DEFAULT_MAX_MESSAGE_BYTES)
    }

    /// Days of mail that a free trial copies.
    pub(crate) fn trial_days(self) -> u64 {
        self.0.with(|info| info.ready().map_or(10, |info| u64::from(info.trial_days)))
    }
}
