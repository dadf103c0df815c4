//! Launchers of packages, such as `npx`: what they would run, if it is installed already.

use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::Value;

use super::command::Machine;

/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;
/// The longest `package.json`, in bytes.
const MAX_PACKAGE: u64 = 1 << 20;

/// The words of a launcher: its options, what it runs, and the arguments of that.
struct Launched<'w> {
    /// The package, if it is named apart from the program.
    package: Option<&'w str>,
    program: &'w str,
    arguments: &'w [String],
}

/// Replaces a launcher and its options by what it would run; other words stay as they are.
///
/// # Errors
/// What is not installed, and how it could be.
pub(super) fn take_apart(words: &[String], machine: &Machine<'_>) -> Result<Vec<String>, String> {
    let texts: Vec<_> = words.iter().map(String::as_str).collect();
    match texts.as_slice() {
        ["npx", ..] => of_npm(&words[1..], machine),
        ["npm", "exec" | "x", ..] => of_npm(&words[2..], machine),
        ["uvx", ..] => of_python(&words[1..], "uv tool install", machine),
        ["uv", "tool", "run", ..] => of_python(&words[3..], "uv tool install", machine),
        ["pipx", "run", ..] => of_python(&words[2..], "pipx install", machine),
        _ => Ok(words.to_vec()),
    }
}

/// Reads a launcher's words; `valued` are its options that have a value, of which `package` name the package.
fn launched<'w>(
    words: &'w [String],
    valued: &[&str],
    package: &[&str],
) -> Result<Launched<'w>, String> {
    let mut named = None;
    let mut next = 0;
    while let Some(word) = words.get(next) {
        next += 1;
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if word.starts_with("--") => (option, Some(value)),
            _ => (word.as_str(), None),
        };
        if !word.starts_with('-') {
            return Ok(Launched {
                package: named,
                program: word,
                arguments: &words[next..],
            });
        }
        let value = match value {
            None if valued.contains(&option) => {
                next += 1;
                words.get(next - 1).map(String::as_str)
            }
            value => value,
        };
        if package.contains(&option) {
            named = value;
        }
    }
    Err("the command names no package".to_owned())
}

/// `name@version`, where the name may have a scope.
fn name_and_version(text: &str) -> (&str, Option<&str>) {
    match text.rfind('@') {
        Some(place) if place > 0 => (&text[..place], Some(&text[place + 1..])),
        Some(_) | None => (text, None),
    }
}

fn of_npm(words: &[String], machine: &Machine<'_>) -> Result<Vec<String>, String> {
    let launched = launched(
        words,
        &["-p", "--package", "-c", "--call", "--prefix", "--cache"],
        &["-p", "--package"],
    )?;
    let (package, version) = name_and_version(launched.package.unwrap_or(launched.program));
    let exact = version.filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
    let fits = |folder: &PathBuf| {
        let found = described(folder);
        found.is_some_and(|found| exact.is_none_or(|version| found["version"] == version))
    };
    let missing = || {
        let wanted = exact.map_or(package.to_owned(), |version| format!("{package}@{version}"));
        format!("the package {wanted} is not installed; `npm install --global {wanted}` does that")
    };
    let folder = npm_folders(package, machine)
        .into_iter()
        .find(fits)
        .ok_or_else(missing)?;
    let name = match launched.package {
        Some(_) => launched.program,
        None => package.rsplit('/').next().unwrap_or(package),
    };
    let described = described(&folder).unwrap_or_default();
    let script = match &described["bin"] {
        Value::String(script) => Some(script),
        Value::Object(all) => {
            let only = all.values().next().filter(|_| all.len() == 1);
            match all.get(name).or(only) {
                Some(Value::String(script)) => Some(script),
                _ => None,
            }
        }
        _ => None,
    };
    let script = script.ok_or_else(|| format!("the package {package} has no program `{name}`"))?;
    let script = folder.join(script).display().to_string();
    let mut command = vec!["node".to_owned(), script];
    command.extend_from_slice(launched.arguments);
    Ok(command)
}

/// Where a package of npm may be, in the order in which `npx` looks: here, for all projects, and in its own cache.
fn npm_folders(package: &str, machine: &Machine<'_>) -> Vec<PathBuf> {
    let below = |folder: &Path| folder.join("node_modules").join(package);
    let mut folders: Vec<_> = machine.folder.ancestors().map(below).collect();
    let named = ["npm_config_prefix", "NPM_CONFIG_PREFIX"];
    let prefixes = named
        .iter()
        .filter_map(|name| machine.environment.get(*name));
    folders.extend(prefixes.map(|prefix| below(&Path::new(prefix).join("lib"))));
    // `<prefix>/lib/node_modules/npm/bin/npx-cli.js`
    let program = machine
        .find("npx")
        .and_then(|path| fs_err::canonicalize(path).map_err(|error| error.to_string()));
    let modules = program.ok();
    let modules = modules.as_deref().and_then(|path| path.ancestors().nth(3));
    folders.extend(modules.map(|modules| modules.join(package)));
    // `<prefix>/bin/npx`
    let prefix = machine.find("npx").ok();
    let prefix = prefix.as_deref().and_then(|path| path.ancestors().nth(2));
    folders.extend(prefix.map(|prefix| below(&prefix.join("lib"))));
    let cache = machine.environment.get("npm_config_cache");
    let cache = cache.map_or_else(|| machine.home.join(".npm"), PathBuf::from);
    folders.extend(
        newest(&cache.join("_npx"))
            .iter()
            .map(|folder| below(folder)),
    );
    folders
}

/// What the `package.json` of a package says.
fn described(folder: &Path) -> Option<Value> {
    let file = folder.join("package.json");
    let size = fs_err::metadata(&file).ok()?.len();
    let bytes = (size <= MAX_PACKAGE).then(|| fs_err::read(&file).ok())??;
    serde_json::from_slice(&bytes).ok()
}

fn of_python(
    words: &[String],
    install: &str,
    machine: &Machine<'_>,
) -> Result<Vec<String>, String> {
    let launched = launched(
        words,
        &[
            "--from",
            "--spec",
            "--python",
            "-p",
            "--with",
            "--index-url",
            "--refresh-package",
        ],
        &["--from", "--spec"],
    )?;
    let (program, _) = name_and_version(launched.program);
    let (package, _) = name_and_version(launched.package.unwrap_or(program));
    let place = |name: &str, usual: &str| {
        let set = machine.environment.get(name);
        set.map_or_else(|| machine.home.join(usual), PathBuf::from)
    };
    let data = place("XDG_DATA_HOME", ".local/share");
    let cache = place("XDG_CACHE_HOME", ".cache");
    let set = |name: &str, usual: PathBuf| {
        let set = machine.environment.get(name);
        set.map_or(usual, PathBuf::from)
    };
    let of_uv = set("UV_CACHE_DIR", cache.join("uv"));
    let places = [
        set("UV_TOOL_DIR", data.join("uv/tools")),
        set("PIPX_HOME", data.join("pipx")).join("venvs"),
        of_uv.join("environments-v2"),
        of_uv.join("archive-v0"),
    ];
    let installed = places
        .iter()
        .flat_map(|place| newest(place))
        .map(|environment| environment.join("bin").join(program))
        .find(|path| path.is_file());
    let found = match installed {
        Some(path) => path,
        None => machine.find(program).map_err(|_| {
            format!("the package {package} is not installed; `{install} {package}` does that")
        })?,
    };
    let mut command = vec![found.display().to_string()];
    command.extend_from_slice(launched.arguments);
    Ok(command)
}

/// What is in a folder, the newest first.
fn newest(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<_> = entries
        .take(MAX_ENTRIES)
        .map(|entry| {
            let time = entry.metadata().and_then(|found| found.modified());
            (time.unwrap_or(SystemTime::UNIX_EPOCH), entry.path())
        })
        .collect();
    entries.sort_unstable();
    entries.into_iter().rev().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn scene(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = fs_err::canonicalize(folder.path()).unwrap();
        for (name, content) in files {
            let path = root.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, content).unwrap();
        }
        (folder, root)
    }

    fn taken(root: &Path, words: &str) -> Result<String, String> {
        let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
        let machine = Machine {
            environment: &BTreeMap::new(),
            home: root,
            folder: &root.join("work"),
            own: &[],
        };
        let words = take_apart(&words, &machine)?.join(" ");
        Ok(words.replace(&format!("{}/", root.display()), ""))
    }

    #[test]
    fn packages_of_npm_are_found_where_npx_has_them() {
        let one = r#"{"version": "1.2.3", "bin": {"server-one": "dist/index.js"}}"#;
        let two = r#"{"version": "2.0.0", "bin": {"a": "a.js", "two": "b.js"}}"#;
        let (_folder, root) = scene(&[
            ("work/node_modules/@some/server-one/package.json", one),
            (".npm/_npx/0a/node_modules/two/package.json", two),
        ]);
        for (words, expected) in [
            (
                "npx -y @some/server-one x -y",
                "node work/node_modules/@some/server-one/dist/index.js x -y",
            ),
            (
                "npx @some/server-one@latest",
                "node work/node_modules/@some/server-one/dist/index.js",
            ),
            (
                "npx @some/server-one@1.2.3",
                "node work/node_modules/@some/server-one/dist/index.js",
            ),
            (
                "npm exec --package=two -- a 1",
                "node .npm/_npx/0a/node_modules/two/a.js 1",
            ),
            ("npx two", "node .npm/_npx/0a/node_modules/two/b.js"),
            ("node x.js", "node x.js"),
        ] {
            assert_eq!(taken(&root, words).as_deref(), Ok(expected), "{words}");
        }
        for (words, said) in [
            ("npx three", "`npm install --global three`"),
            (
                "npx @some/server-one@1.2.4",
                "@some/server-one@1.2.4 is not installed",
            ),
            ("npx -p two c", "has no program `c`"),
            ("npx -y", "names no package"),
        ] {
            let error = taken(&root, words).unwrap_err();
            assert!(error.contains(said), "{words}: {error}");
        }
    }

    #[test]
    fn tools_of_python_are_found_where_uv_and_pipx_have_them() {
        let (_folder, root) = scene(&[
            (
                ".local/share/uv/tools/mcp-server-time/bin/mcp-server-time",
                "",
            ),
            (".cache/uv/archive-v0/xyz/bin/mcp-server-git", ""),
            (".local/share/pipx/venvs/other/bin/other", ""),
        ]);
        for (words, expected) in [
            (
                "uvx mcp-server-time --local-timezone UTC",
                ".local/share/uv/tools/mcp-server-time/bin/mcp-server-time --local-timezone UTC",
            ),
            (
                "uvx --from mcp-git mcp-server-git@latest",
                ".cache/uv/archive-v0/xyz/bin/mcp-server-git",
            ),
            ("pipx run other", ".local/share/pipx/venvs/other/bin/other"),
        ] {
            assert_eq!(taken(&root, words).as_deref(), Ok(expected), "{words}");
        }
        let error = taken(&root, "uv tool run nothing-here").unwrap_err();
        assert!(error.contains("`uv tool install nothing-here`"), "{error}");
    }
}
