//! From what a skill was seen to do to the least that it has to ask for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::SandboxPolicy;
use mycelium_protocol::Operation;
use mycelium_protocol::Violation;
use mycelium_types::FileAccess;
use mycelium_types::Permission;

use crate::suggestion;
use crate::trace::observation::Observation;

/// So many files of one folder are asked for as the folder.
const SEVERAL: usize = 2;

/// What a skill was seen to need.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) reads: BTreeSet<PathBuf>,
    pub(super) writes: BTreeSet<PathBuf>,
    /// The methods seen at `host:port`; nothing for a connection that does not show them.
    pub(super) hosts: BTreeMap<String, BTreeSet<String>>,
    pub(super) commands: BTreeSet<String>,
    pub(super) variables: BTreeSet<String>,
    /// The tools called of a server; nothing for one that was only asked what it has.
    pub(super) servers: BTreeMap<String, BTreeSet<String>>,
    /// Skills as they were named: `name` or `name@range`.
    pub(super) skills: BTreeSet<String>,
    /// The `host:port` that secrets were sent to; nothing for one whose placeholder was only looked at.
    pub(super) secrets: BTreeMap<String, BTreeSet<String>>,
    /// Secrets that may have been sent to a `host:port` where nobody could see it.
    pub(super) unreadable: BTreeSet<(String, String)>,
    pub(super) fields: BTreeSet<String>,
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
            Observation::Took { permission, .. } => self.note_permission(permission),
            Observation::Unreadable { secret, place } => {
                self.unreadable.insert((secret.clone(), place.clone()));
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
            Some(permission) => self.note_permission(permission),
            None => {}
        }
    }

    fn note_permission(&mut self, permission: &Permission) {
        match permission {
            Permission::Network { hosts, methods } => note(&mut self.hosts, hosts, methods),
            Permission::Process { commands } => self.commands.extend(commands.iter().cloned()),
            Permission::Environment { variables } => {
                self.variables.extend(variables.iter().cloned());
            }
            Permission::Mcp { servers, tools } => note(&mut self.servers, servers, tools),
            Permission::Skill { skills } => self.skills.extend(skills.iter().cloned()),
            Permission::Secret { names, hosts } => note(&mut self.secrets, names, hosts),
            Permission::Context { fields } => self.fields.extend(fields.iter().cloned()),
            // Of files it is the paths that count, and nothing is seen of Git.
            Permission::Filesystem { .. } | Permission::Git { .. } => {}
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
            .chain(self.beyond_the_sandbox())
            .collect()
    }

    /// The least that allows what others than the sandbox decide about.
    fn beyond_the_sandbox(&self) -> impl Iterator<Item = Permission> {
        let list = |names: &BTreeSet<String>| -> Vec<String> { names.iter().cloned().collect() };
        let environment = (!self.variables.is_empty()).then(|| Permission::Environment {
            variables: list(&self.variables),
        });
        let mcp = self
            .servers
            .iter()
            .map(move |(server, tools)| Permission::Mcp {
                servers: vec![server.clone()],
                tools: list(tools),
            });
        let skill = (!self.skills.is_empty()).then(|| Permission::Skill {
            skills: list(&self.skills),
        });
        let secret = self
            .secrets
            .iter()
            .map(move |(name, hosts)| Permission::Secret {
                names: vec![name.clone()],
                hosts: list(hosts),
            });
        let context = (!self.fields.is_empty()).then(|| Permission::Context {
            fields: list(&self.fields),
        });
        environment
            .into_iter()
            .chain(mcp)
            .chain(skill)
            .chain(secret)
            .chain(context)
    }
}

/// Takes note of several things, each with what was seen of it.
fn note(known: &mut BTreeMap<String, BTreeSet<String>>, names: &[String], seen: &[String]) {
    for name in names {
        known
            .entry(name.clone())
            .or_default()
            .extend(seen.iter().cloned());
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
