//! Whether the service can be reached.

use std::cell::Cell;

use leptos::prelude::*;

/// The connection's state, in every component's context.
#[derive(Clone, Copy)]
pub(crate) struct Connection {
    /// True after a request that did not reach the service.
    pub(crate) offline: RwSignal<bool>,
    /// Changes when the user asks to try again, and when the service is back.
    pub(crate) retries: RwSignal<u32>,
    /// Changes when the service answers that nobody is signed in, or not any more.
    pub(crate) signed_out: RwSignal<u32>,
}

thread_local! {
    static CONNECTION: Cell<Option<Connection>> = const { Cell::new(None) };
}

/// Makes the connection's state and provides it.
pub(crate) fn provide() -> Connection {
    let connection =
        Connection { offline: RwSignal::new(false), retries: RwSignal::new(0), signed_out: RwSignal::new(0) };
    CONNECTION.set(Some(connection));
    provide_context(connection);
    connection
}

/// Notes whether a request reached the service.
pub(crate) fn note(reached: bool) {
    if let Some(connection) = CONNECTION.get() {
        let was_offline = connection.offline.get_untracked();
        if was_offline == reached {
            connection.offline.set(!reached);
            if was_offline {
                connection.retry();
            }
        }
    }
}

/// Notes that a request was refused because nobody is signed in.
pub(crate) fn note_signed_out() {
    if let Some(connection) = CONNECTION.get() {
        connection.signed_out.update(|times| *times = times.wrapping_add(1));
    }
}

/// Lets everything that failed for want of the service try again, from a button.
pub(crate) fn try_again() -> Callback<()> {
    Callback::new(|()| CONNECTION.get().into_iter().for_each(Connection::retry))
}

impl Connection {
    /// Lets everything that failed for want of a connection try again.
    pub(crate) fn retry(self) {
        self.retries.update(|retries| *retries = retries.wrapping_add(1));
    }
}
