//! Whether something that a worker tried is outside its policy, or takes one of its grants.

use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use mycelium_policy::SANDBOX_FOLDERS;
use mycelium_policy::SandboxPolicy;
use mycelium_types::FileAccess;

use crate::attempt::AttemptKind;
use crate::attempt::AttemptVerdict;
use crate::attempt::SeenAttempt;
use crate::attempt::TakenGrant;
use crate::attempt::destination::Destination;
use crate::attempt::entrance::Entrances;
use crate::attempt::subject::Last;

/// What language runtimes and C libraries look at when they start, whatever they are for. Not seeing it
/// changes nothing for them.
const LOOKED_FOR: [&str; 13] = [
    "/etc/bash.bashrc",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/inputrc",
    "/etc/ld.so.preload",
    "/etc/locale.alias",
    "/etc/protocols",
    "/etc/services",
    "/etc/terminfo",
    "/run/nscd",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/var/run/nscd",
];

/// Something that was tried.
#[derive(Clone, Debug)]
pub(super) enum Attempt {
    Path {
        kind: AttemptKind,
        text: PathBuf,
        /// What a relative path starts from.
        folder: Option<PathBuf>,
        last: Last,
    },
    /// To connect there, or to send something.
    Address {
        kind: AttemptKind,
        destination: Destination,
    },
    Privilege(String),
}

/// What is worth telling: that the policy does not allow what was tried, or that it does by a grant.
///
/// A path that does not exist on the host either is no refusal: nobody keeps the worker from what is not
/// there, and language runtimes look for many files.
///
/// Connections of a worker with a network of its own are told where they arrive; it is one that arrives nowhere
/// that is told here.
pub(super) fn judge(
    (policy, entrances): (&SandboxPolicy, Option<&Entrances>),
    time: SystemTime,
    attempt: Attempt,
) -> Option<SeenAttempt> {
    match attempt {
        Attempt::Path {
            kind,
            text,
            folder,
            last,
        } => {
            let path = match folder {
                Some(folder) => folder.join(&text),
                None => text.clone(),
            };
            let (resolved, verdict) = path_verdict(policy, kind, &path, last)?;
            Some(SeenAttempt {
                time,
                kind,
                attempted: text.to_string_lossy().into_owned(),
                resolved,
                verdict,
            })
        }
        Attempt::Address { kind, destination } => {
            connection((policy, entrances), time, (kind, destination))
        }
        Attempt::Privilege(call) => Some(SeenAttempt {
            time,
            kind: AttemptKind::Privilege,
            resolved: PathBuf::from(&call),
            attempted: call,
            verdict: AttemptVerdict::Refused,
        }),
    }
}

fn connection(
    (policy, entrances): (&SandboxPolicy, Option<&Entrances>),
    time: SystemTime,
    (kind, destination): (AttemptKind, Destination),
) -> Option<SeenAttempt> {
    let arrives = |entrances: &Entrances, address| match kind == AttemptKind::Send {
        true => entrances.take(address),
        false => entrances.admit(address),
    };
    let (attempted, resolved) = match destination {
        // Nobody is reached at port 0: this is how a C library asks which way would be taken.
        Destination::Internet(address) if address.port() == 0 => return None,
        Destination::Internet(address)
            if policy.has_own_network()
                && entrances.is_none_or(|entrances| arrives(entrances, address)) =>
        {
            return None;
        }
        Destination::Internet(address) => {
            let text = address.to_string();
            (text.clone(), PathBuf::from(text))
        }
        Destination::File(path) => {
            let (resolved, verdict) = path_verdict(policy, kind, &path, Last::Target)?;
            if matches!(verdict, AttemptVerdict::Allowed(_)) {
                return None;
            }
            (path.to_string_lossy().into_owned(), resolved)
        }
        Destination::Abstract(name) => {
            let text = format!("@{name}");
            (text.clone(), PathBuf::from(text))
        }
    };
    Some(SeenAttempt {
        time,
        kind,
        attempted,
        resolved,
        verdict: AttemptVerdict::Refused,
    })
}

/// The path that is meant, the one that was named or the one that a link on the way leads to, and whether it is
/// refused; nothing if there is nothing to tell.
fn path_verdict(
    policy: &SandboxPolicy,
    kind: AttemptKind,
    path: &Path,
    last: Last,
) -> Option<(PathBuf, AttemptVerdict)> {
    let plain = without_dots(path);
    let is_noise = |path: &Path| LOOKED_FOR.iter().any(|known| path.starts_with(known));
    if is_noise(&plain) {
        return None;
    }
    let told = |path: PathBuf| match allows(policy, kind, &path) {
        false => Some((path, AttemptVerdict::Refused)),
        true => {
            let grant = taken_grant(policy, kind, &path)?;
            Some((path, AttemptVerdict::Allowed(grant)))
        }
    };
    if is_own_place(policy, &plain) {
        return told(plain);
    }
    // Everywhere else a path is the host's, so the host tells where its links lead.
    match real(path, last) {
        Some(real) => {
            let is_there = real.symlink_metadata().is_ok();
            let is_meant = match last {
                Last::Target | Last::Present => true,
                Last::Name => is_there || kind == AttemptKind::Write,
                Last::PresentName => is_there,
                Last::New => !is_there,
            };
            (is_meant && !is_noise(&real)).then(|| told(real)).flatten()
        }
        // What is to be created must have a folder to be in; what is to be used must be there.
        None => {
            let is_made = match last {
                Last::Target | Last::Name | Last::New => kind == AttemptKind::Write,
                Last::Present | Last::PresentName => false,
            };
            let could_be = is_made && plain.parent().is_some_and(Path::is_dir);
            could_be.then(|| told(plain)).flatten()
        }
    }
}

fn allows(policy: &SandboxPolicy, kind: AttemptKind, path: &Path) -> bool {
    match kind {
        AttemptKind::Execute => (policy.program.iter())
            .flat_map(|program| program.executables())
            .any(|file| file == path),
        AttemptKind::Read => policy.allows(path, FileAccess::Read),
        AttemptKind::Write | AttemptKind::Connect | AttemptKind::Send | AttemptKind::Privilege => {
            policy.allows(path, FileAccess::Write)
        }
    }
}

/// The grant without which something that is allowed would not be.
fn taken_grant(policy: &SandboxPolicy, kind: AttemptKind, path: &Path) -> Option<TakenGrant> {
    let access = match kind {
        AttemptKind::Execute => {
            let commands = policy.program.iter().flat_map(|program| &program.commands);
            let mut taken =
                commands.filter(|command| command.files.iter().any(|file| file == path));
            let declared = taken.next()?.declared.clone();
            return Some(TakenGrant::Command { declared });
        }
        AttemptKind::Read => FileAccess::Read,
        AttemptKind::Write | AttemptKind::Connect | AttemptKind::Send | AttemptKind::Privilege => {
            FileAccess::Write
        }
    };
    policy.grant_of(path, access).map(|grant| TakenGrant::Path {
        declared: grant.declared.clone(),
        access: grant.access,
    })
}

/// The path without links, if all that is meant to be there is.
fn real(path: &Path, last: Last) -> Option<PathBuf> {
    match last {
        Last::Target | Last::Present => std::fs::canonicalize(path).ok(),
        Last::Name | Last::PresentName | Last::New => {
            let folder = std::fs::canonicalize(path.parent()?).ok()?;
            Some(folder.join(path.file_name()?))
        }
    }
}

/// Whether the path is in one of the sandbox's own places, of which the host knows nothing.
fn is_own_place(policy: &SandboxPolicy, path: &Path) -> bool {
    let shown = [&policy.workspace, &policy.skill_root];
    let granted = policy.paths.iter().map(|grant| &grant.path);
    let mut of_host = shown.into_iter().chain(granted);
    let mut own = SANDBOX_FOLDERS.iter().chain(&["/tmp"]);
    own.any(|own| path.starts_with(own)) && !of_host.any(|shown| path.starts_with(shown))
}

/// The path without `.` and `..`, by its text alone.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(name) => plain.push(name),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use mycelium_policy::PathGrant;
    use mycelium_policy::ProgramPolicy;

    use super::*;

    /// A workspace with a granted folder, in which a link leads out.
    fn scene() -> (tempfile::TempDir, PathBuf, SandboxPolicy) {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for path in ["ws/skill", "ws/out"] {
            fs_err::create_dir_all(base.join(path)).unwrap();
        }
        for path in ["ws/skill/run", "ws/out/file", "ws/secret"] {
            fs_err::write(base.join(path), "x").unwrap();
        }
        fs_err::os::unix::fs::symlink(base.join("ws/secret"), base.join("ws/out/link")).unwrap();
        let mut policy = crate::plan::sample(&base.join("ws/skill"));
        policy.workspace = base.join("ws");
        policy.program = Some(ProgramPolicy {
            own: vec![base.join("ws/skill/run")],
            installation: Vec::new(),
            commands: Vec::new(),
        });
        policy.paths = vec![PathGrant {
            declared: "./out".to_owned(),
            path: base.join("ws/out"),
            access: FileAccess::Write,
        }];
        (folder, base, policy)
    }

    fn path(kind: AttemptKind, text: impl Into<PathBuf>, folder: Option<PathBuf>) -> Attempt {
        Attempt::Path {
            kind,
            text: text.into(),
            folder,
            last: Last::Target,
        }
    }

    /// The judgement of what a worker without a network of its own tried.
    fn judged(policy: &SandboxPolicy, attempt: Attempt) -> Option<SeenAttempt> {
        judge((policy, None), SystemTime::UNIX_EPOCH, attempt)
    }

    #[test]
    fn what_every_sandbox_has_and_what_is_not_there_is_not_told() {
        let (_folder, base, policy) = scene();
        let ws = base.join("ws");
        for (kind, text) in [
            (AttemptKind::Read, "skill/run"),
            (AttemptKind::Execute, "skill/run"),
            (AttemptKind::Read, "nowhere/at/all"),
            (AttemptKind::Write, "nowhere/at/all"),
            (AttemptKind::Execute, "nowhere"),
            (AttemptKind::Read, "/usr/bin/env"),
            (AttemptKind::Read, "/etc/passwd"),
            (AttemptKind::Write, "/tmp/new"),
            (AttemptKind::Write, "/dev/null"),
            (AttemptKind::Read, "/sys/fs/cgroup/memory.max"),
        ] {
            let attempt = path(kind, text, Some(ws.clone()));
            assert_eq!(judged(&policy, attempt), None, "{kind:?} {text}");
        }
    }

    #[test]
    fn what_is_outside_is_refused_with_the_place_it_means() {
        let (_folder, base, policy) = scene();
        let ws = base.join("ws");
        let secret = ws.join("secret");
        for (kind, text, resolved) in [
            (AttemptKind::Read, "secret", secret.clone()),
            (AttemptKind::Read, "out/../secret", secret.clone()),
            (AttemptKind::Read, "out/link", secret.clone()),
            (AttemptKind::Write, "skill/run", ws.join("skill/run")),
            (AttemptKind::Write, "new", ws.join("new")),
            (AttemptKind::Read, "/etc/shells", "/etc/shells".into()),
            (AttemptKind::Execute, "out/file", ws.join("out/file")),
            (AttemptKind::Write, "/usr/bin/new", "/usr/bin/new".into()),
        ] {
            let refused = judged(&policy, path(kind, text, Some(ws.clone())));
            let refused = refused.unwrap_or_else(|| panic!("{text} was allowed"));
            assert_eq!(
                (refused.attempted.as_str(), refused.resolved),
                (text, resolved)
            );
        }
    }

    #[test]
    fn a_name_is_not_followed_and_what_is_there_is_not_made() {
        let (_folder, base, policy) = scene();
        let ws = base.join("ws");
        for (kind, text, last, refused) in [
            (AttemptKind::Write, "out/link", Last::Name, None),
            (AttemptKind::Write, "secret", Last::Name, Some("secret")),
            (
                AttemptKind::Write,
                "skill/new",
                Last::New,
                Some("skill/new"),
            ),
            // Making all folders of a path begins with those that are there.
            (AttemptKind::Write, "skill", Last::New, None),
            (AttemptKind::Read, "nowhere", Last::Name, None),
            // Only what is there can be given another mode, or lose its content.
            (AttemptKind::Write, "nowhere", Last::Present, None),
            (AttemptKind::Write, "nowhere", Last::PresentName, None),
            (AttemptKind::Write, "secret", Last::Present, Some("secret")),
            (
                AttemptKind::Write,
                "secret",
                Last::PresentName,
                Some("secret"),
            ),
            (
                AttemptKind::Write,
                "out/link",
                Last::Present,
                Some("secret"),
            ),
            (AttemptKind::Write, "no/where", Last::New, None),
        ] {
            let attempt = Attempt::Path {
                kind,
                text: text.into(),
                folder: Some(ws.clone()),
                last,
            };
            let resolved = judged(&policy, attempt)
                .filter(|seen| seen.verdict == AttemptVerdict::Refused)
                .map(|refused| refused.resolved);
            assert_eq!(resolved, refused.map(|path| ws.join(path)), "{text}");
        }
    }

    #[test]
    fn the_use_of_grants_is_told_and_of_nothing_else_that_is_allowed() {
        let (_folder, base, policy) = scene();
        let grant = TakenGrant::Path {
            declared: "./out".to_owned(),
            access: FileAccess::Write,
        };
        let ws = base.join("ws");
        for (kind, text, told) in [
            (AttemptKind::Write, "out/new", true),
            (AttemptKind::Read, "out/file", true),
            (AttemptKind::Read, "skill/run", false),
            (AttemptKind::Execute, "skill/run", false),
            (AttemptKind::Read, "/etc/passwd", false),
            (AttemptKind::Write, "/tmp/new", false),
        ] {
            let seen = judged(&policy, path(kind, text, Some(ws.clone())));
            let expected = told.then(|| (ws.join(text), AttemptVerdict::Allowed(grant.clone())));
            assert_eq!(
                seen.map(|seen| (seen.resolved, seen.verdict)),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn connections_are_refused_where_there_is_no_network() {
        let (_folder, _, policy) = scene();
        let judged = |kind, destination| judged(&policy, Attempt::Address { kind, destination });
        for kind in [AttemptKind::Connect, AttemptKind::Send] {
            let internet = Destination::Internet("192.0.2.1:443".parse().unwrap());
            let refused = judged(kind, internet).unwrap();
            assert_eq!(
                (refused.kind, refused.attempted.as_str()),
                (kind, "192.0.2.1:443")
            );
            let nobody = Destination::File("/run/nscd/socket".into());
            assert_eq!(judged(kind, nobody), None);
            let bus = Destination::Abstract("bus".to_owned());
            assert_eq!(judged(kind, bus).unwrap().attempted, "@bus");
        }
    }
}
