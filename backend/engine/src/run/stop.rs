//! Why the executor stops.

use crate::port::{Command, ConnectorError, Interrupted, LedgerError};

/// Why the executor stops.
#[derive(Debug)]
pub(crate) enum Stop {
    Connector(ConnectorError),
    Ledger(LedgerError),
    Command(Command),
    Interrupted(Interrupted),
}

impl From<ConnectorError> for Stop {
    fn from(error: ConnectorError) -> Self {
        Self::Connector(error)
    }
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<Interrupted> for Stop {
    fn from(interrupted: Interrupted) -> Self {
        Self::Interrupted(interrupted)
    }
}
