//! The fields of a server.

use leptos::prelude::*;
use mailferry_shared::endpoint::{Endpoint, TlsMode};

use crate::forms;

/// A server's fields.
#[derive(Clone, Copy)]
pub(crate) struct ServerFields {
    pub(crate) host: RwSignal<String>,
    pub(crate) port: RwSignal<String>,
    pub(crate) tls: RwSignal<TlsMode>,
    pub(crate) errors: RwSignal<forms::ServerErrors>,
}

impl ServerFields {
    /// The fields of `endpoint`, or empty ones.
    pub(crate) fn of(endpoint: Option<&Endpoint>) -> Self {
        Self {
            host: RwSignal::new(endpoint.map(|endpoint| endpoint.host.to_string()).unwrap_or_default()),
            port: RwSignal::new(endpoint.map_or(993, |endpoint| endpoint.port).to_string()),
            tls: RwSignal::new(endpoint.map(|endpoint| endpoint.tls).unwrap_or_default()),
            errors: RwSignal::default(),
        }
    }

    /// Shows `endpoint`, or empty fields.
    pub(crate) fn show(self, endpoint: Option<&Endpoint>) {
        self.clear();
        if let Some(endpoint) = endpoint {
            self.host.set(endpoint.host.to_string());
            self.port.set(endpoint.port.to_string());
            self.tls.set(endpoint.tls);
        }
    }

    /// The server, or `None` with the errors beside the fields.
    pub(crate) fn read(self) -> Option<Endpoint> {
        let read = forms::server(&self.host.get_untracked(), &self.port.get_untracked(), self.tls.get_untracked());
        self.errors.set(read.as_ref().err().copied().unwrap_or_default());
        read.ok()
    }

    /// Empties the fields.
    pub(crate) fn clear(self) {
        self.host.set(String::new());
        self.port.set("993".to_owned());
        self.tls.set(TlsMode::Implicit);
        self.errors.set(forms::ServerErrors::default());
    }
}
