//! From what a skill was seen to do to the least that it has to ask for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use mycelium_network::Host;
use mycelium_network::HostPattern;
use mycelium_policy::HostPaths;
use mycelium_policy::SandboxPolicy;
use mycelium_protocol::Operation;
use mycelium_protocol::Violation;
use mycelium_types::FileAccess;
use mycelium_types::Manifest;
use mycelium_types::Permission;

use crate::host_paths::HostFiles;
use crate::suggestion;
use crate::trace::observation::Observation;

/// So many files of one folder are asked for as the folder.
const SEVERAL: usize = 2;

/// What a skill was seen to need.
#[derive(Debug, Default)]
pub(super) struct Needs {
    reads: BTreeSet<PathBuf>,
    writes: BTreeSet<PathBuf>,
    /// The methods seen at `host:port`; nothing for a connection that does not show them.
    hosts: BTreeMap<String, BTreeSet<String>>,
    commands: BTreeSet<String>,
}

impl Needs {
    /// Takes note of what a skill with this policy did.
    pub(super) fn note(&mut self, observation: &Observation, policy: &SandboxPolicy) {
        match observation {
            Observation::Used { operation, path } => self.note_use(*operation, path, policy),
            Observation::Reached { place, method } => {
                let known = self.hosts.entry(place.clone()).or_default();
                known.extend(method.iter().cloned());
            }
            Observation::Refused(violation) => self.note_refusal(violation),
        }
    }

    fn note_use(&mut self, operation: Operation, path: &Path, policy: &SandboxPolicy) {
        match operation {
            // What is not there needs no permission, and cannot have one.
            Operation::Read if path.exists() => {
                self.reads.insert(path.to_owned());
            }
            Operation::Write => {
                self.writes.insert(path.to_owned());
            }
            Operation::Exec => {
                let mut commands = policy.program.iter().flat_map(|own| &own.commands);
                let command = commands.find(|one| one.files.iter().any(|file| file == path));
                self.commands
                    .extend(command.map(|command| command.declared.clone()));
            }
            Operation::Read | Operation::Connect | Operation::Privilege | Operation::Call => {}
        }
    }

    fn note_refusal(&mut self, violation: &Violation) {
        match &violation.permission {
            Some(Permission::Filesystem { access, .. }) => {
                match access {
                    FileAccess::Read => &mut self.reads,
                    FileAccess::Write => &mut self.writes,
                }
                .insert(violation.resolved.clone());
            }
            Some(Permission::Network { hosts, methods }) => {
                for host in hosts {
                    let known = self.hosts.entry(host.clone()).or_default();
                    known.extend(methods.iter().cloned());
                }
            }
            Some(Permission::Process { commands }) => {
                self.commands.extend(commands.iter().cloned());
            }
            Some(
                Permission::Environment { .. }
                | Permission::Mcp { .. }
                | Permission::Skill { .. }
                | Permission::Git { .. }
                | Permission::Secret { .. }
                | Permission::Context { .. },
            )
            | None => {}
        }
    }

    /// The least that allows all of it.
    pub(super) fn permissions(&self, policy: &SandboxPolicy) -> Vec<Permission> {
        let workspace = &policy.workspace;
        let writes = outermost(
            self.writes
                .iter()
                .filter_map(|path| place_to_write(path, workspace)),
        );
        let below_write = |path: &Path| writes.iter().any(|place| path.starts_with(place));
        let reads = self.reads.iter().filter(|path| !below_write(path));
        let reads = outermost(generalise(reads, workspace));
        let paths = |places: &BTreeSet<PathBuf>, access| {
            let paths: Vec<_> = places
                .iter()
                .filter_map(|place| suggestion::declared(workspace, place))
                .collect();
            (!paths.is_empty()).then_some(Permission::Filesystem { paths, access })
        };
        let mut by_methods = BTreeMap::<_, Vec<_>>::new();
        for (host, methods) in &self.hosts {
            by_methods.entry(methods).or_default().push(host.clone());
        }
        let network = by_methods
            .into_iter()
            .map(|(methods, hosts)| Permission::Network {
                hosts,
                methods: methods.iter().cloned().collect(),
            });
        let process = (!self.commands.is_empty()).then(|| Permission::Process {
            commands: self.commands.iter().cloned().collect(),
        });
        paths(&reads, FileAccess::Read)
            .into_iter()
            .chain(paths(&writes, FileAccess::Write))
            .chain(network)
            .chain(process)
            .collect()
    }
}

/// What has to be named so that `path` can be written: in the workspace its folder, because what a permission
/// names and is not there is made a folder; nothing if that would be the workspace.
fn place_to_write(path: &Path, workspace: &Path) -> Option<PathBuf> {
    let folder = path.parent()?;
    if !workspace.starts_with(folder) && (path.starts_with(workspace) || !path.exists()) {
        Some(folder.to_owned())
    } else {
        path.exists().then(|| path.to_owned())
    }
}

/// Several files of one folder of the workspace become the folder.
fn generalise<'a>(paths: impl Iterator<Item = &'a PathBuf>, workspace: &Path) -> BTreeSet<PathBuf> {
    let mut by_folder = BTreeMap::<&Path, Vec<&PathBuf>>::new();
    for path in paths {
        by_folder
            .entry(path.parent().unwrap_or(path))
            .or_default()
            .push(path);
    }
    let mut general = BTreeSet::new();
    for (folder, files) in by_folder {
        let is_inside = folder.starts_with(workspace) && folder != workspace;
        if is_inside && files.len() >= SEVERAL {
            general.insert(folder.to_owned());
        } else {
            general.extend(files.into_iter().cloned());
        }
    }
    general
}

/// The paths that are below no other.
fn outermost(paths: impl IntoIterator<Item = PathBuf>) -> BTreeSet<PathBuf> {
    let mut outermost = BTreeSet::<PathBuf>::new();
    // What is above sorts first.
    for path in paths.into_iter().collect::<BTreeSet<_>>() {
        if !outermost.iter().any(|above| path.starts_with(above)) {
            outermost.insert(path);
        }
    }
    outermost
}

/// What a manifest asks for, entry by entry.
pub(super) struct Declared<'a> {
    permissions: Vec<Permission>,
    policy: &'a SandboxPolicy,
    home: &'a Path,
}

impl<'a> Declared<'a> {
    pub(super) fn new(manifest: &Manifest, policy: &'a SandboxPolicy, home: &'a Path) -> Self {
        let permissions = manifest.permissions.iter();
        Self {
            permissions: permissions
                .flat_map(|request| apart(&request.permission))
                .collect(),
            policy,
            home,
        }
    }

    /// What nothing was seen to need.
    pub(super) fn unused(&self, needs: &Needs) -> Vec<Permission> {
        let used = |permission: &Permission| match permission {
            Permission::Filesystem { paths, access } => paths.iter().any(|declared| {
                let place = self.place(declared);
                let mut touched = needs.writes.iter().chain(
                    (*access == FileAccess::Read)
                        .then_some(&needs.reads)
                        .into_iter()
                        .flatten(),
                );
                touched.any(|path| path.starts_with(&place))
            }),
            Permission::Network { hosts, .. } => needs
                .hosts
                .keys()
                .any(|needed| hosts.iter().any(|declared| covers(declared, needed))),
            Permission::Process { commands } => {
                commands.iter().any(|name| needs.commands.contains(name))
            }
            Permission::Environment { .. }
            | Permission::Mcp { .. }
            | Permission::Skill { .. }
            | Permission::Git { .. }
            | Permission::Secret { .. }
            | Permission::Context { .. } => true,
        };
        let unused = self.permissions.iter().filter(|one| !used(one));
        unused.cloned().collect()
    }

    /// The part of `needed` that it does not ask for.
    pub(super) fn missing(&self, needed: &[Permission]) -> Vec<Permission> {
        let needed = needed.iter().flat_map(apart);
        needed.filter(|one| !self.asks_for(one)).collect()
    }

    /// `needed`, and what is asked for and cannot be seen in use.
    pub(super) fn with_unseen(&self, mut needed: Vec<Permission>) -> Vec<Permission> {
        let unseen = self.permissions.iter().filter(|one| match one {
            Permission::Filesystem { .. }
            | Permission::Network { .. }
            | Permission::Process { .. } => false,
            Permission::Environment { .. }
            | Permission::Mcp { .. }
            | Permission::Skill { .. }
            | Permission::Git { .. }
            | Permission::Secret { .. }
            | Permission::Context { .. } => true,
        });
        needed.extend(unseen.cloned());
        needed
    }

    fn asks_for(&self, needed: &Permission) -> bool {
        self.permissions.iter().any(|own| match (own, needed) {
            (
                Permission::Filesystem { paths, access },
                Permission::Filesystem {
                    paths: needed,
                    access: needed_access,
                },
            ) => {
                access >= needed_access
                    && needed.iter().all(|path| {
                        let path = self.place(path);
                        paths.iter().any(|own| path.starts_with(self.place(own)))
                    })
            }
            (
                Permission::Network { hosts, methods },
                Permission::Network {
                    hosts: needed,
                    methods: needed_methods,
                },
            ) => {
                let speaks = methods.is_empty()
                    || !needed_methods.is_empty()
                        && needed_methods.iter().all(|one| methods.contains(one));
                speaks
                    && needed
                        .iter()
                        .all(|needed| hosts.iter().any(|own| covers(own, needed)))
            }
            (Permission::Process { commands }, Permission::Process { commands: needed }) => {
                needed.iter().all(|name| commands.contains(name))
            }
            _ => false,
        })
    }

    /// The path that a manifest's path means.
    fn place(&self, declared: &str) -> PathBuf {
        let path = match declared.strip_prefix("~/") {
            Some(rest) => self.home.join(rest),
            None => self.policy.workspace.join(declared),
        };
        HostFiles::default().resolve(&path).unwrap_or(path)
    }
}

/// One entry for each path, host or program.
fn apart(permission: &Permission) -> Vec<Permission> {
    match permission {
        Permission::Filesystem { paths, access } => paths
            .iter()
            .map(|path| Permission::Filesystem {
                paths: vec![path.clone()],
                access: *access,
            })
            .collect(),
        Permission::Network { hosts, methods } => hosts
            .iter()
            .map(|host| Permission::Network {
                hosts: vec![host.clone()],
                methods: methods.clone(),
            })
            .collect(),
        Permission::Process { commands } => commands
            .iter()
            .map(|name| Permission::Process {
                commands: vec![name.clone()],
            })
            .collect(),
        Permission::Environment { .. }
        | Permission::Mcp { .. }
        | Permission::Skill { .. }
        | Permission::Git { .. }
        | Permission::Secret { .. }
        | Permission::Context { .. } => vec![permission.clone()],
    }
}

/// Whether a declared pattern is about `needed`, which is `host:port` or, where no port was seen, `host`.
fn covers(declared: &str, needed: &str) -> bool {
    let (Ok(pattern), Ok(exact)) = (
        declared.parse::<HostPattern>(),
        needed.parse::<HostPattern>(),
    ) else {
        return false;
    };
    let host = match exact.port() {
        Some(port) => needed.strip_suffix(&format!(":{port}")).unwrap_or(needed),
        None => needed,
    };
    let Ok(host) = host.parse::<Host>() else {
        return declared == needed;
    };
    match exact.port() {
        Some(port) => pattern.covers(&host, port),
        None => pattern.covers_host(&host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(workspace: &Path) -> SandboxPolicy {
        serde_json::from_value(serde_json::json!({
            "skill": {"name": "demo", "version": "1.0.0"}, "skill_root": workspace.join("skill"),
            "workspace": workspace, "paths": [], "dependency_layer": null, "bytecode": null,
            "data": null, "environment": {}, "limits": mycelium_types::Limits::default(),
            "required_rung": "full", "denials": []
        }))
        .unwrap()
    }

    fn manifest(permissions: &serde_json::Value) -> Manifest {
        let text = serde_json::json!({
            "name": "demo", "version": "1.0.0", "description": "A test.", "entrypoint": "index.js",
            "exports": ["run"], "permissions": permissions,
        });
        let reading = Manifest::read(text.to_string().as_bytes(), "skill.json");
        reading.into_result("skill.json").unwrap().0
    }

    fn used(operation: Operation, path: PathBuf) -> Observation {
        Observation::Used { operation, path }
    }

    fn text(permissions: &[Permission]) -> Vec<String> {
        let lines = permissions.iter();
        lines
            .map(|one| serde_json::to_string(one).unwrap())
            .collect()
    }

    /// A workspace with files, and what a skill needs that uses some of them.
    fn scene() -> (tempfile::TempDir, SandboxPolicy, Needs) {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().canonicalize().unwrap();
        for name in ["docs/deep", "one", "out", "unused"] {
            fs_err::create_dir_all(workspace.join(name)).unwrap();
        }
        for name in ["docs/a", "docs/b", "docs/deep/c", "one/a", "top", "out/new"] {
            fs_err::write(workspace.join(name), "x").unwrap();
        }
        let policy = policy(&workspace);
        let mut needs = Needs::default();
        for name in ["docs/a", "docs/b", "docs/deep/c", "one/a", "top", "absent"] {
            needs.note(&used(Operation::Read, workspace.join(name)), &policy);
        }
        needs.note(&used(Operation::Write, workspace.join("out/new")), &policy);
        needs.note(&used(Operation::Read, workspace.join("out/new")), &policy);
        (folder, policy, needs)
    }

    #[test]
    fn several_files_become_their_folder_and_never_the_workspace() {
        let (_folder, policy, needs) = scene();
        assert_eq!(
            text(&needs.permissions(&policy)),
            [
                r#"{"type":"filesystem","paths":["./docs","./one/a","./top"],"access":"read"}"#,
                r#"{"type":"filesystem","paths":["./out"],"access":"write"}"#
            ]
        );
    }

    #[test]
    fn a_manifest_is_told_what_it_asks_for_in_vain_and_what_it_lacks() {
        let (_folder, policy, needs) = scene();
        let manifest = manifest(&serde_json::json!([
            {"type": "filesystem", "paths": ["./docs", "./unused"], "access": "read"},
            {"type": "filesystem", "paths": ["./one"], "access": "write"},
            {"type": "network", "hosts": ["example.org"]},
            {"type": "environment", "variables": ["LANG"]},
        ]));
        let declared = Declared::new(&manifest, &policy, Path::new("/home"));
        assert_eq!(
            text(&declared.unused(&needs)),
            [
                r#"{"type":"filesystem","paths":["./unused"],"access":"read"}"#,
                r#"{"type":"filesystem","paths":["./one"],"access":"write"}"#,
                r#"{"type":"network","hosts":["example.org"]}"#
            ]
        );
        let needed = needs.permissions(&policy);
        assert_eq!(
            text(&declared.missing(&needed)),
            [
                r#"{"type":"filesystem","paths":["./top"],"access":"read"}"#,
                r#"{"type":"filesystem","paths":["./out"],"access":"write"}"#
            ]
        );
        let kept = declared.with_unseen(needed);
        assert_eq!(
            text(&kept).last().unwrap(),
            r#"{"type":"environment","variables":["LANG"]}"#
        );
    }

    #[test]
    fn a_pattern_covers_the_hosts_it_is_about() {
        for (declared, needed, expected) in [
            ("api.example.org", "api.example.org:443", true),
            ("*.example.org:443", "api.example.org:443", true),
            ("*.example.org:80", "api.example.org:443", false),
            ("api.example.org:80", "api.example.org", true),
            ("other.test", "api.example.org:443", false),
        ] {
            assert_eq!(covers(declared, needed), expected, "{declared} {needed}");
        }
    }
}
