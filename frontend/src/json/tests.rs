//! What is read, and what is not, stated.

use std::collections::BTreeMap;

use mailferry_shared::{
    order::{OrderOptions, OrderStart, ProviderChoice},
    problem::Problem,
};

use super::*;

/// The value as another reader gives it.
fn known(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(is) => (*is).into(),
        Value::Unsigned(number) => (*number).into(),
        Value::Negative(number) => (*number).into(),
        Value::OtherNumber => "a fraction".into(),
        Value::Text(text) => text.as_ref().into(),
        Value::List(items) => items.iter().map(known).collect(),
        Value::Map(pairs) => {
            let name = |name: &Value<'_>| known(name).as_str().expect("a name").to_owned();
            pairs.iter().map(|(key, value)| (name(key), known(value))).collect()
        }
    }
}

#[test]
fn the_document_of_the_api_is_read_as_others_read_it() {
    let text = include_str!("../../../openapi/openapi.json");
    let expected: serde_json::Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(known(&parse(text).expect("JSON")), expected);
}

#[test]
fn letters_written_as_numbers_are_the_letters() {
    let text =
        r#" {"a\"\\\/\b\f\n\r\t": ["\u00e4\ud83d\udce7", -3, 1.5e3, 18446744073709551615, true, null, {}, []]} "#;
    let read = known(&parse(text).expect("JSON"));
    assert_eq!(
        read,
        serde_json::json!({"a\"\\/\u{8}\u{c}\n\r\t": ["ä📧", -3, "a fraction", u64::MAX, true, null, {}, []]})
    );
}

#[test]
fn what_is_no_json_is_refused() {
    let deep = "[".repeat(100_000);
    let wrong = [
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":1,}",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041",
        "nul",
        "1 2",
        "{1:2}",
        "[1 2]",
        "\"\\",
        "\"\\u00ä\"",
        deep.as_str(),
    ];
    for text in wrong {
        assert!(parse(text).is_err(), "{text:.20}");
    }
}

#[test]
fn types_of_the_api_are_read_as_others_read_them() {
    fn same<T: de::DeserializeOwned + std::fmt::Debug + PartialEq>(text: &str) {
        let expected: T = serde_json::from_str(text).expect("the type");
        assert_eq!(read::<T>(text).expect("the type"), expected);
    }
    same::<OrderOptions>(r#"{"leave_out":["Ä"],"max_message_bytes":5,"since":"2020-02-29","folder_rules":[]}"#);
    same::<OrderStart>(r#"{"kind":"main","earliest_start":"2026-11-25T22:00:00Z","delta_schedule":null}"#);
    same::<Problem>(
        r#"{"type":"t","title":"T","status":422,"code":"invalid_field","detail":"d","errors":[{"pointer":"/a","message":"m"}],"new":1.5}"#,
    );
    same::<ProviderChoice>(r#"{"endpoint":{"host":"imap.example.org","port":993,"tls":"starttls"}}"#);
    same::<BTreeMap<String, Option<i64>>>(r#"{"a":-1,"b":null}"#);
    same::<Result<u8, (String, bool)>>(r#"{"Err":["x",true]}"#);
    assert_eq!(read::<u8>("256"), Err(Malformed));
    assert_eq!(read::<String>("7"), Err(Malformed));
}
