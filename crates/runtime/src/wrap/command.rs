//! From the words that start a server to the program that runs, and where it is installed.
//!
//! Nothing is started or installed for it: launchers such as `npx` and `uvx` are taken apart, and what they would run is
//! found where they have put it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::RUNTIME_FOLDERS;
use mycelium_policy::SANDBOX_FOLDERS;
use mycelium_types::WrappedServer;

use super::launchers;

/// As long as the kernel lets the first line of a script be.
const MAX_FIRST_LINE: u64 = 256;
/// How often a script may be interpreted by another one.
const MAX_DEPTH: usize = 4;
/// The programs whose first argument that is a file is the server's code.
const INTERPRETERS: [&str; 8] = [
    "bash", "bun", "deno", "node", "perl", "python", "ruby", "sh",
];
/// What lies in the folder of a project, beside all of its code.
const PROJECT_FILES: [&str; 2] = ["package.json", "pyproject.toml"];

/// The machine as the person sees it.
pub(super) struct Machine<'a> {
    /// Their environment.
    pub(super) environment: &'a BTreeMap<String, String>,
    /// Their home folder.
    pub(super) home: &'a Path,
    /// What relative paths start from.
    pub(super) folder: &'a Path,
    /// Folders that no server is shown, nor what is above them.
    pub(super) own: &'a [PathBuf],
}

/// Finds what `words` run. What is in `more` is shown to the server besides.
///
/// # Errors
/// What is missing, in a sentence's form.
pub(super) fn resolve(
    words: &[String],
    more: &[PathBuf],
    machine: &Machine<'_>,
) -> Result<WrappedServer, String> {
    let words = launchers::take_apart(words, machine)?;
    let Some((name, rest)) = words.split_first() else {
        return Err("there is no command".to_owned());
    };
    let mut program = machine.find(name)?;
    let mut arguments = rest.to_vec();
    let mut code = Vec::new();
    for _ in 0..MAX_DEPTH {
        let Some(interpreter) = interpreter(&program)? else {
            break;
        };
        let script = real(&program)?;
        code.push(script.clone());
        arguments.insert(0, text(&script)?);
        let (name, options) = interpreter;
        arguments.splice(0..0, options);
        program = machine.find(&name)?;
    }
    if code.is_empty() && is_interpreter(&program) {
        code.extend(machine.script_among(&mut arguments)?);
    }
    let mut installation = Vec::new();
    code.extend([program.clone(), real(&program)?]);
    for path in &code {
        machine.add_homes(path, &mut installation);
    }
    for path in more {
        let path = real(&machine.folder.join(path))?;
        if !machine.may_be_shown(&path) {
            return Err(format!(
                "{} is too much to be shown to a server",
                path.display()
            ));
        }
        installation.push(path);
    }
    Ok(WrappedServer {
        program,
        arguments,
        installation: without_repetition(installation),
        ..WrappedServer::default()
    })
}

impl Machine<'_> {
    /// The program that a word means: a path, or a name that is looked for in `PATH`. Links of the file itself stay: what
    /// a program is called by can decide what it is.
    pub(super) fn find(&self, word: &str) -> Result<PathBuf, String> {
        let found = match word.contains('/') {
            true => Some(self.folder.join(self.expand(word))).filter(|path| path.is_file()),
            false => {
                let path = self.environment.get("PATH").map_or("", String::as_str);
                std::env::split_paths(path)
                    .map(|folder| self.folder.join(folder).join(word))
                    .find(|path| is_executable(path))
            }
        };
        let found = found.ok_or_else(|| format!("`{word}` is not installed, or not in PATH"))?;
        let (Some(folder), Some(name)) = (found.parent(), found.file_name()) else {
            return Err(format!("`{word}` names no program"));
        };
        let path = real(folder)?.join(name);
        text(&path)?;
        Ok(path)
    }

    fn expand(&self, word: &str) -> PathBuf {
        mycelium_config::expand_home(word, self.home)
    }

    /// The script that an interpreter is given, which is made absolute.
    fn script_among(&self, arguments: &mut [String]) -> Result<Option<PathBuf>, String> {
        for argument in arguments {
            // What follows is the name of a module, or code.
            if ["-m", "-c", "-e", "--eval"].contains(&argument.as_str()) {
                break;
            }
            let path = self.folder.join(self.expand(argument));
            if !argument.starts_with('-') && path.is_file() {
                let path = real(&path)?;
                *argument = text(&path)?;
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Adds what has to be shown so that the code at `path` finds all of itself.
    fn add_homes(&self, path: &Path, homes: &mut Vec<PathBuf>) {
        if is_of_system(path) {
            return;
        }
        let base = path.ancestors().find_map(base_of_environment);
        let home = self.home_of(path).unwrap_or_else(|| path.to_owned());
        homes.push(home);
        homes.extend(base.filter(|base| !is_of_system(base) && self.may_be_shown(base)));
    }

    /// The folder with all the code that `path` belongs to.
    fn home_of(&self, path: &Path) -> Option<PathBuf> {
        let above = || path.ancestors().skip(1);
        let modules = above()
            .filter(|folder| folder.ends_with("node_modules"))
            .last();
        let environment = || above().find(|folder| folder.join("pyvenv.cfg").is_file());
        let prefix = || {
            let bin = path.parent().filter(|folder| folder.ends_with("bin"))?;
            bin.parent().filter(|prefix| is_python(prefix))
        };
        let project =
            || above().find(|folder| PROJECT_FILES.iter().any(|name| folder.join(name).is_file()));
        let home = modules
            .or_else(environment)
            .or_else(prefix)
            .or_else(project)?;
        let home = fs_err::canonicalize(home).ok()?;
        self.may_be_shown(&home).then_some(home)
    }

    /// Whether a folder is small enough to be somebody's code: not the person's home, nor what is above it, nor what
    /// has to do with this program's own files.
    fn may_be_shown(&self, path: &Path) -> bool {
        let is_apart = |own: &PathBuf| !own.starts_with(path) && !path.starts_with(own);
        let is_reserved = SANDBOX_FOLDERS.iter().any(|own| path.starts_with(own));
        let home = fs_err::canonicalize(self.home);
        !home.is_ok_and(|home| home.starts_with(path))
            && !self.home.starts_with(path)
            && self.own.iter().all(is_apart)
            && !is_reserved
            && path.parent().is_some()
    }
}

/// What a script says runs it, and with which options; nothing for a program.
fn interpreter(path: &Path) -> Result<Option<(String, Vec<String>)>, String> {
    let mut start = Vec::new();
    fs_err::File::open(path)
        .and_then(|file| file.take(MAX_FIRST_LINE).read_to_end(&mut start))
        .map_err(|error| error.to_string())?;
    let Some(line) = start.strip_prefix(b"#!") else {
        return Ok(None);
    };
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    let Some(mut name) = words.next() else {
        return Err(format!("{} does not say what runs it", path.display()));
    };
    if Path::new(&name).file_name() == Some(OsStr::new("env")) {
        let found = words.find(|word| !word.starts_with('-') && !word.contains('='));
        name = found.ok_or_else(|| format!("{} does not say what runs it", path.display()))?;
    }
    Ok(Some((name, words.collect())))
}

fn is_interpreter(program: &Path) -> bool {
    let name = program.file_name().and_then(OsStr::to_str);
    // With a version, such as `python3.12`.
    let name = name.map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'));
    name.is_some_and(|name| INTERPRETERS.contains(&name))
}

/// The installation of Python that an environment in `folder` was made of, if it is one (PEP 405).
fn base_of_environment(folder: &Path) -> Option<PathBuf> {
    let settings = fs_err::read_to_string(folder.join("pyvenv.cfg")).ok()?;
    let home = settings.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "home").then(|| PathBuf::from(value.trim()))
    })?;
    let prefix = fs_err::canonicalize(home.parent()?).ok()?;
    is_python(&prefix).then_some(prefix)
}

/// Whether an installation of Python is in `prefix`: it has the file that Python itself looks for.
fn is_python(prefix: &Path) -> bool {
    let libraries = fs_err::read_dir(prefix.join("lib")).into_iter().flatten();
    libraries.flatten().take(4096).any(|entry| {
        entry.file_name().to_string_lossy().starts_with("python3")
            && entry.path().join("os.py").is_file()
    })
}

/// Whether every program in a sandbox sees it.
fn is_of_system(path: &Path) -> bool {
    RUNTIME_FOLDERS
        .iter()
        .any(|folder| path.starts_with(folder))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    let found = fs_err::metadata(path);
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn real(path: &Path) -> Result<PathBuf, String> {
    fs_err::canonicalize(path).map_err(|error| error.to_string())
}

/// The path as an argument.
fn text(path: &Path) -> Result<String, String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| format!("the path {} is not UTF-8", path.display()))
}

/// Without what is below another one.
fn without_repetition(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    paths.sort_unstable();
    paths.dedup();
    let all = paths.clone();
    paths.retain(|path| {
        !all.iter()
            .any(|other| other != path && path.starts_with(other))
    });
    paths
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Scene {
        _folder: tempfile::TempDir,
        root: PathBuf,
        environment: BTreeMap<String, String>,
    }

    impl Scene {
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = fs_err::canonicalize(folder.path()).unwrap();
            for (name, content) in files {
                let path = root.join(name);
                fs_err::create_dir_all(path.parent().unwrap()).unwrap();
                let content = content.replace("ROOT", root.to_str().unwrap());
                fs_err::write(&path, content).unwrap();
                fs_err::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
            }
            let path = format!("{}:/usr/bin:/bin", root.join("home/bin").display());
            Self {
                _folder: folder,
                root,
                environment: BTreeMap::from([("PATH".to_owned(), path)]),
            }
        }

        fn resolve(&self, words: &[&str]) -> Result<WrappedServer, String> {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            resolve(
                &words,
                &[],
                &Machine {
                    environment: &self.environment,
                    home: &self.root.join("home"),
                    folder: &self.root.join("home/work"),
                    own: &[self.root.join("home/.local/share/mycelium")],
                },
            )
        }

        /// Program, arguments and installation, with this scene's root left out.
        fn shown(&self, words: &[&str]) -> (String, Vec<String>, Vec<String>) {
            let server = self.resolve(words).unwrap();
            let root = format!("{}/", self.root.display());
            let short = |text: String| text.replace(&root, "");
            (
                short(server.program.display().to_string()),
                server.arguments.into_iter().map(short).collect(),
                server
                    .installation
                    .iter()
                    .map(|path| short(path.display().to_string()))
                    .collect(),
            )
        }
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_python_environment_is_shown_with_what_it_was_made_of() {
        let scene = Scene::new(&[
            ("home/work/x", ""),
            ("home/py/bin/python3.12", "\u{7f}ELF"),
            ("home/py/lib/python3.12/os.py", ""),
            (
                "home/venv/pyvenv.cfg",
                "home = ROOT/home/py/bin\nversion = 3.12\n",
            ),
            ("home/venv/bin/server", "#!ROOT/home/venv/bin/python\n"),
        ]);
        let link = scene.root.join("home/venv/bin/python");
        std::os::unix::fs::symlink(scene.root.join("home/py/bin/python3.12"), link).unwrap();
        assert_eq!(
            scene.shown(&["~/venv/bin/server", "--local", "x"]),
            (
                "home/venv/bin/python".to_owned(),
                owned(&["home/venv/bin/server", "--local", "x"]),
                owned(&["home/py", "home/venv"]),
            )
        );
        assert_eq!(
            scene.shown(&["../venv/bin/python", "-m", "server"]).2,
            owned(&["home/py", "home/venv"])
        );
    }

    #[test]
    fn a_script_is_shown_with_its_modules_its_project_or_alone() {
        let scene = Scene::new(&[
            ("home/bin/node", "\u{7f}ELF"),
            (
                "home/work/node_modules/a/node_modules/b/run.js",
                "#!/usr/bin/env node\n",
            ),
            ("home/server/package.json", "{}"),
            ("home/server/dist/index.js", ""),
            ("home/alone.js", ""),
            ("home/package.json", "{}"),
        ]);
        let (program, arguments, installation) =
            scene.shown(&["./node_modules/a/node_modules/b/run.js", "y"]);
        assert_eq!(program, "home/bin/node");
        assert_eq!(
            arguments,
            owned(&["home/work/node_modules/a/node_modules/b/run.js", "y"])
        );
        assert_eq!(
            installation,
            owned(&["home/bin/node", "home/work/node_modules"])
        );
        let shown = scene.shown(&["node", "--flag", "../server/dist/index.js", "/etc/hosts"]);
        assert_eq!(
            shown.1,
            owned(&["--flag", "home/server/dist/index.js", "/etc/hosts"])
        );
        assert_eq!(shown.2, owned(&["home/bin/node", "home/server"]));
        // A whole home is nobody's code, whatever lies in it.
        let shown = scene.shown(&["node", "../alone.js"]);
        assert_eq!(shown.2, owned(&["home/alone.js", "home/bin/node"]));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let scene = Scene::new(&[
            ("home/work/x", ""),
            ("home/bin/lost", "#!/usr/bin/env no-such\n"),
        ]);
        for (words, said) in [
            (&[][..], "no command"),
            (&["no-such-program"], "`no-such-program` is not installed"),
            (&["./y"], "`./y` is not installed"),
            (&["lost"], "`no-such` is not installed"),
        ] {
            let error = scene.resolve(words).unwrap_err();
            assert!(error.contains(said), "{words:?}: {error}");
        }
    }
}
