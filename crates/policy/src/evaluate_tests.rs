use std::path::Path;
use std::path::PathBuf;

use mycelium_types::CLAUDE_FOLDER_VARIABLE;
use mycelium_types::Digest;
use mycelium_types::FileAccess;
use mycelium_types::Limits;
use mycelium_types::Manifest;
use mycelium_types::Permission;
use serde_json::json;

use super::Evaluation;
use super::HostPaths;
use super::Origin;
use super::PolicyRequest;
use super::evaluate;
use crate::Answer;
use crate::ChildProcesses;
use crate::DATA_PATH;
use crate::DEPENDENCIES_PATH;
use crate::DenialReason;
use crate::Grant;
use crate::GrantBounds;
use crate::HostPolicy;
use crate::Rung;
use crate::SandboxPolicy;
use crate::WorkspaceTrust;

/// A host where every path exists and `links` lead elsewhere.
#[derive(Default)]
struct Host {
    links: Vec<(&'static str, &'static str)>,
}

impl HostPaths for Host {
    fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let link = self.links.iter().find_map(|(from, to)| {
            path.strip_prefix(from)
                .ok()
                .map(|rest| Path::new(to).join(rest))
        });
        Some(link.unwrap_or_else(|| path.to_owned()))
    }

    fn exists(&self, path: &Path) -> bool {
        !path.ends_with("missing")
    }

    fn protected_below(&self, path: &Path) -> Option<Vec<PathBuf>> {
        if path.ends_with("huge") {
            return None;
        }
        let all = ["/w/out/sub/.git", "/w/out/.envrc"].map(PathBuf::from);
        Some(all.into_iter().filter(|it| it.starts_with(path)).collect())
    }

    fn program(&self, name: &str) -> Option<Vec<PathBuf>> {
        (name != "missing").then(|| vec![Path::new("/usr/bin").join(name)])
    }
}

fn manifest(permissions: &[Permission]) -> Manifest {
    serde_json::from_value(json!({
        "name": "demo", "version": "1.0.0", "description": "d", "entrypoint": "index.js",
        "exports": [], "author": null, "license": null, "dependencies": [],
        "permissions": permissions, "tags": [], "category": null, "keywords": [],
        "homepage": null, "engine": "auto", "instance": "session",
        "compatibility": {}, "variants": [], "config": null, "limits": {}, "hooks": [],
        "deprecated": null, "descriptions": {}, "idempotent": false, "protocol": "worker"
    }))
    .unwrap()
}

fn files(path: &str, access: FileAccess) -> Permission {
    Permission::Filesystem {
        paths: vec![path.to_owned()],
        access,
    }
}

struct Case {
    origin: Origin,
    trust: WorkspaceTrust,
    answered: bool,
    host: Host,
    own_program: Option<Vec<PathBuf>>,
    bounds: GrantBounds,
}

impl Case {
    fn workspace(trust: WorkspaceTrust) -> Self {
        Self {
            origin: Origin::Workspace,
            trust,
            answered: false,
            host: Host::default(),
            own_program: None,
            bounds: GrantBounds::default(),
        }
    }

    fn run(&self, permissions: &[Permission]) -> Evaluation {
        let manifest = manifest(permissions);
        let mut sorted = permissions.to_vec();
        sorted.sort();
        let digest = Digest::of(b"content");
        let grants = self.answered.then(|| Grant {
            skill: manifest.name.clone(),
            digest,
            permissions: sorted,
            answer: Answer::Granted,
            by: String::new(),
            at_milliseconds: 0,
        });
        evaluate(
            &PolicyRequest {
                manifest: &manifest,
                digest,
                origin: self.origin,
                own_program: self.own_program.as_deref(),
                installation: &["/opt/node".into()],
                skill_root: Path::new("/w/skills/demo"),
                skill_folders: &["/w/skills".into(), "/w/custom".into()],
                own_folders: &["/home/person/.local/state/mycelium".into()],
                workspace: Path::new("/w"),
                home: Path::new("/home/person"),
                claude_folder: Path::new("/moved"),
                trust: self.trust,
                grants: grants.as_slice(),
                bounds: &self.bounds,
                environment: &[("EDITOR", "vi"), (CLAUDE_FOLDER_VARIABLE, "/moved")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                limits: Limits::default(),
                denied_hosts: &["denied.test".to_owned()],
                required_rung: Rung::Full,
            },
            &self.host,
        )
    }

    fn reason(&self, permission: Permission) -> Option<DenialReason> {
        let evaluation = self.run(&[permission]);
        assert_eq!(
            evaluation.policy.paths.len() + evaluation.policy.denials.len(),
            1
        );
        evaluation
            .policy
            .denials
            .first()
            .map(|denial| denial.reason)
    }
}

#[test]
fn a_trusted_workspace_grants_its_own_skills_paths_inside_it_and_nothing_else() {
    let case = Case::workspace(WorkspaceTrust::Trusted);
    assert_eq!(case.reason(files("./output", FileAccess::Write)), None);
    assert_eq!(case.reason(files("./output", FileAccess::Read)), None);
    for outside in ["/etc", "../other", "~/notes", "~/.config"] {
        assert_eq!(
            case.reason(files(outside, FileAccess::Read)),
            Some(DenialReason::NotGranted),
            "{outside}"
        );
    }
}

#[test]
fn an_untrusted_workspace_grants_nothing_and_asks_nothing() {
    let evaluation =
        Case::workspace(WorkspaceTrust::Untrusted).run(&[files("./output", FileAccess::Write)]);
    assert!(evaluation.policy.paths.is_empty());
    assert_eq!(
        evaluation.policy.denials[0].reason,
        DenialReason::WorkspaceUntrusted
    );
    assert!(evaluation.unanswered.is_empty());
}

#[test]
fn a_link_out_of_the_workspace_does_not_widen_the_grant() {
    for answered in [false, true] {
        let case = Case {
            host: Host {
                links: vec![("/w/output", "/etc")],
            },
            answered,
            ..Case::workspace(WorkspaceTrust::Trusted)
        };
        assert_eq!(
            case.reason(files("./output", FileAccess::Write)),
            Some(DenialReason::LeavesWorkspace)
        );
    }
}

#[test]
fn protected_paths_are_writable_only_when_named_and_answered() {
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    for path in [".git/hooks", "./.CLAUDE", ".envrc", "sub/.vscode"] {
        assert_eq!(
            case.reason(files(path, FileAccess::Write)),
            Some(DenialReason::ProtectedPath),
            "{path}"
        );
    }
    for path in [".", "./", "..", "/"] {
        let reason = case.reason(files(path, FileAccess::Write));
        assert!(
            matches!(
                reason,
                Some(DenialReason::CoversWorkspace | DenialReason::OwnFolder)
            ),
            "{path}: {reason:?}"
        );
    }
    for path in [
        "./skills",
        "./skills/demo/lib",
        "./skills/other",
        "custom/new",
    ] {
        assert_eq!(
            case.reason(files(path, FileAccess::Write)),
            Some(DenialReason::ProtectedPath),
            "{path}"
        );
    }
    case.answered = true;
    assert_eq!(case.reason(files(".git/hooks", FileAccess::Write)), None);
    assert_eq!(
        case.reason(files(".", FileAccess::Write)),
        Some(DenialReason::CoversWorkspace)
    );
    case.host.links = vec![("/w/output", "/w/.git")];
    assert_eq!(
        case.reason(files("output", FileAccess::Write)),
        Some(DenialReason::ProtectedPath)
    );
}

#[test]
fn protected_names_below_a_granted_folder_stay_as_they_are() {
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    let policy = case.run(&[files("out", FileAccess::Write)]).policy;
    assert_eq!(
        policy.sealed,
        ["/w/out/.envrc", "/w/out/sub/.git"].map(PathBuf::from)
    );
    let writes =
        |policy: &SandboxPolicy, path: &str| policy.allows(Path::new(path), FileAccess::Write);
    assert!(writes(&policy, "/w/out/sub/file"));
    for path in [
        "/w/out/.envrc",
        "/w/out/sub/.git/hooks/pre-commit",
        "/w/out/new/.Vscode/tasks.json",
        "/w/out/.mcp.json",
    ] {
        assert!(!writes(&policy, path), "{path}");
        assert!(policy.allows(Path::new(path), FileAccess::Read), "{path}");
    }
    assert_eq!(
        case.reason(files("huge", FileAccess::Write)),
        Some(DenialReason::TooLarge)
    );
    assert_eq!(case.reason(files("huge", FileAccess::Read)), None);

    case.answered = true;
    let named = [
        files("out", FileAccess::Write),
        files("out/sub/.git", FileAccess::Write),
    ];
    let policy = case.run(&named).policy;
    assert_eq!(policy.sealed, [PathBuf::from("/w/out/.envrc")]);
    assert!(writes(&policy, "/w/out/sub/.git/hooks/pre-commit"));
}

#[test]
fn what_is_shown_of_the_host_below_tmp_is_no_private_place() {
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    case.answered = true;
    let shared = files("/tmp/shared", FileAccess::Write);
    let read = files("/tmp/read", FileAccess::Read);
    let policy = case.run(&[shared, read]).policy;
    for (path, is_allowed) in [
        ("/tmp/shared/file", true),
        ("/tmp/shared/.git/hooks/pre-commit", false),
        ("/tmp/read/file", false),
        ("/tmp/own/.git/hooks/pre-commit", true),
    ] {
        let allowed = policy.allows(Path::new(path), FileAccess::Write);
        assert_eq!(allowed, is_allowed, "{path}");
    }
}

#[test]
fn what_no_digest_covers_is_no_part_of_the_skill() {
    let policy = Case::workspace(WorkspaceTrust::Trusted).run(&[]).policy;
    let reads = |path: &str| policy.allows(Path::new(path), FileAccess::Read);
    assert!(reads("/w/skills/demo/index.js"));
    assert!(!reads("/w/skills/demo/.git/config"));
    assert!(reads("/w/skills/demo/lib/.git"));
}

#[test]
fn what_needs_an_answer_is_listed_until_it_is_given() {
    let permissions = [
        Permission::Environment {
            variables: vec!["EDITOR".to_owned(), "ABSENT".to_owned()],
        },
        files("/etc/hosts", FileAccess::Read),
    ];
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    let evaluation = case.run(&permissions);
    assert_eq!(evaluation.unanswered, permissions);
    assert!(!evaluation.policy.environment.contains_key("EDITOR"));
    case.answered = true;
    let evaluation = case.run(&permissions);
    assert!(evaluation.unanswered.is_empty());
    assert_eq!(evaluation.policy.environment["EDITOR"], "vi");
    assert!(
        evaluation
            .policy
            .allows(Path::new("/etc/hosts"), FileAccess::Read)
    );
    assert!(
        !evaluation
            .policy
            .allows(Path::new("/etc/passwd"), FileAccess::Read)
    );
    assert!(
        !evaluation
            .policy
            .allows(Path::new("/etc/hosts"), FileAccess::Write)
    );
}

#[test]
fn a_workspace_below_tmp_is_not_the_private_tmp() {
    let mut policy = Case::workspace(WorkspaceTrust::Trusted).run(&[]).policy;
    let allows =
        |policy: &SandboxPolicy, path: &str| policy.allows(Path::new(path), FileAccess::Write);
    assert!(allows(&policy, "/tmp/project/file"));
    policy.workspace = "/tmp/project".into();
    policy.skill_root = "/tmp/skills/demo".into();
    assert!(!allows(&policy, "/tmp/project/file"));
    assert!(!allows(&policy, "/tmp/skills/demo/file"));
    assert!(allows(&policy, "/tmp/other"));
}

#[test]
fn an_answer_is_about_one_content_and_one_set_of_permissions() {
    let permissions = vec![files("/etc/hosts", FileAccess::Read)];
    let grant = Grant {
        skill: "demo".parse().unwrap(),
        digest: Digest::of(b"one"),
        permissions: permissions.clone(),
        answer: Answer::Granted,
        by: "ann".to_owned(),
        at_milliseconds: 0,
    };
    let mut asking = manifest(&permissions);
    assert!(grant.covers(&asking, Digest::of(b"one")));
    assert!(!grant.covers(&asking, Digest::of(b"two")));
    assert!(!grant.covers(&manifest(&[]), Digest::of(b"one")));
    asking.name = "other".parse().unwrap();
    assert!(!grant.covers(&asking, Digest::of(b"one")));
}

#[test]
fn a_missing_path_to_read_is_denied_and_a_missing_one_to_write_is_kept() {
    let case = Case::workspace(WorkspaceTrust::Trusted);
    assert_eq!(
        case.reason(files("missing", FileAccess::Read)),
        Some(DenialReason::Missing)
    );
    assert_eq!(case.reason(files("missing", FileAccess::Write)), None);
    let missing = Path::new("/w/missing");
    let policy = case.run(&[files("missing", FileAccess::Read)]).policy;
    assert!(policy.allows(missing, FileAccess::Read), "to find nothing");
    assert!(!policy.allows(missing, FileAccess::Write));
    let refused = Case::workspace(WorkspaceTrust::Untrusted);
    let policy = refused.run(&[files("missing", FileAccess::Read)]).policy;
    assert!(!policy.allows(missing, FileAccess::Read));
}

#[test]
fn a_built_in_skill_sees_variables_in_a_trusted_workspace() {
    let permission = Permission::Environment {
        variables: vec!["EDITOR".to_owned()],
    };
    for (trust, reason) in [
        (WorkspaceTrust::Trusted, None),
        (
            WorkspaceTrust::Untrusted,
            Some(DenialReason::WorkspaceUntrusted),
        ),
    ] {
        let case = Case {
            origin: Origin::Embedded,
            ..Case::workspace(trust)
        };
        let evaluation = case.run(std::slice::from_ref(&permission));
        let denied = evaluation.policy.denials.first().map(|it| it.reason);
        assert_eq!(denied, reason);
        assert_eq!(
            evaluation.policy.environment.contains_key("EDITOR"),
            reason.is_none()
        );
    }
}

#[test]
fn a_built_in_skill_reads_what_it_declares_in_a_trusted_workspace_and_asks_to_write_elsewhere() {
    let [inside, outside] = ["./docs", "~/notes"];
    let [read, write] = [FileAccess::Read, FileAccess::Write];
    let [trusted, untrusted] = [WorkspaceTrust::Trusted, WorkspaceTrust::Untrusted];
    for (trust, path, access, expected) in [
        (trusted, inside, read, None),
        (trusted, outside, read, None),
        (trusted, outside, write, Some(DenialReason::NotGranted)),
        (
            untrusted,
            inside,
            read,
            Some(DenialReason::WorkspaceUntrusted),
        ),
        (
            untrusted,
            outside,
            read,
            Some(DenialReason::WorkspaceUntrusted),
        ),
        (untrusted, outside, write, Some(DenialReason::NotGranted)),
    ] {
        let case = Case {
            origin: Origin::Embedded,
            ..Case::workspace(trust)
        };
        let asked = files(path, access);
        let expected_question = expected == Some(DenialReason::NotGranted);
        assert_eq!(case.reason(asked.clone()), expected, "{trust:?} {asked:?}");
        let questions = case.run(std::slice::from_ref(&asked)).unanswered;
        assert_eq!(
            !questions.is_empty(),
            expected_question,
            "{trust:?} {asked:?}"
        );
    }
}

#[test]
fn only_what_is_built_in_follows_the_folder_of_claude_code_when_it_is_moved() {
    for (origin, expected) in [
        (Origin::Embedded, "/moved/agents"),
        (Origin::Workspace, "/home/person/.claude/agents"),
        (Origin::Elsewhere, "/home/person/.claude/agents"),
    ] {
        let case = Case {
            origin,
            answered: true,
            ..Case::workspace(WorkspaceTrust::Trusted)
        };
        let home = Permission::Environment {
            variables: vec!["HOME".to_owned()],
        };
        let evaluation = case.run(&[files("~/.claude/agents", FileAccess::Read), home]);
        assert_eq!(evaluation.policy.paths[0].path, Path::new(expected));
        let told = evaluation.policy.environment.get(CLAUDE_FOLDER_VARIABLE);
        assert_eq!(told.is_some(), origin == Origin::Embedded);
    }
}

#[test]
fn what_no_engine_can_give_is_denied_with_that_reason() {
    let process = Permission::Process {
        commands: vec!["git".to_owned()],
    };
    assert_eq!(
        Case::workspace(WorkspaceTrust::Trusted)
            .run(&[process])
            .policy
            .denials[0]
            .reason,
        DenialReason::Unsupported
    );
}

#[test]
fn what_the_runtime_does_for_a_skill_takes_an_answer() {
    let skills = Permission::Skill {
        skills: vec!["lint@^1".to_owned(), "test".to_owned()],
    };
    let context = |fields: &[&str]| Permission::Context {
        fields: fields.iter().map(ToString::to_string).collect(),
    };
    let asked = [
        skills.clone(),
        context(&["workspace", "conversation", "mood"]),
    ];
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    let unanswered = case.run(&asked);
    assert_eq!(unanswered.unanswered, [skills, context(&["conversation"])]);
    assert_eq!(unanswered.host, HostPolicy::default());
    case.answered = true;
    let answered = case.run(&asked);
    assert_eq!(answered.host.skills, ["lint@^1", "test"]);
    assert!(answered.host.conversation);
    let denials = answered.policy.denials;
    assert_eq!(denials.len(), 1);
    assert_eq!(denials[0].permission, context(&["mood"]));
    assert_eq!(denials[0].reason, DenialReason::Unsupported);
}

#[test]
fn servers_are_granted_by_an_answer_and_to_what_is_compiled_in() {
    let asked = [Permission::Mcp {
        servers: vec!["time".to_owned()],
        tools: vec!["now".to_owned()],
    }];
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    let unanswered = case.run(&asked);
    assert_eq!(unanswered.unanswered, asked);
    assert!(!unanswered.host.allows_server("time"));
    case.answered = true;
    let answered = case.run(&asked).host;
    assert!(answered.allows_tool("time", "now") && !answered.allows_tool("time", "then"));
    let embedded = |trust| Case {
        origin: Origin::Embedded,
        ..Case::workspace(trust)
    };
    let host = embedded(WorkspaceTrust::Trusted).run(&asked).host;
    assert!(host.allows_server("time"));
    let host = embedded(WorkspaceTrust::Untrusted).run(&asked).host;
    assert!(!host.allows_server("time"));
}

#[test]
fn at_host_paths_what_is_private_is_granted_where_it_is() {
    let case = Case::workspace(WorkspaceTrust::Trusted);
    let mut policy = case.run(&[files("./docs", FileAccess::Read)]).policy;
    policy.data = Some("/state/data/demo".into());
    policy.dependency_layer = Some("/cache/layers/1".into());
    assert_eq!(policy.place_of(DATA_PATH), Path::new(DATA_PATH));
    let policy = policy.at_host_paths();
    assert_eq!(policy.place_of(DATA_PATH), Path::new("/state/data/demo"));
    assert_eq!(
        policy.place_of(DEPENDENCIES_PATH),
        Path::new("/cache/layers/1")
    );
    assert!(policy.allows(Path::new("/state/data/demo/x"), FileAccess::Write));
    assert!(policy.allows(Path::new("/cache/layers/1/x"), FileAccess::Read));
    assert!(!policy.allows(Path::new("/cache/layers/1/x"), FileAccess::Write));
    assert_eq!(policy.environment["HOME"], "/state/data/demo");
    assert_eq!(policy.environment["TMPDIR"], "/state/data/demo");
}

#[test]
fn programs_are_started_only_by_an_engine_that_can_and_after_an_answer() {
    let permissions = [Permission::Process {
        commands: ["git", "missing", "/w/tool"].map(str::to_owned).to_vec(),
    }];
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    case.answered = true;
    let embedded = case.run(&permissions).policy;
    assert_eq!(embedded.program, None);
    assert_eq!(embedded.denials[0].reason, DenialReason::Unsupported);

    case.own_program = Some(vec!["/w/skills/demo/run".into()]);
    case.answered = false;
    let unanswered = case.run(&permissions);
    assert_eq!(unanswered.unanswered, permissions);
    let program = unanswered.policy.program.unwrap();
    assert_eq!(program.child_processes(), ChildProcesses::Refused);

    case.answered = true;
    let policy = case.run(&permissions).policy;
    let program = policy.program.as_ref().unwrap();
    let executables: Vec<_> = program.executables().collect();
    assert_eq!(
        executables,
        [Path::new("/w/skills/demo/run"), Path::new("/usr/bin/git")]
    );
    assert_eq!(program.child_processes(), ChildProcesses::Allowed);
    let reasons: Vec<_> = policy.denials.iter().map(|denial| denial.reason).collect();
    assert_eq!(reasons, [DenialReason::Missing; 2]);
}

#[test]
fn a_program_of_its_own_reads_what_the_system_offers_and_an_embedded_engine_does_not() {
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    let library = Path::new("/usr/lib/libc.so.6");
    assert!(!case.run(&[]).policy.allows(library, FileAccess::Read));
    case.own_program = Some(Vec::new());
    let policy = case.run(&[]).policy;
    assert!(policy.allows(library, FileAccess::Read));
    assert!(!policy.allows(library, FileAccess::Write));
    assert!(!policy.allows(Path::new("/etc/shadow"), FileAccess::Read));
}

#[test]
fn hosts_are_granted_by_an_answer_and_denied_ones_go_along() {
    let permissions = [Permission::Network {
        hosts: vec!["api.test:443".to_owned()],
        methods: vec!["GET".to_owned()],
    }];
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    case.own_program = Some(Vec::new());
    let unanswered = case.run(&permissions);
    assert_eq!(unanswered.unanswered, permissions);
    assert!(unanswered.policy.network.is_empty());
    case.answered = true;
    let network = case.run(&permissions).policy.network;
    assert_eq!(network.allow[0].hosts, ["api.test:443"]);
    assert_eq!(network.allow[0].methods, ["GET"]);
    assert_eq!(network.deny, ["denied.test"]);
}

#[test]
fn nothing_is_granted_that_the_configuration_lets_nobody_grant() {
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    case.bounds = GrantBounds::new([
        vec!["filesystem:./out", "environment", "network:api.example.org"],
        vec!["filesystem:/w", "environment:EDI*", "network"],
    ]);
    case.host.links = vec![("/w/out/link", "/w/src")];
    let permissions = [
        files("./out/a", FileAccess::Write),
        files("./src", FileAccess::Read),
        files("./out/link", FileAccess::Read),
        files("/etc/hosts", FileAccess::Read),
        Permission::Environment {
            variables: vec!["EDITOR".to_owned(), "HOME".to_owned()],
        },
        Permission::Network {
            hosts: vec!["api.example.org".to_owned(), "b.example.org".to_owned()],
            methods: Vec::new(),
        },
    ];
    let asked = case.run(&permissions);
    assert_eq!(asked.unanswered.len(), 2, "{:?}", asked.unanswered);
    assert!(!format!("{:?}", asked.unanswered).contains("b.example.org"));
    case.answered = true;
    let answered = case.run(&permissions);
    let policy = &answered.policy;
    let paths: Vec<_> = policy.paths.iter().map(|grant| &grant.path).collect();
    assert_eq!(paths, [Path::new("/w/out/a")]);
    assert_eq!(policy.environment["EDITOR"], "vi");
    assert_eq!(policy.network.allow[0].hosts, ["api.example.org"]);
    let outside = policy.denials.iter();
    assert!(
        outside
            .clone()
            .all(|denial| denial.reason == DenialReason::OutsideBounds)
    );
    assert_eq!(outside.count(), 5);
}

#[test]
fn a_secret_is_a_placeholder_and_what_holds_secrets_is_never_granted() {
    let mut case = Case::workspace(WorkspaceTrust::Trusted);
    let secret = Permission::Secret {
        names: vec!["TOKEN".to_owned(), "PATH".to_owned()],
        hosts: vec!["api.test".to_owned()],
    };
    assert_eq!(case.reason(secret.clone()), Some(DenialReason::NotGranted));
    case.answered = true;
    let policy = case.run(&[secret]).policy;
    let granted = &policy.network.secrets[0];
    assert_eq!(
        (granted.name.as_str(), &*granted.hosts),
        ("TOKEN", &["api.test".to_owned()][..])
    );
    assert_eq!(policy.environment["TOKEN"], granted.placeholder);
    assert_eq!(policy.environment["PATH"], "/usr/bin:/bin");
    for path in ["~", "~/.local", "~/.local/state/mycelium/secrets", "/"] {
        for access in [FileAccess::Read, FileAccess::Write] {
            let denied = case.reason(files(path, access));
            assert_eq!(denied, Some(DenialReason::OwnFolder), "{path}");
        }
    }
    assert_eq!(case.reason(files("~/notes", FileAccess::Read)), None);
}
