//! What outlives a step.

pub(crate) mod announce;
pub(crate) mod checking;
pub(crate) mod connection;
pub(crate) mod grant;
pub(crate) mod kept;
pub(crate) mod language;
pub(crate) mod offer;
pub(crate) mod order;
pub(crate) mod poll;
pub(crate) mod providers;
pub(crate) mod router;
pub(crate) mod service;
pub(crate) mod theme;
pub(crate) mod typed;

use crate::api::ApiError;

/// Something that is fetched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Load<T> {
    /// Under way.
    Loading,
    /// Here.
    Ready(T),
    /// It could not be fetched.
    Failed(ApiError),
}

impl<T> From<Result<T, ApiError>> for Load<T> {
    fn from(result: Result<T, ApiError>) -> Self {
        match result {
            Ok(value) => Self::Ready(value),
            Err(error) => Self::Failed(error),
        }
    }
}

impl<T> Load<T> {
    /// The value, if it is here.
    pub(crate) fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is here, without what it is: for a view that is made once, and whose parts follow the value.
    pub(crate) fn shape(&self) -> Load<()> {
        match self {
            Self::Loading => Load::Loading,
            Self::Ready(_) => Load::Ready(()),
            Self::Failed(error) => Load::Failed(error.clone()),
        }
    }
}
