//! Operations as the document tells them: what the conventions of [`super::conventions`] go by.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use actix_web::http::Method;
use serde_json::Value;

/// An operation of the API.
#[derive(Debug)]
pub struct Operation {
    /// Its name, like `createOrder`.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path, like `/api/v1/orders/{order_id}`.
    pub template: String,
    /// The query parameters that it knows.
    pub query: BTreeSet<String>,
    /// The schema of its JSON body, null without one.
    pub body: Value,
}

/// The document as a value.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::to_value(super::openapi()).unwrap_or_default())
}

/// Every operation.
pub fn all() -> &'static [Operation] {
    static ALL: OnceLock<Vec<Operation>> = OnceLock::new();
    ALL.get_or_init(|| read(document()))
}

/// The operation that a request asks for, with the parts of the path that its template names.
pub fn find<'a>(method: &Method, path: &'a str) -> Option<(&'static Operation, BTreeMap<&'static str, &'a str>)> {
    let mut fitting = all().iter().filter(|operation| operation.method == *method);
    fitting.find_map(|operation| Some((operation, fit(&operation.template, path)?)))
}

/// The methods that a path has.
pub fn methods(path: &str) -> BTreeSet<&'static str> {
    let fitting = all().iter().filter(|operation| fit(&operation.template, path).is_some());
    fitting.map(|operation| operation.method.as_str()).collect()
}

fn read(document: &Value) -> Vec<Operation> {
    let items = document["paths"].as_object().into_iter().flatten();
    let operations = items.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.filter_map(move |(method, operation)| {
            Some(Operation {
                id: operation["operationId"].as_str()?.to_owned(),
                method: method.to_uppercase().parse().ok()?,
                template: path.clone(),
                query: query_of(operation),
                body: operation["requestBody"]["content"]["application/json"]["schema"].clone(),
            })
        })
    });
    operations.collect()
}

fn query_of(operation: &Value) -> BTreeSet<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let query = parameters.filter(|parameter| parameter["in"] == "query");
    query.filter_map(|parameter| parameter["name"].as_str().map(ToOwned::to_owned)).collect()
}

/// The parts of `path` that stand where `template` has a name in braces; `None` if it does not fit.
fn fit<'t, 'p>(template: &'t str, path: &'p str) -> Option<BTreeMap<&'t str, &'p str>> {
    let mut named = BTreeMap::new();
    let (mut one, mut other) = (template.split('/'), path.split('/'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Some(named),
            (Some(part), Some(text)) if part == text => {}
            (Some(part), Some(text)) if !text.is_empty() => {
                let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'))?;
                named.insert(name, text);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_those_of_the_document() {
        let methods = |path: &str| methods(path).into_iter().collect::<Vec<_>>().join(", ");
        assert_eq!(methods("/api/v1/orders/x"), "DELETE, GET, PATCH");
        assert_eq!(methods("/api/v1/nothing"), "");
        assert_eq!(methods("/api/v1/orders/"), "");
    }

    #[test]
    fn an_operation_is_found_with_what_its_path_names() {
        let (operation, named) = find(&Method::GET, "/api/v1/orders/o/checks/c").expect("there");
        assert_eq!((operation.id.as_str(), named["order_id"], named["check_id"]), ("readCheck", "o", "c"));
        let (operation, _) = find(&Method::GET, "/api/v1/providers").expect("there");
        assert!(operation.query.contains("search"));
        assert!(find(&Method::POST, "/api/v1/providers").is_none());
    }
}
