//! The verdict on a `SKILL.md` beside that of the reference validator, on a corpus made from a seed.

mod corpus;

use std::path::Path;
use std::path::PathBuf;

use mycelium_types::AgentSkill;

use self::corpus::Case;
use crate::support::TestEnvironment;
use crate::support::missing;

/// How many files are compared.
const CASES: usize = 1_200;
/// Every so many of them go through both commands, which are slow to start.
const THROUGH_COMMANDS: usize = 40;

/// Prints a line for each folder below its argument, by name: its verdict. Whatever the validator stumbles over is no
/// valid skill, as the command has it.
const JUDGE: &str = "
import pathlib, sys
from skills_ref.validator import validate
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    [skill] = folder.iterdir()
    try:
        print('valid' if not validate(skill) else 'invalid')
    except Exception:
        print('invalid')
";

#[test]
fn verdicts_agree_on_a_generated_corpus() {
    let Some(agentskills) = agentskills() else {
        return;
    };
    let test = TestEnvironment::new();
    let corpus = test.workspace().join("corpus");
    let cases = corpus::generate(CASES);
    for (number, case) in cases.iter().enumerate() {
        let folder = corpus.join(format!("{number:04}")).join(&case.folder);
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join(case.file), &case.content).unwrap();
    }
    let verdicts = judge(&agentskills, &corpus);
    assert_eq!(verdicts.len(), CASES);
    let mut valid = 0;
    for (number, (case, verdict)) in cases.iter().zip(verdicts).enumerate() {
        let reading = AgentSkill::read(&case.content, "SKILL.md", case.file, &case.folder);
        assert_eq!(
            reading.conforms, verdict,
            "{case:?}: {:?}",
            reading.diagnostics
        );
        // What the reference passes can be used.
        assert!(reading.skill.is_some() || !verdict, "{case:?}");
        valid += usize::from(verdict);
        if number % THROUGH_COMMANDS == 0 {
            let folder = corpus.join(format!("{number:04}")).join(&case.folder);
            assert_eq!(ours(&test, &folder), verdict, "{case:?}");
            assert_eq!(theirs(&agentskills, &folder), verdict, "{case:?}");
        }
    }
    // Both verdicts are well represented.
    assert!((CASES / 6..CASES * 5 / 6).contains(&valid), "{valid}");
}

/// The reference validator, if the test run has one.
fn agentskills() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a setting of the test run itself"
    )]
    let path = std::env::var_os("MYCELIUM_TEST_AGENTSKILLS").map(PathBuf::from);
    if path.is_none() {
        missing("there is no agentskills; `cargo xtask test` fetches it");
    }
    path
}

fn judge(agentskills: &Path, corpus: &Path) -> Vec<bool> {
    // The program's own Python knows the library.
    let output = run(
        &agentskills.with_file_name("python3"),
        &["-c", JUDGE],
        corpus,
    );
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line == "valid").collect()
}

fn theirs(agentskills: &Path, folder: &Path) -> bool {
    run(agentskills, &["validate"], folder).status.success()
}

#[expect(clippy::disallowed_methods, reason = "a test starts its reference")]
fn run(program: &Path, arguments: &[&str], path: &Path) -> std::process::Output {
    let mut command = std::process::Command::new(program);
    command.args(arguments).arg(path).env("PYTHONUTF8", "1");
    command.output().unwrap()
}

fn ours(test: &TestEnvironment, folder: &Path) -> bool {
    let path = folder.to_str().unwrap();
    let outcome = test.run(&["validate", "--strict", "--json", path]);
    let verdict = outcome.json()["valid"].as_bool().unwrap();
    assert_eq!(outcome.status == 0, verdict, "{outcome}");
    verdict
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let content = String::from_utf8_lossy(&self.content);
        write!(f, "{}/{}: {content:?}", self.folder, self.file)
    }
}
