//! What the document says of every operation alike: written here once, so that no operation can forget it.

use std::collections::BTreeMap;

use utoipa::openapi::{
    Components, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
    header::{Header, HeaderBuilder},
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
};

use super::{
    errors,
    idempotency::{KEY_CHARS, OF_OTHERS},
};

/// Errors that any operation may answer.
const ALWAYS: [u16; 4] = [403, 429, 500, 503];

/// Completes the document that the operations' own words make.
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    components.headers.extend(headers().map(|(name, header)| (name.to_owned(), header.into())));
    components.parameters.insert("IdempotencyKey".to_owned(), idempotency_key().into());
    components.parameters.insert("IfNoneMatch".to_owned(), if_none_match().into());
    let components = components.clone();
    for (path, item) in &mut document.paths.paths {
        let reads = item.get.iter_mut().map(|operation| (operation, Method::Read));
        let creates = item.post.iter_mut().map(|operation| (operation, Method::Create));
        let others = [&mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten();
        for (operation, method) in reads.chain(creates).chain(others.map(|operation| (operation, Method::Other))) {
            describe(operation, method, path, &components);
        }
    }
    document
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Read,
    Create,
    Other,
}

fn describe(operation: &mut Operation, method: Method, path: &str, components: &Components) {
    add_errors(operation, &ALWAYS);
    if needs_proof(operation) {
        add_errors(operation, &[401]);
    }
    if path.contains('{') {
        add_errors(operation, &[404]);
    }
    if method == Method::Create {
        add_errors(operation, &[400, 409, 413, 422]);
        if !operation.operation_id.as_deref().is_some_and(|id| OF_OTHERS.contains(&id)) {
            refer_to(operation, "Idempotency-Key", "IdempotencyKey");
        }
    }
    if method == Method::Read && reads_json(operation) {
        add_tag(operation);
    }
    if has_query(operation) {
        add_errors(operation, &[422]);
    }
    loosen_body(operation, components);
    let answers = operation.responses.responses.iter_mut().filter(|(status, _)| status.starts_with('2'));
    for (_, answer) in answers {
        if let RefOr::T(answer) = answer {
            for name in ["RateLimit", "RateLimit-Policy"] {
                answer.headers.insert(name.to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))));
            }
        }
    }
}

fn add_errors(operation: &mut Operation, statuses: &[u16]) {
    for &status in statuses {
        let answer = || Ref::from_response_name(errors::name(status)).into();
        operation.responses.responses.entry(status.to_string()).or_insert_with(answer);
    }
}

fn needs_proof(operation: &Operation) -> bool {
    let ways = serde_json::to_value(&operation.security).unwrap_or_default();
    ways.as_array().into_iter().flatten().any(|way| way.as_object().is_some_and(|way| !way.is_empty()))
}

fn has_query(operation: &Operation) -> bool {
    parameters(operation).any(|parameter| parameter.parameter_in == ParameterIn::Query)
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    let all = operation.parameters.iter().flatten();
    all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}

/// Lets the operation refer to a common parameter.
fn refer_to(operation: &mut Operation, name: &str, component: &str) {
    let others = operation.parameters.take().unwrap_or_default().into_iter();
    let mut all: Vec<RefOr<Parameter>> =
        others.filter(|other| !matches!(other, RefOr::T(other) if other.name == name)).collect();
    all.push(RefOr::Ref(Ref::new(format!("#/components/parameters/{component}"))));
    operation.parameters = Some(all);
}

fn reads_json(operation: &Operation) -> bool {
    let answer = operation.responses.responses.get("200");
    matches!(answer, Some(RefOr::T(answer)) if answer.content.contains_key("application/json"))
}

/// What is read can be read again for nothing, if it is still the same.
fn add_tag(operation: &mut Operation) {
    refer_to(operation, "If-None-Match", "IfNoneMatch");
    let unchanged: Response = ResponseBuilder::new().description("Nothing has changed").build();
    operation.responses.responses.insert("304".to_owned(), unchanged.into());
    if let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") {
        answer.headers.insert("ETag".to_owned(), RefOr::Ref(Ref::new("#/components/headers/ETag")));
    }
}

/// An absent body stands for an empty object: where every field is optional, so is the body.
fn loosen_body(operation: &mut Operation, components: &Components) {
    let Some(RefOr::T(body)) = operation.request_body.as_mut() else { return };
    let json = body.content.get("application/json");
    let schema = json.and_then(|content| match content {
        RefOr::T(content) => content.schema.as_ref(),
        RefOr::Ref(_) => None,
    });
    let Some(RefOr::Ref(reference)) = schema else { return };
    let name = reference.ref_location.trim_start_matches("#/components/schemas/");
    if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get(name) {
        body.required = Some(if object.required.is_empty() { Required::False } else { Required::True });
    }
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn header(words: &str, example: &str) -> Header {
    HeaderBuilder::new().schema(Some(text().examples([example]).build())).description(Some(words)).build()
}

/// Headers that answers of many operations carry.
fn headers() -> impl Iterator<Item = (&'static str, Header)> {
    BTreeMap::from([
        ("ETag", header("To be sent as If-None-Match with the next request", "W/\"Zm9vYmFy\"")),
        (
            "RateLimit",
            header(
                "What is left of each limit that the request counted for: requests `r`, and seconds `t` until all of \
                 it is back (draft-ietf-httpapi-ratelimit-headers)",
                "\"requests-address\";r=599;t=1",
            ),
        ),
        (
            "RateLimit-Policy",
            header("The limits themselves: `q` requests in `w` seconds", "\"requests-address\";q=600;w=60"),
        ),
    ])
    .into_iter()
}

fn idempotency_key() -> Parameter {
    let words = "A key of your own, such as a UUID: the request is done once however often it is sent with this key \
                 within 24 hours, and answered the same, with the header `Idempotency-Replayed: true`. Another path or \
                 body with this key is answered 422, the same one while it is being done 409.";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(words))
        .schema(Some(text().min_length(Some(1)).max_length(Some(KEY_CHARS)).pattern(Some("^[!-~]+$")).build()))
        .example(Some("0199d1c4-5d5e-7a10-8c2f-3f1f7c5c00aa".into()))
        .build()
}

fn if_none_match() -> Parameter {
    ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The ETag of the last answer: 304 without a body if nothing has changed since."))
        .schema(Some(text().build()))
        .example(Some("W/\"Zm9vYmFy\"".into()))
        .build()
}
