//! A workspace of its own with a runtime, for one test.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use mycelium_policy::Answer;
use mycelium_protocol::Event;
use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::ExecReport;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillInfo;
use mycelium_protocol::control::TrustRequest;
use mycelium_protocol::control::TrustTarget;
use mycelium_runtime::EventSink;
use mycelium_runtime::Folders;
use mycelium_runtime::RuntimeOptions;
use mycelium_runtime::SkillRuntime;
use mycelium_types::ErrorCode;
use serde_json::Value;
use serde_json::json;

/// The time that a call may take where a test says nothing of it, in seconds. Few are about that, and a machine that has much
/// else to do may stand still for long.
const WALL_SECONDS: u64 = 120;

/// How often something that must come is looked for, 10 ms apart.
pub(crate) const LOOKS: usize = 6_000;

/// A workspace with a runtime. Everything is below one temporary folder.
pub(crate) struct World {
    folder: tempfile::TempDir,
    network: Network,
    pub(crate) runtime: SkillRuntime,
    heard: Arc<Mutex<Vec<Event>>>,
}

/// Whether packages may be fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Network {
    Offline,
    Registries,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Network::Offline, |_| program())
    }

    /// A world on a machine where no namespace can be made: the sandbox reaches the rung `reduced`.
    pub(crate) fn without_namespaces() -> Self {
        Self::with(Network::Offline, without_namespaces)
    }

    /// A world on a machine without Landlock, which `starter` takes from what it starts.
    pub(crate) fn without_landlock(starter: &Path) -> Self {
        let how = format!("'{}'", starter.display());
        Self::with(Network::Offline, |root| started(root, &how))
    }

    /// A world that may fetch packages, with the npm configuration of whoever runs the test.
    pub(crate) fn online() -> Self {
        Self::with(Network::Registries, |_| program())
    }

    /// A world whose launcher is the program that `launcher` names, and may put into the world's folder.
    fn with(network: Network, launcher: impl FnOnce(&Path) -> PathBuf) -> Self {
        // Not below `/tmp`, which is a private place inside a sandbox.
        let folder =
            tempfile::tempdir_in(scratch().unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into()))
                .unwrap();
        // The sandbox shows paths as they are without links.
        fs_err::create_dir_all(folder.path().join("work/.claude")).unwrap();
        fs_err::create_dir_all(folder.path().join("home")).unwrap();
        let runtime = SkillRuntime::new(RuntimeOptions {
            program: launcher(folder.path()),
            ..options(folder.path(), "mycelium")
        })
        .unwrap();
        Self {
            folder,
            network,
            runtime,
            heard: Arc::default(),
        }
    }

    /// What another runtime in this world needs, which keeps its files in a folder of its own.
    pub(crate) fn options(&self, name: &str) -> RuntimeOptions {
        options(self.folder.path(), name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        fs_err::canonicalize(self.folder.path().join("work")).unwrap()
    }

    pub(crate) fn context(&self, session: &str) -> RequestContext {
        let home = self.folder.path().join("home");
        RequestContext {
            workspace: self.workspace(),
            session: session.to_owned(),
            environment: match self.network {
                Network::Offline => {
                    BTreeMap::from([("HOME".to_owned(), home.display().to_string())])
                }
                Network::Registries => std::env::vars().collect(),
            },
            home,
            overrides: BTreeMap::new(),
            offline: self.network == Network::Offline,
            package: None,
        }
    }

    pub(crate) fn configure(&self, configuration: &Value) {
        let path = self.workspace().join(".claude/skills.json");
        fs_err::write(path, configuration.to_string()).unwrap();
    }

    /// Writes the configuration of the person, which counts whatever is trusted.
    pub(crate) fn configure_person(&self, configuration: &Value) {
        let folder = self.context("shell").home.join(".claude");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join("skills.config"), configuration.to_string()).unwrap();
    }

    /// Puts a skill into the workspace: its manifest's own fields and its code.
    pub(crate) fn skill(&self, name: &str, manifest: Value, code: &str) {
        self.skill_below(&self.workspace().join("skills"), name, manifest, code);
    }

    /// Puts a skill into the person's own folder.
    pub(crate) fn own_skill(&self, name: &str, manifest: Value, code: &str) {
        let folder = self.context("shell").home.join(".claude/skills");
        self.skill_below(&folder, name, manifest, code);
    }

    fn skill_below(&self, folder: &Path, name: &str, manifest: Value, code: &str) {
        let folder = folder.join(name);
        fs_err::create_dir_all(&folder).unwrap();
        let mut full = json!({
            "name": name, "version": "1.0.0", "description": "A test.", "entrypoint": "index.js",
        });
        for (key, value) in manifest.as_object().unwrap() {
            full[key] = value.clone();
        }
        let wall = &mut full["limits"]["wallSeconds"];
        if wall.is_null() {
            *wall = json!(WALL_SECONDS);
        }
        fs_err::write(folder.join("skill.json"), full.to_string()).unwrap();
        fs_err::write(folder.join("index.js"), code).unwrap();
    }

    /// Puts a skill into the workspace that is a program: its manifest's own fields, the program's name and
    /// its content.
    pub(crate) fn program(
        &self,
        name: &str,
        manifest: Value,
        file: &str,
        content: impl AsRef<[u8]>,
    ) {
        use std::os::unix::fs::PermissionsExt;

        let mut full = json!({"entrypoint": file});
        for (key, value) in manifest.as_object().unwrap() {
            full[key] = value.clone();
        }
        self.skill(name, full, "");
        let path = self.workspace().join("skills").join(name).join(file);
        fs_err::write(&path, content).unwrap();
        fs_err::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    pub(crate) fn events(&self) -> EventSink {
        let heard = Arc::clone(&self.heard);
        Arc::new(move |event| heard.lock().unwrap().push(event))
    }

    /// The events since the last look.
    pub(crate) fn heard(&self) -> Vec<Event> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    pub(crate) async fn exec(
        &self,
        session: &str,
        skill: &str,
        method: &str,
        args: Value,
    ) -> ExecReport {
        self.exec_within(session, skill, method, args, None).await
    }

    /// A call with a time limit of its own, in seconds.
    pub(crate) async fn exec_within(
        &self,
        session: &str,
        skill: &str,
        method: &str,
        args: Value,
        timeout_seconds: Option<u64>,
    ) -> ExecReport {
        let args: Arguments = serde_json::from_value(args).unwrap();
        let request = ExecRequest {
            skill: skill.parse().unwrap(),
            method: method.to_owned(),
            args,
            timeout_seconds,
            correlation_id: None,
            agent: None,
        };
        self.runtime
            .execute(&self.context(session), request, &self.events())
            .await
    }

    pub(crate) async fn value(&self, skill: &str, method: &str, args: Value) -> Value {
        let report = self.exec("shell", skill, method, args).await;
        report
            .outcome
            .unwrap_or_else(|error| panic!("{error}: {error:?}"))
    }

    pub(crate) async fn code(&self, skill: &str, method: &str, args: Value) -> ErrorCode {
        let report = self.exec("shell", skill, method, args).await;
        match report.outcome {
            Err(error) => error.code,
            Ok(value) => panic!("{skill}.{method} gave {value}"),
        }
    }

    pub(crate) async fn trust_workspace(&self) {
        let request = TrustRequest::Workspace;
        let context = self.context("shell");
        self.runtime.trust(&context, request).await.unwrap();
    }

    pub(crate) async fn revoke_workspace(&self) {
        let target = TrustTarget::Workspace;
        let context = self.context("shell");
        self.runtime.revoke(&context, target).await.unwrap();
    }

    /// Forgets the failures of a skill.
    pub(crate) async fn reset(&self, skill: &str) {
        let skill = skill.parse().unwrap();
        let (context, events) = (self.context("shell"), self.events());
        (self.runtime.reset(&context, &skill, &events))
            .await
            .unwrap();
    }

    pub(crate) async fn info(&self, skill: &str) -> SkillInfo {
        let skill = skill.parse().unwrap();
        let context = self.context("shell");
        self.runtime.info(&context, &skill).await.unwrap()
    }

    /// Grants a skill what it asks for now.
    pub(crate) async fn trust(&self, skill: &str) {
        self.answer(skill, Answer::Granted).await;
    }

    /// Answers what a skill asks for now.
    pub(crate) async fn answer(&self, skill: &str, answer: Answer) {
        let request = TrustRequest::Skill {
            digest: self.info(skill).await.digest,
            skill: skill.parse().unwrap(),
            answer,
        };
        let context = self.context("shell");
        self.runtime.trust(&context, request).await.unwrap();
    }

    pub(crate) async fn revoke(&self, skill: &str) {
        let skill = skill.parse().unwrap();
        let context = self.context("shell");
        let target = TrustTarget::Skill { skill };
        self.runtime.revoke(&context, target).await.unwrap();
    }

    /// Where the runtime keeps what must survive.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("mycelium/state")
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }
}

/// Names the folder for worlds, for tests that run as somebody who cannot use cargo's.
pub(crate) const SCRATCH: &str = "MYCELIUM_TEST_SCRATCH";

pub(crate) fn scratch() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a setting of the tests themselves"
    )]
    let given = std::env::var_os(SCRATCH);
    given.map(PathBuf::from)
}

fn options(root: &Path, name: &str) -> RuntimeOptions {
    RuntimeOptions {
        program: program(),
        folders: Folders::below(&root.join(name)),
        system_config: root.join("no-such-file"),
    }
}

/// A program below `root` that starts [`program`] where no namespace can be made: in one that allows no others.
fn without_namespaces(root: &Path) -> PathBuf {
    let how = "unshare --user --map-current-user --keep-caps sh -c \
               'echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"' sh";
    started(root, how)
}

/// A program below `root` that starts [`program`] with these words of a shell before it.
fn started(root: &Path, how: &str) -> PathBuf {
    let script = format!("#!/bin/sh\nexec {how} '{}' \"$@\"\n", program().display());
    let path = root.join("starter");
    fs_err::write(&path, script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs_err::set_permissions(&path, executable).unwrap();
    path
}

/// The example program, which is a launcher and a worker; `cargo test` builds it beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("examples/embed");
    assert!(
        program.exists(),
        "{} is missing: run `cargo test -p mycelium-runtime` without naming a single target",
        program.display()
    );
    program
}
