//! A workspace with skills in it, in a folder of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use mycelium_protocol::control::Arguments;
use mycelium_protocol::control::ExecRequest;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillSelector;
use mycelium_runtime::Folders;
use mycelium_runtime::RuntimeOptions;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::Outcome;

/// A skill that asks for nothing.
pub(crate) const SIMPLE: &str = "bench-simple";
/// A skill with ten packages, all of which it loads.
pub(crate) const PACKAGES: &str = "bench-packages";
/// A skill that uses too much of everything.
pub(crate) const HOSTILE: &str = "bench-hostile";
/// A program that uses too much of everything.
pub(crate) const HOSTILE_PROGRAM: &str = "bench-hostile-program";
/// How many copies of the simple skill there are besides.
pub(crate) const COPIES: usize = 10;

/// Libraries without native code, as people use them.
pub(crate) const TEN: [(&str, &str); 10] = [
    ("ajv", "^8"),
    ("chalk", "^4"),
    ("commander", "^12"),
    ("dayjs", "^1"),
    ("lodash", "^4.17.21"),
    ("ms", "^2"),
    ("rxjs", "^7"),
    ("semver", "^7"),
    ("uuid", "^9"),
    ("yaml", "^2"),
];

const SIMPLE_CODE: &str = "\
module.exports = {
  greet(name) { return `Hello, ${name}!`; },
  direct(count) {
    const start = performance.now();
    for (let i = 0; i < count; i++) this.greet('bench');
    return (performance.now() - start) / count;
  },
};
";

const HOSTILE_CODE: &str = include_str!("../../tests/hostile.js");
const HOSTILE_SOURCE: &str = include_str!("hostile.c");

/// A workspace with skills in it, and the program that runs them.
pub(crate) struct Scene {
    folder: TempDir,
    root: PathBuf,
    /// The `mycelium` to measure.
    pub(crate) program: PathBuf,
}

impl Scene {
    /// Writes the skills down.
    pub(crate) fn new(program: PathBuf) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("mycelium-").tempdir()?;
        let root = fs_err::canonicalize(folder.path())?;
        let scene = Self {
            folder,
            root,
            program,
        };
        fs_err::create_dir_all(scene.workspace().join(".claude"))?;
        fs_err::create_dir_all(scene.home())?;
        scene.write_skill(SIMPLE, SIMPLE_CODE, &json!({}))?;
        scene.write_hostile()?;
        for number in 0..COPIES {
            scene.write_skill(&copy(number), SIMPLE_CODE, &json!({}))?;
        }
        let dependencies: BTreeMap<_, _> = TEN.into_iter().collect();
        scene.write_skill(PACKAGES, &packages_code(), &json!(dependencies))?;
        Ok(scene)
    }

    fn write_hostile(&self) -> Outcome<()> {
        let manifest = json!({
            "name": HOSTILE,
            "version": "1.0.0",
            "description": "A skill that uses too much.",
            "entrypoint": "index.js",
            "exports": [
                "spin", "bomb", "data", "tmp", "large", "open", "print", "chat", "give", "leave", "fail",
                "rest"
            ],
            "limits": {
                "cpuSeconds": 1, "memoryMB": 64, "openFiles": 16, "fileSizeMB": 1, "dataMB": 8,
                "tmpMB": 8, "outputMB": 1, "frameMB": 1, "logLinesPerSecond": 1000
            },
        });
        fs_err::create_dir_all(self.skill(HOSTILE))?;
        fs_err::write(self.skill(HOSTILE).join("skill.json"), manifest.to_string())?;
        // All of its calls fail, and that shall not keep it from failing again.
        let settings = json!({"breaker": {"failureThreshold": 1_000}});
        fs_err::write(
            self.workspace().join(".claude/skills.json"),
            settings.to_string(),
        )?;
        self.write_code(HOSTILE, HOSTILE_CODE)
    }

    /// Compiles and writes down the hostile program.
    pub(crate) fn write_hostile_program(&self) -> Outcome<()> {
        let manifest = json!({
            "name": HOSTILE_PROGRAM,
            "version": "1.0.0",
            "description": "A program that uses too much.",
            "engine": "native",
            "protocol": "argv",
            "entrypoint": "hostile",
            "exports": ["bomb", "threads", "memory", "files", "rest"],
            "permissions": [{"type": "process", "commands": ["true"]}],
            "limits": {
                "processes": 16, "cpuSeconds": 1, "wallSeconds": 60, "memoryMB": 64, "dataMB": 8
            },
        });
        let folder = self.skill(HOSTILE_PROGRAM);
        fs_err::create_dir_all(&folder)?;
        fs_err::write(folder.join("skill.json"), manifest.to_string())?;
        let source = self.place("hostile.c");
        fs_err::write(&source, HOSTILE_SOURCE)?;
        let compiled = command(Path::new("cc"))
            .args(["-O1", "-static", "-pthread", "-o"])
            .arg(folder.join("hostile"))
            .arg(source)
            .status()?;
        compiled
            .success()
            .then_some(())
            .ok_or("the hostile program does not compile".into())
    }

    fn write_skill(&self, name: &str, code: &str, dependencies: &Value) -> Outcome<()> {
        let manifest = json!({
            "name": name,
            "version": "1.0.0",
            "description": "A skill to measure.",
            "entrypoint": "index.js",
            "exports": ["greet", "direct"],
            "dependencies": dependencies,
        });
        fs_err::create_dir_all(self.skill(name))?;
        fs_err::write(self.skill(name).join("skill.json"), manifest.to_string())?;
        self.write_code(name, code)
    }

    /// Changes the code of a skill so that no two times are alike.
    pub(crate) fn change(&self, name: &str, time: usize) -> Outcome<()> {
        self.write_code(name, &format!("// Change {time}.\n{SIMPLE_CODE}"))
    }

    fn write_code(&self, name: &str, code: &str) -> Outcome<()> {
        Ok(fs_err::write(self.skill(name).join("index.js"), code)?)
    }

    fn skill(&self, name: &str) -> PathBuf {
        self.workspace().join(".claude/skills").join(name)
    }

    /// The workspace.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// A folder for whatever a part needs.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How to make a runtime of its own, with a store of its own.
    pub(crate) fn options(&self) -> RuntimeOptions {
        RuntimeOptions {
            program: self.program.clone(),
            folders: Folders::below(&self.root.join("in-process")),
            system_config: self.root.join("no-system-configuration"),
        }
    }

    /// A request of this workspace's shell.
    pub(crate) fn context(&self) -> RequestContext {
        RequestContext {
            workspace: self.workspace(),
            home: self.home(),
            session: "bench".to_owned(),
            environment: std::env::vars().collect(),
            overrides: BTreeMap::new(),
            offline: false,
            package: None,
        }
    }

    /// The environment of the command line: this workspace's, and nobody's settings.
    pub(crate) fn environment(&self) -> BTreeMap<String, PathBuf> {
        let folders = [
            ("HOME", "home"),
            ("XDG_STATE_HOME", "s"),
            ("XDG_CACHE_HOME", "c"),
            ("XDG_DATA_HOME", "d"),
            ("XDG_RUNTIME_DIR", "r"),
        ];
        let place = |(name, folder): (&str, &str)| (name.to_owned(), self.root.join(folder));
        folders.into_iter().map(place).collect()
    }
}

/// The name of a copy of the simple skill.
pub(crate) fn copy(number: usize) -> String {
    format!("bench-copy-{number}")
}

/// Code that loads all ten packages.
pub(crate) fn packages_code() -> String {
    let names = TEN.iter().map(|(name, _)| format!("require('{name}')"));
    let names: Vec<_> = names.collect();
    format!(
        "const all = [{}];\nmodule.exports = {{ greet() {{ return all.length; }}, direct() {{}} }};\n",
        names.join(", ")
    )
}

/// A call that greets.
pub(crate) fn greeting(skill: &str) -> Outcome<ExecRequest> {
    request(skill, "greet", json!("bench"))
}

/// A call with one argument.
pub(crate) fn request(skill: &str, method: &str, argument: Value) -> Outcome<ExecRequest> {
    Ok(ExecRequest {
        skill: selector(skill)?,
        method: method.to_owned(),
        args: Arguments::Positional(vec![argument]),
        timeout_seconds: None,
        correlation_id: None,
        agent: None,
    })
}

/// A skill of any version.
pub(crate) fn selector(skill: &str) -> Outcome<SkillSelector> {
    Ok(skill.parse()?)
}

/// Runs a program the way a person's shell would, but only with the variables given.
#[expect(
    clippy::disallowed_methods,
    reason = "starting programs is what is measured"
)]
pub(crate) fn command(program: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    command.env_clear();
    // Programs are found, and nothing else of this environment slows them down.
    command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
    command.stdin(std::process::Stdio::null());
    command
}
