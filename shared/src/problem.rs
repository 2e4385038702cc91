//! Errors of the API: `application/problem+json` (RFC 9457) with a stable code.

use serde::{Deserialize, Serialize};

macro_rules! problem_codes {
    ($($name:ident, $text:literal, $status:literal, $title:literal;)*) => {
        /// A stable code for one kind of problem; the API never renames one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum ProblemCode {
            $(#[doc = $title] $name,)*
        }

        impl ProblemCode {
            /// Every code, for translation tables and their tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it stands in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Short English title.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

problem_codes! {
    MalformedRequest, "malformed_request", 400, "The request is not valid JSON";
    InvalidHeader, "invalid_header", 400, "A header of the request cannot be used";
    InvalidField, "invalid_field", 422, "A field is missing, unknown or not valid";
    NotSignedIn, "not_signed_in", 401, "This needs a manage link or an API key";
    SignInFailed, "sign_in_failed", 401, "Mail address or password is not right";
    LinkInvalid, "link_invalid", 401, "The link is not valid or has expired";
    Forbidden, "forbidden", 403, "This is not allowed with this link or key";
    NotFound, "not_found", 404, "There is nothing under this address";
    MethodNotAllowed, "method_not_allowed", 405, "This method is not allowed here";
    WrongState, "wrong_state", 409, "This is not possible in the order's present state";
    TermsNotAccepted, "terms_not_accepted", 422, "The current terms must be accepted first";
    VoucherInvalid, "voucher_invalid", 422, "The voucher code is not valid";
    VoucherUnfit, "voucher_unfit", 409, "The voucher is not good for this migration";
    PaymentNotOffered, "payment_not_offered", 409, "Payments are not offered here";
    NothingDue, "nothing_due", 409, "Nothing is left to pay";
    PaymentUnderWay, "payment_under_way", 409, "A payment of this order is being settled";
    PaymentChanged, "payment_changed", 409, "This payment cannot be made any more";
    NothingTicked, "nothing_ticked", 409, "No account pair is ticked";
    AccountsIncomplete, "accounts_incomplete", 409, "Some account pairs lack a server or a password";
    CheckFailed, "check_failed", 409, "Some account pairs did not pass their check";
    TooManyActive, "too_many_active", 409, "As many orders are at work as may be at once";
    WebhookDisabled, "webhook_disabled", 409, "The endpoint is switched off";
    AddressTaken, "address_taken", 409, "Another member has this mail address";
    LastAdmin, "last_admin", 409, "The last admin of a tenant must stay one";
    TooManyAccounts, "too_many_accounts", 409, "The order has as many account pairs as it may";
    FileEmpty, "file_empty", 422, "The file holds no accounts";
    FileUnreadable, "file_unreadable", 422, "The file could not be read as a list of accounts";
    TooLarge, "too_large", 413, "The request is too large";
    TooManyRequests, "too_many_requests", 429, "Too many requests";
    IdempotencyKeyReused, "idempotency_key_reused", 422, "This Idempotency-Key was used for another request";
    RequestInProgress, "request_in_progress", 409, "The same request is being done right now";
    AnswerLost, "answer_lost", 409, "The same request was done, but its answer was lost";
    InsecureConnection, "insecure_connection", 403, "Use HTTPS";
    Unavailable, "unavailable", 503, "The service is not available at the moment";
    Internal, "internal", 500, "Something went wrong on our side";
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field in the request.
    pub pointer: String,
    /// What is wrong with it and what to do, in plain English.
    pub message: String,
}

/// A problem, as RFC 9457 section 3 lays it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that identifies the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short English title.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: ProblemCode,
    /// What is wrong here and what to do about it, in plain English.
    pub detail: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of `code` with its own words.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// The same problem, naming one more field.
    #[must_use]
    pub fn with_field(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), message: message.into() });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_the_same_in_json_and_in_as_str() {
        for code in ProblemCode::ALL {
            assert_eq!(serde_json::to_value(code).expect("json"), code.as_str());
        }
    }
}
