//! A server of either kind, as far as every row needs it.

use std::{path::PathBuf, sync::Arc};

use mailferry_lab::{Cyrus, Dovecot, Login, refill};

pub(crate) enum Server {
    Dovecot(Arc<Dovecot>),
    Cyrus(Cyrus),
}

impl From<Dovecot> for Server {
    fn from(server: Dovecot) -> Self {
        Self::Dovecot(Arc::new(server))
    }
}

impl From<Cyrus> for Server {
    fn from(server: Cyrus) -> Self {
        Self::Cyrus(server)
    }
}

impl Server {
    pub(crate) fn imap_port(&self) -> u16 {
        match self {
            Self::Dovecot(server) => server.imap_port(),
            Self::Cyrus(server) => server.imap_port(),
        }
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        match self {
            Self::Dovecot(server) => server.ca_file(),
            Self::Cyrus(server) => server.ca_file(),
        }
    }

    pub(crate) fn login(&self, user: &str) -> Login {
        match self {
            Self::Dovecot(server) => server.login(user),
            Self::Cyrus(server) => server.login(user),
        }
    }

    /// Gives `to` the same mail as `from` has.
    pub(crate) fn give_mailbox(&self, from: &str, to: &str) {
        match self {
            Self::Dovecot(server) => server.clone_mailbox(from, to).expect("a mailbox"),
            Self::Cyrus(server) => {
                let refused = refill(&server.login(from), &server.login(to)).expect("a mailbox");
                assert!(refused.is_empty(), "{refused:?}");
            }
        }
    }

    pub(crate) fn is_dovecot(&self) -> bool {
        matches!(self, Self::Dovecot(_))
    }

    /// For rows that do something only Dovecot can.
    pub(crate) fn dovecot(&self) -> Arc<Dovecot> {
        match self {
            Self::Dovecot(server) => server.clone(),
            Self::Cyrus(_) => panic!("this row is for Dovecot"),
        }
    }
}
