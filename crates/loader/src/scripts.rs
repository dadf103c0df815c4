//! What running the scripts of an Agent Skill takes.

use std::path::Path;
use std::path::PathBuf;

use mycelium_types::Message;
use mycelium_types::Script;
use mycelium_types::ScriptKind;
use mycelium_types::printable;
use mycelium_types::printable_path;

use crate::executable::NotRunnable;
use crate::executable::executables;
use crate::executable::find_program;

/// How a script is run on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptProgram {
    /// The script, or what interprets it and then the script; absolute and without links.
    pub command: Vec<PathBuf>,
    /// All files that running it takes.
    pub(crate) files: Vec<PathBuf>,
}

/// How `script` of the skill in `root` is run, or why it cannot be.
///
/// One that is marked as executable and says itself what runs it is run as it is; any other by the program that its
/// kind of script has.
pub(crate) fn program(script: &Script, root: &Path) -> Result<ScriptProgram, Message> {
    let path = root.join(&script.path);
    let named = |key: &str| Message::new(key).with("script", printable_path(&script.path));
    if script.kind == ScriptKind::TypeScript {
        return Err(named("incompatible-script-typescript"));
    }
    let own = match executables(&path, &[root]) {
        Ok(files) => {
            return Ok(ScriptProgram {
                command: vec![path],
                files,
            });
        }
        Err(own) => own,
    };
    for name in script.kind.interpreters() {
        if let Some(mut files) = find_program(name) {
            let interpreter = files[0].clone();
            files.push(path.clone());
            return Ok(ScriptProgram {
                command: vec![interpreter, path],
                files,
            });
        }
    }
    Err(match (script.kind.interpreters(), own) {
        ([name, ..], _) => named("incompatible-script-interpreter").with("name", name),
        ([], NotRunnable::Interpreter(name)) => {
            named("incompatible-script-interpreter").with("name", printable(&name))
        }
        ([], NotRunnable::NotExecutable | NotRunnable::NotAProgram) => {
            named("incompatible-script-program")
        }
        ([], NotRunnable::Unreadable(error)) => {
            named("incompatible-script-unreadable").with("reason", error)
        }
    })
}
