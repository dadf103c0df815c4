//! What a schema says of settings that nobody has made, and of those that are secret.

use serde_json::Map;
use serde_json::Value;

/// How deep objects are looked into.
const MAX_DEPTH: usize = 32;

/// Sees a property: the object that has it or not, its name, and what the schema says of it.
type Visit<'a> = dyn FnMut(&mut Map<String, Value>, &str, &Value) + 'a;

/// Adds the `default` of every property that is not there.
pub(crate) fn add_defaults(settings: &mut Map<String, Value>, schema: &Value) {
    each_property(settings, schema, 0, &mut |settings, name, property| {
        if !settings.contains_key(name)
            && let Some(default) = property.get("default")
        {
            settings.insert(name.to_owned(), default.clone());
        }
    });
}

/// Takes out every property that is marked with `"secret": true`.
pub(crate) fn remove_secrets(settings: &mut Map<String, Value>, schema: &Value) {
    each_property(settings, schema, 0, &mut |settings, name, property| {
        if property.get("secret") == Some(&Value::Bool(true)) {
            settings.remove(name);
        }
    });
}

/// Shows each property that an object's schema describes, and then those of the objects in it.
fn each_property(
    settings: &mut Map<String, Value>,
    schema: &Value,
    depth: usize,
    visit: &mut Visit<'_>,
) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        visit(settings, name, property);
        if depth < MAX_DEPTH
            && let Some(Value::Object(below)) = settings.get_mut(name)
        {
            each_property(below, property, depth + 1, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(mut settings: Value, change: impl Fn(&mut Map<String, Value>)) -> Value {
        change(settings.as_object_mut().unwrap());
        settings
    }

    #[test]
    fn defaults_are_added_where_nothing_is() {
        let schema = json!({"properties": {
            "color": {"default": "blue"}, "size": {"default": 3}, "none": {},
            "inner": {"default": {"a": 1}, "properties": {"b": {"default": 2}}},
            "absent": {"properties": {"c": {"default": 1}}}
        }});
        let made = changed(json!({"size": null, "own": 1}), |it| {
            add_defaults(it, &schema);
        });
        assert_eq!(
            made,
            json!({"size": null, "own": 1, "color": "blue", "inner": {"a": 1, "b": 2}})
        );
    }

    #[test]
    fn what_is_marked_is_taken_out_wherever_it_is() {
        let schema = json!({"properties": {
            "key": {"secret": true}, "name": {"secret": false},
            "server": {"properties": {"password": {"secret": true}}}
        }});
        let settings = json!({"key": "k", "name": "n", "server": {"password": "p", "host": "h"}});
        let shown = changed(settings, |it| remove_secrets(it, &schema));
        assert_eq!(shown, json!({"name": "n", "server": {"host": "h"}}));
    }

    #[test]
    fn a_schema_that_is_none_changes_nothing() {
        for schema in [json!(true), json!({"properties": 5}), json!(null)] {
            let made = changed(json!({"a": 1}), |it| {
                add_defaults(it, &schema);
                remove_secrets(it, &schema);
            });
            assert_eq!(made, json!({"a": 1}));
        }
    }
}
