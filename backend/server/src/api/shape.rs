//! Bodies of the right shape. What serde derives also takes a list for an object, its fields one after the other; the
//! document says nothing of that, and nobody is helped by it.

use serde_json::Value;

/// Where `value` has a list and `schema`, of `document`, an object: the JSON pointer.
pub fn list_for_object(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let forms = forms(document, schema);
    match value {
        Value::Array(items) => {
            let lists: Vec<&Value> = forms.iter().copied().filter(|form| form.get("items").is_some()).collect();
            if lists.is_empty() {
                return forms.iter().any(|form| form.get("properties").is_some()).then(String::new);
            }
            let mut all = items.iter().enumerate();
            all.find_map(|(n, item)| inside(document, lists.iter().map(|list| &list["items"]), &n.to_string(), item))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let told = forms.iter().filter_map(|form| form["properties"].get(name));
            inside(document, told, name, field)
        }),
        _ => None,
    }
}

fn inside<'a>(
    document: &Value,
    mut schemas: impl Iterator<Item = &'a Value>,
    name: &str,
    value: &Value,
) -> Option<String> {
    let name = super::json::escape(name);
    schemas.find_map(|schema| list_for_object(document, schema, value)).map(|rest| format!("/{name}{rest}"))
}

/// The schema itself and those that it stands for, without references.
fn forms<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    if let Some(name) = schema["$ref"].as_str() {
        return document
            .pointer(name.trim_start_matches('#'))
            .map(|schema| forms(document, schema))
            .unwrap_or_default();
    }
    let others = ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|key| schema[key].as_array().into_iter().flatten());
    let mut all: Vec<&Value> = others.flat_map(|other| forms(document, other)).collect();
    all.push(schema);
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_in_the_place_of_an_object_is_found_at_any_depth() {
        let document = json!({"a": {
            "properties": {"b": {"oneOf": [{"type": "null"}, {"$ref": "#/a"}]}, "ids": {"type": "array", "items": {}},
                "all": {"type": "array", "items": {"$ref": "#/a"}}}
        }});
        let find = |value: Value| list_for_object(&document, &json!({"$ref": "#/a"}), &value);
        assert_eq!(find(json!([])), Some(String::new()));
        assert_eq!(find(json!({"b": {"b": []}})), Some("/b/b".to_owned()));
        assert_eq!(find(json!({"all": [{}, {"b": [1]}]})), Some("/all/1/b".to_owned()));
        assert_eq!(find(json!({"all": [[]]})), Some("/all/0".to_owned()));
        assert_eq!(find(json!({"b": null, "ids": [1, 2], "other": []})), None);
    }
}
