//! Which permission would have allowed what was refused.

use std::net::SocketAddr;
use std::path::Path;

use mycelium_policy::PROGRAM_FOLDERS;
use mycelium_policy::SANDBOX_FOLDERS;
use mycelium_policy::SandboxPolicy;
use mycelium_policy::is_protected_name;
use mycelium_protocol::Operation;
use mycelium_protocol::Violation;
use mycelium_protocol::worker::Denied;
use mycelium_types::FileAccess;
use mycelium_types::Permission;

/// The port at which names are looked up, which a worker without a network has nobody at.
const LOOKUPS: u16 = 53;

/// The entry of `permissions` that would allow it; `None` if none would, or if it would have to name
/// everything there is.
pub(crate) fn permission_for(policy: &SandboxPolicy, denied: &Denied) -> Option<Permission> {
    let path = denied.resolved.as_path();
    match denied.operation {
        Operation::Read => files(policy, path, FileAccess::Read),
        Operation::Write if path.exists() => files(policy, path, FileAccess::Write),
        // It is no part of what its folder is granted for, and what is not there cannot be named.
        Operation::Write if path.file_name().is_some_and(is_protected_name) => None,
        // What a permission to write names and is not there is made a folder: for a new file it is the
        // folder that has to be named.
        Operation::Write => files(policy, path.parent()?, FileAccess::Write),
        Operation::Connect => {
            let address: SocketAddr = denied.attempted.parse().ok()?;
            (address.port() != LOOKUPS).then(|| Permission::Network {
                hosts: vec![address.to_string()],
                methods: Vec::new(),
            })
        }
        Operation::Exec => Some(Permission::Process {
            commands: vec![command(Path::new(&denied.attempted)).or_else(|| command(path))?],
        }),
        // Who refuses it knows what would allow it.
        Operation::Privilege | Operation::Call => None,
    }
}

/// The permission that would have allowed it, as a manifest writes it.
pub(crate) fn text(violation: &Violation) -> Option<String> {
    let permission = violation.permission.as_ref()?;
    serde_json::to_string(permission).ok()
}

/// The name by which a program can be granted: that of one in a folder where programs are looked for.
fn command(path: &Path) -> Option<String> {
    let known = path.parent()?;
    let name = path.file_name()?.to_str()?;
    PROGRAM_FOLDERS
        .iter()
        .any(|folder| Path::new(folder) == known)
        .then(|| name.to_owned())
}

fn files(policy: &SandboxPolicy, path: &Path, access: FileAccess) -> Option<Permission> {
    let is_own = SANDBOX_FOLDERS.iter().any(|own| path.starts_with(own));
    let is_everything =
        path == Path::new("/") || access == FileAccess::Write && policy.workspace.starts_with(path);
    if is_own || is_everything {
        return None;
    }
    Some(Permission::Filesystem {
        paths: vec![declared(&policy.workspace, path)?],
        access,
    })
}

/// The path as a manifest of a skill in this workspace would write it.
pub(crate) fn declared(workspace: &Path, path: &Path) -> Option<String> {
    Some(match path.strip_prefix(workspace) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => format!("./{}", inside.to_str()?),
        Err(_) => path.to_str()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(operation: Operation, attempted: &str) -> Option<String> {
        let policy: SandboxPolicy = serde_json::from_value(serde_json::json!({
            "skill": {"name": "demo", "version": "1.0.0"},
            "skill_root": "/w/skills/demo", "workspace": "/w", "paths": [], "dependency_layer": null,
            "bytecode": null, "data": null, "network": {"allow": []}, "environment": {},
            "limits": mycelium_types::Limits::default(), "required_rung": "full", "denials": []
        }))
        .unwrap();
        let denied = Denied {
            operation,
            attempted: attempted.to_owned(),
            resolved: attempted.into(),
        };
        permission_for(&policy, &denied).map(|it| serde_json::to_string(&it).unwrap())
    }

    #[test]
    fn the_permission_is_the_narrowest_that_would_have_done() {
        for (operation, attempted, expected) in [
            (
                Operation::Read,
                "/w/docs/a.md",
                r#"{"type":"filesystem","paths":["./docs/a.md"],"access":"read"}"#,
            ),
            (
                Operation::Read,
                "/srv/data",
                r#"{"type":"filesystem","paths":["/srv/data"],"access":"read"}"#,
            ),
            (
                Operation::Write,
                "/w/out/new.txt",
                r#"{"type":"filesystem","paths":["./out"],"access":"write"}"#,
            ),
            (
                Operation::Write,
                "/usr/bin",
                r#"{"type":"filesystem","paths":["/usr/bin"],"access":"write"}"#,
            ),
            (
                Operation::Connect,
                "192.0.2.1:443",
                r#"{"type":"network","hosts":["192.0.2.1:443"]}"#,
            ),
            (
                Operation::Exec,
                "/usr/bin/git",
                r#"{"type":"process","commands":["git"]}"#,
            ),
        ] {
            assert_eq!(suggested(operation, attempted).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_no_permission_can_name_has_none() {
        for (operation, attempted) in [
            (Operation::Read, "/"),
            (Operation::Read, "/proc/1/environ"),
            // Its folder is the whole workspace.
            (Operation::Write, "/w/new.txt"),
            // What its folder is granted for does not include it.
            (Operation::Write, "/w/out/.git"),
            (Operation::Write, "/w/out/.mcp.json"),
            (Operation::Connect, "127.0.0.1:53"),
            (Operation::Connect, "@bus"),
            (Operation::Exec, "/w/out/built"),
            (Operation::Privilege, "mount"),
        ] {
            assert_eq!(suggested(operation, attempted), None, "{attempted}");
        }
    }
}
