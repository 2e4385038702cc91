//! Why a request has no result.

use mailferry_shared::problem::{Problem, ProblemCode};

use crate::{i18n, t};

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ApiError {
    /// The service could not be reached.
    Offline,
    /// The service said what is wrong.
    Problem(Box<Problem>),
    /// The answer is not what the contract says; its HTTP status.
    Unexpected(u16),
}

impl ApiError {
    /// What went wrong, for the user.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Offline => t!("error.offline").to_owned(),
            Self::Problem(problem) => i18n::problem_text(problem),
            Self::Unexpected(status) => t!("error.unexpected", status = status),
        }
    }

    /// The stable code, where the service gave one.
    pub(crate) fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Problem(problem) => Some(problem.code),
            _ => None,
        }
    }

    /// What it says about the field at the JSON pointer.
    pub(crate) fn field(&self, pointer: &str) -> Option<String> {
        match self {
            Self::Problem(problem) => crate::forms::field_message(problem, pointer),
            _ => None,
        }
    }

    /// True if it may be over soon: the service is not to be reached, busy, or starting anew.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Offline => true,
            Self::Problem(problem) => problem.status == 429 || problem.status >= 500,
            Self::Unexpected(status) => *status == 429 || *status >= 500,
        }
    }

    /// True if it names fields.
    pub(crate) fn names_fields(&self) -> bool {
        matches!(self, Self::Problem(problem) if !problem.errors.is_empty())
    }

    /// True if the order is unknown, foreign, or its link no longer works.
    pub(crate) fn is_locked_out(&self) -> bool {
        use ProblemCode::{Forbidden, LinkInvalid, NotFound, NotSignedIn};
        matches!(self.code(), Some(Forbidden | LinkInvalid | NotFound | NotSignedIn))
    }
}
