//! `docs/manifest.md` against the fields there are.

use mycelium_types::manifest_schema;
use serde_json::Value;

use super::repository::rows;
use super::repository::text;

fn described(name: &str, rows: &[Vec<String>]) -> bool {
    rows.iter().any(|row| row[0] == format!("`{name}`"))
}

fn names(schema: &Value) -> Vec<&str> {
    let properties = schema["properties"].as_object().unwrap();
    let names = properties.keys().map(String::as_str);
    names.filter(|name| *name != "$schema").collect()
}

#[test]
fn every_field_is_described() {
    let schema = manifest_schema();
    let rows = rows(&text("docs/manifest.md"));
    let fields = names(&schema);
    assert!(fields.contains(&"entrypoint"));
    for field in fields {
        assert!(described(field, &rows), "{field}");
    }
    for definition in ["Export", "LimitOverrides", "Compatibility"] {
        for field in names(&schema["$defs"][definition]) {
            assert!(described(field, &rows), "{definition}: {field}");
        }
    }
    for permission in schema["$defs"]["PermissionRequest"]["oneOf"]
        .as_array()
        .unwrap()
    {
        let kind = permission["properties"]["type"]["const"].as_str().unwrap();
        assert!(described(kind, &rows), "permission {kind}");
    }
}
