//! From a tool's arguments, which have names, to a function's.

use mycelium_protocol::control::Arguments;
use mycelium_runtime::Parameter;
use mycelium_types::nearest;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::schema::LIST;
use crate::schema::Shape;

/// The arguments as the function takes them. The runtime checks the values.
///
/// # Errors
/// What is wrong with the names, in words.
pub(crate) fn arguments(shape: &Shape, mut given: JsonObject) -> Result<Arguments, String> {
    match shape {
        Shape::Named => Ok(Arguments::Named(given)),
        Shape::Ordered(parameters) => order(parameters, given).map(Arguments::Positional),
        Shape::List => {
            let list = given.remove(LIST);
            if let Some((name, _)) = given.iter().next() {
                return Err(format!(
                    "`{name}` is not an argument: give the arguments in order, as the list `{LIST}`"
                ));
            }
            match list {
                None => Ok(Arguments::Positional(Vec::new())),
                Some(Value::Array(list)) => Ok(Arguments::Positional(list)),
                Some(_) => Err(format!("`{LIST}` is not a list")),
            }
        }
    }
}

fn order(parameters: &[Parameter], mut given: JsonObject) -> Result<Vec<Value>, String> {
    let mut list = Vec::new();
    // Left out in the middle is null; left out at the end is left out.
    let mut missing = 0;
    for parameter in parameters {
        match given.remove(&parameter.name) {
            Some(Value::Array(rest)) if parameter.rest => {
                list.extend(std::iter::repeat_n(Value::Null, missing));
                list.extend(rest);
                missing = 0;
            }
            Some(_) if parameter.rest => {
                return Err(format!("`{}` is not a list", parameter.name));
            }
            Some(value) => {
                list.extend(std::iter::repeat_n(Value::Null, missing));
                list.push(value);
                missing = 0;
            }
            None if parameter.optional || parameter.rest => missing += 1,
            None => return Err(format!("`{}` is missing", parameter.name)),
        }
    }
    match given.iter().next() {
        None => Ok(list),
        Some((name, _)) => {
            let known = parameters.iter().map(|parameter| parameter.name.as_str());
            Err(match nearest(name, known) {
                Some(meant) => format!("`{name}` is not an argument; `{meant}` is"),
                None => format!("`{name}` is not an argument"),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::object;

    fn parameter(name: &str) -> Parameter {
        Parameter {
            name: name.to_owned(),
            type_name: None,
            optional: false,
            rest: false,
            description: None,
        }
    }

    #[test]
    fn names_are_put_into_the_sources_order() {
        let shape = Shape::Ordered(vec![
            parameter("first"),
            Parameter {
                optional: true,
                ..parameter("second")
            },
            Parameter {
                rest: true,
                ..parameter("others")
            },
        ]);
        let call = |value| arguments(&shape, object(value));
        let list = |value: Value| Ok(Arguments::Positional(value.as_array().unwrap().clone()));
        assert_eq!(call(json!({"first": 1})), list(json!([1])));
        assert_eq!(
            call(json!({"others": [3, 4], "first": 1})),
            list(json!([1, null, 3, 4]))
        );
        assert_eq!(
            call(json!({"second": 2})),
            Err("`first` is missing".to_owned())
        );
        assert_eq!(
            call(json!({"first": 1, "others": 2})),
            Err("`others` is not a list".to_owned())
        );
        assert_eq!(
            call(json!({"first": 1, "secnd": 2})),
            Err("`secnd` is not an argument; `second` is".to_owned())
        );
    }

    #[test]
    fn unknown_parameters_come_as_a_list() {
        let call = |value| arguments(&Shape::List, object(value));
        assert_eq!(call(json!({})), Ok(Arguments::Positional(Vec::new())));
        assert_eq!(
            call(json!({"arguments": [1]})),
            Ok(Arguments::Positional(vec![json!(1)]))
        );
        assert!(call(json!({"arguments": 1})).is_err());
        assert!(call(json!({"name": 1})).is_err());
    }
}
