//! `exports`: names of functions, or objects that say more about them.

use std::collections::HashSet;

use crate::CallStyle;
use crate::Export;
use crate::Findings;
use crate::Hook;
use crate::Message;
use crate::NodeValue;
use crate::manifest::fields::Fields;
use crate::manifest::place::Place;
use crate::manifest::place::choice;
use crate::manifest::place::flag;
use crate::manifest::place::object;
use crate::manifest::place::prose;
use crate::manifest::text;

pub(super) fn exports(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<Export>> {
    let mut seen = HashSet::new();
    let exports = place.list(findings, |place, findings| {
        let export = export(place, findings)?;
        if !seen.insert(export.name.clone()) {
            let message = Message::new("export-repeated").with("name", &export.name);
            place.error(findings, message);
        } else if Hook::ALL.iter().any(|hook| hook.as_str() == export.name) {
            let message = Message::new("export-hook").with("name", &export.name);
            place.warning(findings, message);
        }
        Some(export)
    })?;
    if matches!(&place.node.value, NodeValue::List(items) if items.is_empty()) {
        place.warning(findings, Message::new("exports-empty"));
    }
    Some(exports)
}

fn export(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Export> {
    if let NodeValue::Text(_) = place.node.value {
        return name(place, findings).map(|name| Export::named(&name));
    }
    let mut fields = Fields::open(place, findings, "text-or-object")?;
    let name = fields.required("name", name);
    let description = fields.optional("description", prose);
    let parameters = fields.optional("parameters", object);
    let returns = fields.optional("returns", object);
    let call = fields.optional("call", choice);
    let read_only = fields.optional("readOnly", flag).unwrap_or(false);
    let destructive = fields.optional("destructive", flag).unwrap_or(false);
    if read_only && destructive {
        fields.warning("destructive", Message::new("export-contradiction"));
    }
    let is_object = parameters
        .as_ref()
        .and_then(|schema| schema.get("type"))
        .is_none_or(|kind| kind == "object");
    if !is_object {
        fields.error("parameters", Message::new("export-parameters"));
    }
    fields.close();
    let call = call.unwrap_or(match parameters {
        Some(_) => CallStyle::Named,
        None => CallStyle::Positional,
    });
    Some(Export {
        name: name?,
        description,
        parameters,
        returns,
        call,
        read_only,
        destructive,
    })
}

fn name(place: Place<'_>, findings: &mut Findings<'_>) -> Option<String> {
    place.formed(findings, text::is_function, "export-name")
}
