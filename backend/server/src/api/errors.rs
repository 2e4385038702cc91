//! The error answers of operations, for the document: one type for each reason why an operation can refuse.

use std::collections::BTreeMap;

use mailferry_shared::problem::{Problem, ProblemCode};
use utoipa::{
    IntoResponses,
    openapi::{
        ContentBuilder, Ref, RefOr, Response, ResponseBuilder, example::ExampleBuilder, header::HeaderBuilder,
        schema::ObjectBuilder,
    },
};

use super::problem::PROBLEM_JSON;

/// What any operation may answer.
pub struct Always;
/// An operation on one order, or with an API key.
pub struct Guarded;
/// A public operation to which an API key was sent.
pub struct KeyRefused;
/// A public operation on something that may not be there.
pub struct Missing;
/// An operation that takes a body.
pub struct WithBody;
/// An operation with parameters.
pub struct WithQuery;
/// An operation that depends on the order's state.
pub struct OfState;

/// Every status that an operation's error can have.
const STATUSES: [u16; 10] = [400, 401, 403, 404, 409, 413, 422, 429, 500, 503];

fn responses(statuses: &[u16]) -> BTreeMap<String, RefOr<Response>> {
    statuses.iter().map(|&status| (status.to_string(), Ref::from_response_name(name(status)).into())).collect()
}

/// The name of the answer of a status among the document's components.
pub(super) fn name(status: u16) -> String {
    format!("Problem{status}")
}

/// The error answers themselves, to which operations refer.
pub fn components() -> impl Iterator<Item = (String, Response)> {
    STATUSES.into_iter().map(|status| (name(status), response(status)))
}

/// A status with every code that goes with it as an example.
fn response(status: u16) -> Response {
    let codes: Vec<ProblemCode> = ProblemCode::ALL.iter().copied().filter(|code| code.status() == status).collect();
    let examples = codes.iter().map(|&code| {
        let problem = Problem::new(code, code.title());
        let example = ExampleBuilder::new().summary(code.title()).value(serde_json::to_value(problem).ok());
        (code.as_str(), example.build())
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(examples.collect::<Vec<_>>())
        .build();
    let words: Vec<&str> = codes.iter().map(|code| code.title()).collect();
    let response = ResponseBuilder::new().description(words.join("; ")).content(PROBLEM_JSON, content);
    if status == 429 {
        let seconds =
            HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(utoipa::openapi::Type::Integer).build()));
        response.header("Retry-After", seconds.description(Some("Seconds to wait")).build()).build()
    } else {
        response.build()
    }
}

impl IntoResponses for Always {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[403, 500, 503])
    }
}

impl IntoResponses for Guarded {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[401, 404])
    }
}

impl IntoResponses for Missing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[404])
    }
}

impl IntoResponses for WithBody {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[400, 413, 422])
    }
}

impl IntoResponses for WithQuery {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[422])
    }
}

impl IntoResponses for OfState {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[409])
    }
}

impl IntoResponses for KeyRefused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[401])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_answer() {
        // A method that is not allowed belongs to no operation.
        for code in ProblemCode::ALL.iter().filter(|code| **code != ProblemCode::MethodNotAllowed) {
            assert!(STATUSES.contains(&code.status()), "{code:?}");
        }
    }
}
