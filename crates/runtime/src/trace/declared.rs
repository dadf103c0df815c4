//! What a manifest asks for, beside what its skill was seen to need.

use std::path::Path;
use std::path::PathBuf;

use mycelium_network::Host;
use mycelium_network::HostPattern;
use mycelium_policy::HostPaths;
use mycelium_policy::SandboxPolicy;
use mycelium_types::Engine;
use mycelium_types::FileAccess;
use mycelium_types::Manifest;
use mycelium_types::Permission;

use crate::host_paths::HostFiles;
use crate::trace::needs::Needs;

/// The one part of a call's context that takes a permission. Every skill is told the others.
const CONVERSATION: &str = "conversation";

/// What a manifest asks for.
pub(super) struct Declared<'a> {
    /// Entry by entry, as it is written.
    entries: Vec<&'a Permission>,
    /// One for each path, host, program and so on.
    permissions: Vec<Permission>,
    policy: &'a SandboxPolicy,
    engine: Engine,
    home: &'a Path,
}

impl<'a> Declared<'a> {
    pub(super) fn new(
        manifest: &'a Manifest,
        engine: Engine,
        policy: &'a SandboxPolicy,
        home: &'a Path,
    ) -> Self {
        let entries: Vec<_> = (manifest.permissions.iter())
            .map(|request| &request.permission)
            .collect();
        Self {
            permissions: entries.iter().flat_map(|entry| apart(entry)).collect(),
            entries,
            policy,
            engine,
            home,
        }
    }

    /// What nothing was seen to need.
    pub(super) fn unused(&self, needs: &Needs) -> Vec<Permission> {
        let permissions = self.permissions.iter();
        permissions
            .filter(|one| !self.is_used(one, needs) && !self.is_unseen(one, needs))
            .cloned()
            .collect()
    }

    /// Whether some of it was seen in use.
    fn is_used(&self, permission: &Permission, needs: &Needs) -> bool {
        match permission {
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
            Permission::Environment { variables } => {
                variables.iter().any(|name| needs.variables.contains(name))
            }
            Permission::Mcp { servers, tools } => servers.iter().any(|server| {
                needs.servers.get(server).is_some_and(|called| {
                    // To ask a server what it has takes any of its tools.
                    called.is_empty()
                        || is_every_tool(tools)
                        || tools.iter().any(|tool| called.contains(tool))
                })
            }),
            Permission::Skill { skills } => skills.iter().any(|own| {
                let mut called = needs.skills.iter();
                called.any(|called| is_call_of(own, called))
            }),
            Permission::Secret { names, hosts } => names.iter().any(|name| {
                needs.secrets.get(name).is_some_and(|sent| {
                    sent.is_empty() || sent.iter().any(|place| is_for(hosts, place))
                })
            }),
            Permission::Context { fields } => {
                fields.iter().any(|field| needs.fields.contains(field))
            }
            Permission::Git { .. } => false,
        }
    }

    /// Whether nobody can see if it is used, at least not as it was used here.
    fn is_unseen(&self, permission: &Permission, needs: &Needs) -> bool {
        let looks_unseen = match self.engine {
            Engine::Quickjs => false,
            // Which of its variables a program reads only the program knows, and it is told the context with the call.
            Engine::Native => true,
        };
        match permission {
            Permission::Filesystem { .. }
            | Permission::Network { .. }
            | Permission::Process { .. }
            | Permission::Mcp { .. }
            | Permission::Skill { .. } => false,
            Permission::Environment { .. } => looks_unseen,
            Permission::Context { fields } => {
                looks_unseen || fields.iter().any(|field| field != CONVERSATION)
            }
            // In TLS that a program makes itself.
            Permission::Secret { names, hosts } => {
                let mut unreadable = needs.unreadable.iter();
                unreadable.any(|(name, place)| names.contains(name) && is_for(hosts, place))
            }
            Permission::Git { .. } => true,
        }
    }

    /// What is asked for and nobody can see in use.
    pub(super) fn unseen(&self, needs: &Needs) -> Vec<Permission> {
        let mut unseen = Vec::new();
        for &entry in &self.entries {
            let parts = apart(entry);
            let (hidden, seen): (Vec<_>, Vec<_>) = parts
                .into_iter()
                .partition(|part| self.is_unseen(part, needs));
            match seen.is_empty() {
                true => unseen.push(entry.clone()),
                false => unseen.extend(hidden),
            }
        }
        unseen
    }

    /// What was seen, where it leaves something open, in the narrower words of the manifest: the tools of a server that was
    /// only asked what it has, the hosts of a secret that was only looked at, the versions of a skill that was called
    /// without any.
    pub(super) fn narrowed(&self, needed: Vec<Permission>) -> Vec<Permission> {
        let needed = needed.into_iter();
        needed
            .map(|permission| match permission {
                Permission::Mcp { servers, tools } if tools.is_empty() => {
                    let tools = self.tools_of(&servers);
                    Permission::Mcp { servers, tools }
                }
                Permission::Secret { names, hosts } if hosts.is_empty() => {
                    let hosts = self.hosts_of(&names);
                    Permission::Secret { names, hosts }
                }
                Permission::Skill { skills } => {
                    let mut skills: Vec<_> = skills
                        .iter()
                        .flat_map(|called| self.named_like(called))
                        .collect();
                    skills.sort_unstable();
                    skills.dedup();
                    Permission::Skill { skills }
                }
                other => other,
            })
            .collect()
    }

    /// The tools of servers that it asks for; none if it asks for all or for none.
    fn tools_of(&self, wanted: &[String]) -> Vec<String> {
        let mut all = Vec::new();
        for entry in &self.entries {
            if let Permission::Mcp { servers, tools } = entry
                && servers.iter().any(|server| wanted.contains(server))
            {
                if is_every_tool(tools) {
                    return Vec::new();
                }
                all.extend(tools.iter().cloned());
            }
        }
        all
    }

    /// The hosts that it asks for secrets for; none if it names none.
    fn hosts_of(&self, wanted: &[String]) -> Vec<String> {
        let mut all = Vec::new();
        for entry in &self.entries {
            if let Permission::Secret { names, hosts } = entry
                && names.iter().any(|name| wanted.contains(name))
            {
                if hosts.is_empty() {
                    return Vec::new();
                }
                all.extend(hosts.iter().cloned());
            }
        }
        all
    }

    /// What it calls a skill that was called without a range, if it does.
    fn named_like(&self, called: &str) -> Vec<String> {
        let mut own = Vec::new();
        for entry in &self.entries {
            if let Permission::Skill { skills } = entry {
                let named = skills.iter().filter(|own| is_call_of(own, called));
                own.extend(named.cloned());
            }
        }
        match own.is_empty() || called.contains('@') {
            true => vec![called.to_owned()],
            false => own,
        }
    }

    /// The part of `needed` that it does not ask for.
    pub(super) fn missing(&self, needed: &[Permission]) -> Vec<Permission> {
        let needed = needed.iter().flat_map(apart);
        needed.filter(|one| !self.asks_for(one)).collect()
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
            (
                Permission::Mcp { servers, tools },
                Permission::Mcp {
                    servers: needed,
                    tools: called,
                },
            ) => {
                let offers = is_every_tool(tools)
                    || !called.is_empty() && called.iter().all(|tool| tools.contains(tool));
                offers && needed.iter().all(|server| servers.contains(server))
            }
            (
                Permission::Secret { names, hosts },
                Permission::Secret {
                    names: needed,
                    hosts: sent,
                },
            ) => {
                let reaches = hosts.is_empty()
                    || !sent.is_empty() && sent.iter().all(|place| is_for(hosts, place));
                reaches && needed.iter().all(|name| names.contains(name))
            }
            (Permission::Skill { skills }, Permission::Skill { skills: needed }) => {
                let covers = |needed: &String| {
                    let mut own = skills.iter();
                    own.any(|own| own == needed || Some(own.as_str()) == name_of(needed))
                };
                needed.iter().all(covers)
            }
            (Permission::Process { commands: own }, Permission::Process { commands: needed })
            | (
                Permission::Environment { variables: own },
                Permission::Environment { variables: needed },
            )
            | (Permission::Context { fields: own }, Permission::Context { fields: needed }) => {
                needed.iter().all(|name| own.contains(name))
            }
            _ => false,
        })
    }

    /// The path that a manifest's path means.
    fn place(&self, declared: &str) -> PathBuf {
        let path = match Path::new(declared).strip_prefix("~") {
            Ok(rest) => self.home.join(rest),
            Err(_) => self.policy.workspace.join(declared),
        };
        HostFiles::default().resolve(&path).unwrap_or(path)
    }
}

/// One entry for each path, host, program, tool and so on.
fn apart(permission: &Permission) -> Vec<Permission> {
    match permission {
        Permission::Filesystem { paths, access } => each(paths, |paths| Permission::Filesystem {
            paths,
            access: *access,
        }),
        Permission::Network { hosts, methods } => each(hosts, |hosts| Permission::Network {
            hosts,
            methods: methods.clone(),
        }),
        Permission::Process { commands } => {
            each(commands, |commands| Permission::Process { commands })
        }
        Permission::Environment { variables } => {
            each(variables, |variables| Permission::Environment { variables })
        }
        Permission::Mcp { servers, tools } => each_of_each(servers, tools, |servers, tools| {
            Permission::Mcp { servers, tools }
        }),
        Permission::Skill { skills } => each(skills, |skills| Permission::Skill { skills }),
        Permission::Secret { names, hosts } => each_of_each(names, hosts, |names, hosts| {
            Permission::Secret { names, hosts }
        }),
        Permission::Context { fields } => each(fields, |fields| Permission::Context { fields }),
        Permission::Git { .. } => vec![permission.clone()],
    }
}

fn each(names: &[String], make: impl Fn(Vec<String>) -> Permission) -> Vec<Permission> {
    let names = names.iter();
    names.map(|name| make(vec![name.clone()])).collect()
}

/// One for each pair, or for each of the first where there are no second ones.
fn each_of_each(
    first: &[String],
    second: &[String],
    make: impl Fn(Vec<String>, Vec<String>) -> Permission,
) -> Vec<Permission> {
    let mut all = Vec::new();
    for name in first {
        if second.is_empty() {
            all.push(make(vec![name.clone()], Vec::new()));
        }
        let pairs = second.iter();
        all.extend(pairs.map(|other| make(vec![name.clone()], vec![other.clone()])));
    }
    all
}

/// Whether these, as a manifest writes them, are all tools.
fn is_every_tool(tools: &[String]) -> bool {
    tools.is_empty() || tools.iter().any(|tool| tool == "*")
}

/// The name in `name@range`; nothing where there is no range.
fn name_of(text: &str) -> Option<&str> {
    text.split_once('@').map(|(name, _)| name)
}

/// Whether a declared `name` or `name@range` may be what a call of `called` took.
fn is_call_of(own: &str, called: &str) -> bool {
    own == called || Some(own) == name_of(called) || name_of(own) == Some(called)
}

/// Whether declared hosts of a secret, none of which means all, are about a place.
fn is_for(hosts: &[String], place: &str) -> bool {
    hosts.is_empty() || hosts.iter().any(|host| covers(host, place))
}

/// Whether a declared pattern is about `needed`, which is `host:port` or, where no port was seen, `host`.
pub(super) fn covers(declared: &str, needed: &str) -> bool {
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
