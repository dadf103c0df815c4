//! `limits`: whole numbers in the ranges that `LimitOverrides` declares.

use std::sync::LazyLock;

use schemars::schema_for;
use serde_json::Map;
use serde_json::Value;

use crate::Findings;
use crate::LimitOverrides;
use crate::Message;
use crate::manifest::fields::Fields;
use crate::manifest::place::Place;

/// One limit: its name and the range its schema gives.
struct Limit {
    name: String,
    min: u64,
    max: Option<u64>,
}

/// Taken from the schema, so that the two cannot differ.
static LIMITS: LazyLock<Vec<Limit>> = LazyLock::new(|| {
    let schema = schema_for!(LimitOverrides);
    let properties = schema.get("properties").and_then(Value::as_object);
    let limits = properties.into_iter().flatten();
    limits
        .map(|(name, property)| Limit {
            name: name.clone(),
            min: property["minimum"].as_u64().unwrap_or(0),
            max: property["maximum"].as_u64(),
        })
        .collect()
});

pub(super) fn limits(place: Place<'_>, findings: &mut Findings<'_>) -> Option<LimitOverrides> {
    let mut fields = Fields::open(place, findings, "object")?;
    let mut values = Map::new();
    for limit in LIMITS.iter() {
        let value = fields.optional(&limit.name, |place, findings| limit.read(place, findings));
        if let Some(value) = value {
            values.insert(limit.name.clone(), value.into());
        }
    }
    fields.close();
    serde_json::from_value(values.into()).ok()
}

impl Limit {
    fn read(&self, place: Place<'_>, findings: &mut Findings<'_>) -> Option<u64> {
        let Some(number) = place.node.whole_number() else {
            place.wrong_type(findings, "whole-number");
            return None;
        };
        let max = self.max.unwrap_or(u64::MAX);
        let value = u64::try_from(number)
            .ok()
            .filter(|value| (self.min..=max).contains(value));
        if value.is_none() {
            let message = Message::new("value-out-of-range")
                .with("value", number)
                .with("range", self.max.map_or("from", |_| "between"))
                .with("min", self.min)
                .with("max", max);
            place.error(findings, message);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_limit_of_the_type() {
        let names: Vec<_> = LIMITS.iter().map(|limit| limit.name.as_str()).collect();
        let all = serde_json::json!({
            "memoryMB": 16, "cpuSeconds": 1, "wallSeconds": 1, "openFiles": 16, "processes": 0,
            "fileSizeMB": 1, "dataMB": 1, "tmpMB": 1, "pathsMB": 1, "outputMB": 1, "frameMB": 1,
            "logLinesPerSecond": 10, "bandwidthKBps": 1
        });
        let limits: LimitOverrides = serde_json::from_value(all.clone()).unwrap();
        assert_eq!(serde_json::to_value(limits).unwrap(), all);
        let expected: Vec<_> = all.as_object().unwrap().keys().collect();
        assert_eq!(names, expected);
    }
}
