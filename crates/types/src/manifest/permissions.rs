//! `permissions`: what the skill asks to be allowed, one object for each kind of thing.

use crate::Findings;
use crate::Message;
use crate::Permission;
use crate::PermissionRequest;
use crate::SkillName;
use crate::VersionRange;
use crate::manifest::fields::Fields;
use crate::manifest::place::Place;
use crate::manifest::place::choice;
use crate::manifest::place::line;
use crate::manifest::place::unknown_value;
use crate::manifest::text;

pub(super) fn permission(
    place: Place<'_>,
    findings: &mut Findings<'_>,
) -> Option<PermissionRequest> {
    let mut fields = Fields::open(place, findings, "object")?;
    let kind = fields.required("type", |place, findings| {
        place.text(findings).map(str::to_owned)
    })?;
    let permission = match kind.as_str() {
        "filesystem" => {
            let paths = fields.required("paths", lines);
            let access = fields.required("access", choice);
            paths
                .zip(access)
                .map(|(paths, access)| Permission::Filesystem { paths, access })
        }
        "network" => {
            let hosts = fields.required("hosts", hosts);
            let methods = fields.optional("methods", methods).unwrap_or_default();
            hosts.map(|hosts| Permission::Network { hosts, methods })
        }
        "process" => fields
            .required("commands", lines)
            .map(|commands| Permission::Process { commands }),
        "environment" => fields
            .required("variables", variables)
            .map(|variables| Permission::Environment { variables }),
        "mcp" => {
            let servers = fields.required("servers", lines);
            let tools = fields.optional("tools", lines_or_none).unwrap_or_default();
            servers.map(|servers| Permission::Mcp { servers, tools })
        }
        "skill" => fields
            .required("skills", skills)
            .map(|skills| Permission::Skill { skills }),
        "git" => fields
            .required("access", choice)
            .map(|access| Permission::Git { access }),
        "secret" => {
            let names = fields.required("names", variables);
            let at = fields.optional("hosts", hosts).unwrap_or_default();
            names.map(|names| Permission::Secret { names, hosts: at })
        }
        "context" => fields
            .required("fields", lines)
            .map(|fields| Permission::Context { fields }),
        unknown => {
            // Which fields belong to it is unknown too, so nothing is said about them.
            fields.error("type", unknown_value(unknown, &Permission::KINDS));
            return None;
        }
    };
    let reason = fields.optional("reason", reason);
    fields.close();
    permission.map(|permission| PermissionRequest { permission, reason })
}

fn reason(place: Place<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let reason = line(place, findings)?;
    let length = reason.chars().count();
    if length > text::MAX_REASON {
        let message = Message::new("permission-reason")
            .with("length", length)
            .with("max", text::MAX_REASON);
        place.error(findings, message);
        return None;
    }
    // A run of spaces could push words to where a terminal begins the next line, and look like ours.
    Some(reason.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn lines(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    place.filled_list(findings, line)
}

fn lines_or_none(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    place.list(findings, line)
}

fn hosts(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    place.filled_list(findings, |place, findings| {
        place.formed(findings, text::is_host, "permission-host")
    })
}

fn methods(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    place.list(findings, |place, findings| {
        place.formed(findings, text::is_http_method, "permission-method")
    })
}

fn variables(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    place.filled_list(findings, |place, findings| {
        place.formed(findings, text::is_variable, "permission-variable")
    })
}

fn skills(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    let fits = |text: &str| {
        let (name, range) = text.split_once('@').unwrap_or((text, "*"));
        name.parse::<SkillName>().is_ok()
            && !range.is_empty()
            && range.parse::<VersionRange>().is_ok()
    };
    place.filled_list(findings, |place, findings| {
        place.formed(findings, fits, "permission-skill")
    })
}

#[cfg(test)]
mod tests {
    use schemars::schema_for;

    use super::*;
    use crate::FieldPath;
    use crate::Node;
    use crate::Syntax;

    #[test]
    fn a_reason_cannot_be_drawn_out() {
        let text = r#"{"type": "git", "access": "read", "reason": " To look.       - nothing "}"#;
        let (node, mut findings) = Node::read(text.as_bytes(), "skill.json", Syntax::Json);
        let place = Place {
            node: &node.unwrap(),
            path: &FieldPath::Root,
        };
        let request = permission(place, &mut findings).unwrap();
        assert_eq!(request.reason.as_deref(), Some("To look. - nothing"));
    }

    #[test]
    fn the_schema_has_the_same_types() {
        let schema = schema_for!(Permission);
        let variants = schema.get("oneOf").unwrap().as_array().unwrap();
        let kinds: Vec<_> = variants
            .iter()
            .map(|variant| &variant["properties"]["type"]["const"])
            .collect();
        assert_eq!(kinds, Permission::KINDS);
    }
}
