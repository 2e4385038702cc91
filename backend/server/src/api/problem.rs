//! The one place where errors become `application/problem+json` (RFC 9457). Exhaustive on purpose: a new error must
//! be given its code here. What happened inside is logged here, once, and never answered.

use std::fmt;

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    http::{StatusCode, header},
};
use mailferry_domain::{account_file::FileError, order::OrderTransitionError, request::RequestTransitionError};
use mailferry_shared::{
    account::SideName,
    problem::{FieldError, Problem, ProblemCode},
};
use mailferry_store::{StoreError, VoucherUnfit};

use super::idempotency::KeptAnswer;

/// Media type of every error answer.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Anything that a handler can answer instead of what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The body is no JSON.
    #[error("{0}")]
    Malformed(String),
    /// Fields that are missing, unknown or not valid.
    #[error("{} field(s) are missing, unknown or not valid", .0.len())]
    Fields(Vec<FieldError>),
    /// No proof of anything.
    #[error("Open the manage link again, sign in, or send an API key.")]
    NotSignedIn,
    /// Any sign-in that fails: one answer for all of them.
    #[error("Look for a typing error; an admin of your tenant can set a new password.")]
    SignInFailed,
    /// The token of a manage link is wrong or too old.
    #[error("Use the link in the latest status mail; links end with their order.")]
    LinkInvalid,
    /// The proof is right but does not reach this far.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Nothing there, or nothing for whoever asks.
    #[error("Look for a typing error in the address or the number.")]
    NotFound,
    /// The path is right, the method is not.
    #[error("This address takes {0}.")]
    MethodNotAllowed(String),
    /// Not in this state.
    #[error("{}", state_words(.0))]
    WrongState(#[from] OrderTransitionError),
    /// Not in this state of the requested migration.
    #[error("{}", request_words(.0))]
    RequestState(#[from] RequestTransitionError),
    /// Not now, in words of its own.
    #[error("{0}")]
    Conflict(&'static str),
    /// Terms of another version, or none, were accepted.
    #[error("Accept the terms of version {0} and send that version.")]
    TermsNotAccepted(&'static str),
    /// Any wrong voucher code: one answer for all of them.
    #[error("Look for a typing error; a voucher may also be used up or out of date.")]
    VoucherInvalid,
    /// A valid voucher that is not good for this order.
    #[error(transparent)]
    VoucherUnfit(#[from] VoucherUnfit),
    /// No payment provider is set up.
    #[error("Pay with a voucher.")]
    PaymentNotOffered,
    /// Nothing is left to pay, or no price is set.
    #[error("All ticked account pairs are paid for, or no price is set: then pay with a voucher.")]
    NothingDue,
    /// The money of another payment is being taken.
    #[error("Wait until it is settled; the order's payments tell.")]
    PaymentUnderWay,
    /// It came to nothing, or the order needs another amount by now.
    #[error("The order has changed since, or this payment came to nothing; begin a new one.")]
    PaymentChanged,
    /// Nothing to start.
    #[error("Tick at least one account pair.")]
    NothingTicked,
    /// Servers or passwords are missing, per pair.
    #[error("Enter what is missing: {0}")]
    AccountsIncomplete(String),
    /// Checks that failed, per pair.
    #[error("Correct or untick these account pairs: {0}")]
    CheckFailed(String),
    /// The order is full.
    #[error("An order has at most {0} account pairs.")]
    TooManyAccounts(u32),
    /// Whoever asks has as many orders at work as may be at once.
    #[error("At most {0} orders may be at work at once: wait until one has ended, or cancel one.")]
    TooManyActive(u32),
    /// Another member has this mail address.
    #[error("Enter another mail address: one belongs to one member.")]
    AddressTaken,
    /// Nothing is sent to an endpoint that is switched off.
    #[error("Switch the endpoint on first.")]
    WebhookDisabled,
    /// A tenant keeps an admin.
    #[error("Make another member an admin first.")]
    LastAdmin,
    /// A file that cannot be read as a whole.
    #[error("{0}.")]
    File(#[from] FileError),
    /// The body is larger than allowed.
    #[error("A request to this address has at most {0} bytes.")]
    TooLarge(usize),
    /// Too fast.
    #[error("Wait {retry_after_seconds} seconds, then try again.")]
    TooManyRequests {
        /// When the next try may succeed.
        retry_after_seconds: u64,
    },
    /// A header that cannot be used.
    #[error("{0}")]
    Header(&'static str),
    /// The idempotency key was used for something else.
    #[error("Send a new Idempotency-Key with a new request, or the first one as it was.")]
    KeyReused,
    /// The same request is being done.
    #[error("Wait a moment, then send it again.")]
    InProgress,
    /// The same request was done, and cut off before its answer was kept.
    #[error("It took effect and is not done again; read what it was about before anything else.")]
    AnswerLost,
    /// No error: what was answered to the same request before.
    #[error("answered before")]
    Replay(KeptAnswer),
    /// Plain HTTP from afar.
    #[error("Passwords and links must not travel in the clear: open this address with https://.")]
    InsecureConnection,
    /// The database does not answer.
    #[error("Try again in a moment.")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault of ours.
    #[error("Try again; if it stays, tell support the time and the order number.")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ApiError {
    /// One field that is wrong, by JSON pointer.
    pub fn field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Fields(vec![FieldError { pointer: pointer.into(), message: message.into() }])
    }

    /// A fault of ours, with its cause for the log.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The stable code.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Malformed(_) => ProblemCode::MalformedRequest,
            Self::Fields(_) => ProblemCode::InvalidField,
            Self::NotSignedIn => ProblemCode::NotSignedIn,
            Self::SignInFailed => ProblemCode::SignInFailed,
            Self::LinkInvalid => ProblemCode::LinkInvalid,
            Self::Forbidden(_) => ProblemCode::Forbidden,
            Self::NotFound => ProblemCode::NotFound,
            Self::MethodNotAllowed(_) => ProblemCode::MethodNotAllowed,
            Self::WrongState(_) | Self::RequestState(_) | Self::Conflict(_) => ProblemCode::WrongState,
            Self::TermsNotAccepted(_) => ProblemCode::TermsNotAccepted,
            Self::VoucherInvalid => ProblemCode::VoucherInvalid,
            Self::VoucherUnfit(_) => ProblemCode::VoucherUnfit,
            Self::PaymentNotOffered => ProblemCode::PaymentNotOffered,
            Self::NothingDue => ProblemCode::NothingDue,
            Self::PaymentUnderWay => ProblemCode::PaymentUnderWay,
            Self::PaymentChanged => ProblemCode::PaymentChanged,
            Self::NothingTicked => ProblemCode::NothingTicked,
            Self::AccountsIncomplete(_) => ProblemCode::AccountsIncomplete,
            Self::CheckFailed(_) => ProblemCode::CheckFailed,
            Self::TooManyAccounts(_) => ProblemCode::TooManyAccounts,
            Self::TooManyActive(_) => ProblemCode::TooManyActive,
            Self::AddressTaken => ProblemCode::AddressTaken,
            Self::WebhookDisabled => ProblemCode::WebhookDisabled,
            Self::LastAdmin => ProblemCode::LastAdmin,
            Self::File(FileError::Empty) => ProblemCode::FileEmpty,
            Self::File(FileError::TooLarge) | Self::TooLarge(_) => ProblemCode::TooLarge,
            Self::File(
                FileError::TooManyRows(_) | FileError::Spreadsheet | FileError::NotText | FileError::UnknownLayout(_),
            ) => ProblemCode::FileUnreadable,
            Self::TooManyRequests { .. } => ProblemCode::TooManyRequests,
            Self::Header(_) => ProblemCode::InvalidHeader,
            Self::KeyReused => ProblemCode::IdempotencyKeyReused,
            Self::InProgress => ProblemCode::RequestInProgress,
            Self::AnswerLost => ProblemCode::AnswerLost,
            Self::InsecureConnection => ProblemCode::InsecureConnection,
            Self::Unavailable(_) => ProblemCode::Unavailable,
            // A repeated answer is never told as a problem of its own.
            Self::Replay(_) | Self::Internal(_) => ProblemCode::Internal,
        }
    }

    /// What is answered.
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.code(), self.to_string());
        if let Self::Fields(fields) = self {
            fields
                .iter()
                .map(|field| field.message.as_str())
                .collect::<Vec<_>>()
                .join(" ")
                .clone_into(&mut problem.detail);
            problem.errors.clone_from(fields);
        }
        problem
    }

    fn log(&self) {
        match self {
            Self::Internal(cause) => tracing::error!(cause = %Chain(cause.as_ref()), "request failed"),
            Self::Unavailable(cause) => tracing::warn!(cause = %Chain(cause.as_ref()), "database not available"),
            _ => tracing::debug!(code = self.code().as_str(), "request refused"),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Conflict => Self::Conflict("The order was changed at the same moment; read it and try again."),
            StoreError::TooManyPairs { limit } => Self::TooManyAccounts(limit),
            StoreError::SamePair => Self::field("/source/user", "This account pair is in the order already."),
            StoreError::FixedByLink(side) => {
                let pointer = match side {
                    SideName::Source => "/source/endpoint",
                    SideName::Destination => "/destination/endpoint",
                };
                Self::field(pointer, "The link that this order is made by fixes this server.")
            }
            StoreError::TooManyActive { limit } => Self::TooManyActive(limit),
            StoreError::AddressTaken => Self::AddressTaken,
            StoreError::WebhookDisabled => Self::WebhookDisabled,
            StoreError::LastAdmin => Self::LastAdmin,
            StoreError::VoucherInvalid => Self::VoucherInvalid,
            StoreError::VoucherUnfit(error) => Self::VoucherUnfit(error),
            StoreError::NoSuchVoucher => Self::field(
                "/voucher_id",
                "There is no such voucher that could pay: one for trials alone pays for nothing.",
            ),
            StoreError::LinkInvalid => Self::LinkInvalid,
            StoreError::WrongState(error) => Self::WrongState(error),
            StoreError::RequestState(error) => Self::RequestState(error),
            StoreError::Active => Self::Conflict("Runs of it have not ended; cancel the order or wait for their end."),
            StoreError::NothingDue => Self::NothingDue,
            StoreError::PaymentUnderWay => Self::PaymentUnderWay,
            StoreError::PaymentChanged => Self::PaymentChanged,
            StoreError::RefundTooLarge { left_minor: 0 } => {
                Self::field("/amount_minor", "This payment can be paid back as a whole only; leave the field out.")
            }
            StoreError::RefundTooLarge { left_minor } => {
                Self::field("/amount_minor", format!("What is paid back is 1 to {left_minor}."))
            }
            StoreError::NothingTicked => Self::NothingTicked,
            StoreError::NoAddress => Self::Conflict("The order has no mail address: enter one first."),
            StoreError::MailedLately { wait_seconds } => Self::TooManyRequests { retry_after_seconds: wait_seconds },
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::RunState(_)
            | StoreError::Fenced
            | StoreError::InUse
            | StoreError::OtherEnds { .. }
            | StoreError::Sealed(_)
            | StoreError::Address
            | StoreError::Corrupt { .. } => Self::Internal(Box::new(error)),
        }
    }
}

/// An order's state in the words of the page.
fn state_words(error: &OrderTransitionError) -> String {
    use mailferry_shared::order::OrderState;
    let state = match error.from {
        OrderState::Draft => "still being filled in",
        OrderState::AwaitingPayment => "waiting for payment",
        OrderState::Scheduled => "scheduled",
        OrderState::Active => "active",
        OrderState::Paused => "paused",
        OrderState::Completed => "completed",
        OrderState::Closed => "closed",
        OrderState::Cancelled => "cancelled",
    };
    format!("An order that is {state} cannot {}.", error.action)
}

/// A request's state in the words of the page.
fn request_words(error: &RequestTransitionError) -> String {
    use mailferry_shared::request::RequestState;
    let state = match error.from {
        RequestState::Requested => "waiting for the operator's answer",
        RequestState::Accepted => "accepted already",
        RequestState::Running => "running",
        RequestState::Done => "done",
        RequestState::Declined => "declined",
        RequestState::Cancelled => "cancelled",
        RequestState::Expired => "expired",
    };
    format!("A request that is {state} cannot {}.", error.action)
}

/// An error with all its causes, for the log.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Replay(answer) = self {
            return answer.response();
        }
        self.log();
        let mut response = HttpResponseBuilder::new(self.status_code());
        response.content_type(PROBLEM_JSON).insert_header((header::CACHE_CONTROL, "no-store"));
        match self {
            Self::TooManyRequests { retry_after_seconds } => {
                response.insert_header((header::RETRY_AFTER, *retry_after_seconds));
            }
            Self::InProgress => {
                response.insert_header((header::RETRY_AFTER, 1));
            }
            Self::MethodNotAllowed(methods) => {
                response.insert_header((header::ALLOW, methods.clone()));
            }
            Self::NotSignedIn => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            _ => {}
        }
        response.json(self.problem())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_ours_says_nothing_of_the_inside() {
        let error = ApiError::internal("constraint violated: orders.secret_column");
        let text = serde_json::to_string(&error.problem()).expect("json");
        assert!(!text.contains("secret_column"), "{text}");
        assert_eq!(error.status_code(), 500);
    }

    #[test]
    fn fields_are_named_in_the_list_and_in_the_words() {
        let problem = ApiError::field("/source/endpoint/port", "A port is 1 to 65535.").problem();
        assert_eq!(problem.errors[0].pointer, "/source/endpoint/port");
        assert_eq!(problem.detail, "A port is 1 to 65535.");
    }

    #[test]
    fn a_retry_after_goes_with_too_many_requests() {
        let answer = ApiError::TooManyRequests { retry_after_seconds: 7 }.error_response();
        assert_eq!(answer.headers().get("retry-after").expect("header"), "7");
        assert_eq!(answer.headers().get("content-type").expect("header"), PROBLEM_JSON);
    }
}
