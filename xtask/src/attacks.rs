//! `cargo xtask attacks`: the page that says what each hostile program met.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::ChoreError;
use crate::schemas::Usage;
use crate::schemas::difference;
use crate::workspace::Workspace;

/// Where the page is.
const PAGE: &str = "docs/security/attack-matrix.md";

/// What is in a cell if an attack worked.
const OPEN: &str = "OPEN";

/// How the columns begin of machines where everything holds.
const WHOLE: [&str; 3] = ["full/", "program/", "parent/"];

/// Where the texts of `doctor`'s attacks are.
const CATALOGUE: &str = "crates/types/messages/en-US/sandbox.ftl";

/// The folders of attacks: where they are, how a program's name ends, how its claim begins.
const FOLDERS: &[Folder] = &[
    Folder {
        path: "attacks/kernel",
        title: "Against the kernel's layers",
        extension: "rs",
        comment: "//! ",
        others: &["list", "means"],
    },
    Folder {
        path: "attacks/engine",
        title: "Against the engine and the daemon",
        extension: "js",
        comment: "// ",
        others: &[],
    },
    Folder {
        path: "attacks/native",
        title: "By programs of their own, against the daemon",
        extension: "c",
        comment: "// ",
        others: &[],
    },
];

/// One folder of attacks.
struct Folder {
    path: &'static str,
    title: &'static str,
    extension: &'static str,
    comment: &'static str,
    /// The files that are no attacks.
    others: &'static [&'static str],
}

/// Writes the page, or checks that it is what would be written.
pub(crate) fn run(workspace: &Workspace, usage: Usage) -> Result<(), ChoreError> {
    let (page, mut findings) = render(&workspace.root)?;
    let path = workspace.root.join(PAGE);
    match usage {
        Usage::Write => {
            fs_err::write(path, page)?;
            println!("attacks: wrote {PAGE}");
        }
        Usage::Check => {
            let written = fs_err::read_to_string(path).unwrap_or_default();
            match difference(&written, &page) {
                None => println!("attacks: {PAGE} is up to date"),
                Some(line) => findings.push(format!(
                    "{PAGE} differs from attacks/ at line {line}: run `cargo xtask attacks`"
                )),
            }
        }
    }
    ChoreError::of_findings(findings)
}

/// The page, and what is wrong with the attacks below `root`.
fn render(root: &Path) -> Result<(String, Vec<String>), ChoreError> {
    let mut page = INTRODUCTION.to_owned();
    let mut findings = Vec::new();
    for folder in FOLDERS {
        page += &format!("\n## {}\n", folder.title);
        let matrix = Matrix::read(root, folder)?;
        let listed: BTreeSet<_> = matrix.rows().map(|row| row.name.clone()).collect();
        let files = programs(root, folder)?;
        findings.extend((files.difference(&listed)).map(|name| {
            format!(
                "{}/{name} is not in {}/expected.tsv",
                folder.path, folder.path
            )
        }));
        for (title, rows) in &matrix.sections {
            page += &format!("\n### {title}\n\n| attack |");
            for column in &matrix.columns {
                page += &format!(" {column} |");
            }
            page += &format!("\n|---|{}\n", "---|".repeat(matrix.columns.len()));
            for row in rows {
                match claim(root, folder, &row.name)? {
                    Some(claim) => page += &format!("| {claim} |"),
                    None => findings.push(format!(
                        "{}/{} does not begin with its claim",
                        folder.path, row.name
                    )),
                }
                for (column, met) in matrix.columns.iter().zip(&row.met) {
                    let mark = if met == OPEN { "**" } else { "" };
                    page += &format!(" {mark}{met}{mark} |");
                    let is_whole = WHOLE.iter().any(|whole| column.starts_with(whole));
                    if met == OPEN && is_whole {
                        findings.push(format!(
                            "{}/{} works on the rung `full`",
                            folder.path, row.name
                        ));
                    }
                }
                page += "\n";
            }
        }
    }
    Ok((page, findings))
}

const INTRODUCTION: &str = "\
# Attack matrix

Made by `cargo xtask attacks` from [attacks/](../../attacks/README.md); do not edit it. Each row is one small hostile
program; each column is a machine, and who started it: `full` is one where everything holds, `no-namespaces` and
`no-landlock` are the two on the rung `reduced` ([what that is](../security.md#where-the-kernel-allows-less)), made by
refusing the launcher what they lack. In `program` and `parent` it is a [program of its own](../native.md) that attacks, on a
machine where everything holds: without and with a permission to start others. On less there are no such programs. In a cell
is what the program met:

* an error: the kernel refused, in the way that is meant for it. What was not granted is not there (`ENOENT`), what may
  only be read is on a file system that is (`EROFS`), what Landlock does not allow is denied (`EACCES`), what the engine does not need is not permitted (`EPERM`) or was
  never heard of (`ENOSYS`);
* a code in capitals with a word's worth of meaning, such as `CPU_LIMIT`: the call ended with this error;
* `ends`: the worker, or the process that did it, was ended; `nothing`: the program went on, and had got nothing;
* `found`: nothing prevented it. It was [found when the call was over](permissions.md#what-needs-no-question), which failed with
  `SECURITY_VIOLATION`, and the skill was ended; what was made is still there. On the rung `full` there is none;
* `allowed`: no attack there, but what programs of their own may do: threads, machine code, sockets in a network that leads
  nowhere, signals among their own processes;
* `-`: not tried there;
* **OPEN**: the attack worked. On the rung `full` there is none.

The tests make every attack in a real sandbox and compare.
";

/// What each attack of a folder met.
struct Matrix {
    columns: Vec<String>,
    sections: Vec<(String, Vec<Row>)>,
}

struct Row {
    name: String,
    met: Vec<String>,
}

impl Matrix {
    fn read(root: &Path, folder: &Folder) -> Result<Self, ChoreError> {
        let text = fs_err::read_to_string(root.join(folder.path).join("expected.tsv"))?;
        let mut lines = text.lines();
        let cells = |line: &str| -> Vec<String> { line.split('\t').map(str::to_owned).collect() };
        let columns = lines.next().map(cells).unwrap_or_default();
        let mut sections: Vec<(String, Vec<Row>)> = Vec::new();
        for line in lines {
            if let Some(title) = line.strip_prefix("# ") {
                sections.push((title.to_owned(), Vec::new()));
                continue;
            }
            let mut met = cells(line);
            let broken = || {
                ChoreError::finding(format!(
                    "{}/expected.tsv: `{line}` is not below a title or has not as many cells as the first line",
                    folder.path
                ))
            };
            if met.len() != columns.len() {
                return Err(broken());
            }
            let (_, rows) = sections.last_mut().ok_or_else(broken)?;
            rows.push(Row {
                name: met.remove(0),
                met,
            });
        }
        Ok(Self {
            columns: columns.into_iter().skip(1).collect(),
            sections,
        })
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|(_, rows)| rows)
    }
}

/// The names of the programs in a folder.
fn programs(root: &Path, folder: &Folder) -> Result<BTreeSet<String>, ChoreError> {
    let mut found = BTreeSet::new();
    for entry in fs_err::read_dir(root.join(folder.path))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        if let Some(name) = name
            && path
                .extension()
                .is_some_and(|extension| extension == folder.extension)
            && !folder.others.contains(&name)
        {
            found.insert(name.to_owned());
        }
    }
    Ok(found)
}

/// What an attack claims to do, as a sentence.
fn claim(root: &Path, folder: &Folder, name: &str) -> Result<Option<String>, ChoreError> {
    if let Some(key) = name.strip_prefix("doctor/") {
        let text = fs_err::read_to_string(root.join(CATALOGUE))?;
        let message = format!("attack-{key} = ");
        let told = text.lines().find_map(|line| line.strip_prefix(&message));
        return Ok(told.map(|told| format!("`doctor`: {told}")));
    }
    let file = format!("{name}.{}", folder.extension);
    let text = fs_err::read_to_string(root.join(folder.path).join(file))?;
    let first = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix(folder.comment));
    Ok(first.map(|claim| format!("{} (`{name}`)", claim.trim_end_matches('.'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: Folder = Folder {
        path: "kernel",
        title: "Kernel",
        extension: "rs",
        comment: "//! ",
        others: &["list"],
    };

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir(root.path().join("kernel")).unwrap();
        for (name, text) in files {
            fs_err::write(root.path().join("kernel").join(name), text).unwrap();
        }
        root
    }

    #[test]
    fn rows_are_read_below_their_titles() {
        let table = "attack\tfull/root\n# Files\nread\tENOENT\n";
        let root = folder(&[
            ("expected.tsv", table),
            ("read.rs", "//! Reads.\n"),
            ("list.rs", ""),
        ]);
        let matrix = Matrix::read(root.path(), &FOLDER).unwrap();
        assert_eq!(matrix.columns, ["full/root"]);
        assert_eq!(matrix.sections[0].0, "Files");
        assert_eq!(matrix.sections[0].1[0].met, ["ENOENT"]);
        assert_eq!(
            programs(root.path(), &FOLDER).unwrap(),
            ["read".to_owned()].into()
        );
        let claim = claim(root.path(), &FOLDER, "read").unwrap();
        assert_eq!(claim.unwrap(), "Reads (`read`)");
    }

    #[test]
    fn a_row_of_another_length_or_without_a_title_is_refused() {
        for table in ["attack\ta\n# T\nread\tb\tc\n", "attack\ta\nread\tb\n"] {
            let root = folder(&[("expected.tsv", table)]);
            assert!(Matrix::read(root.path(), &FOLDER).is_err(), "{table}");
        }
    }

    #[test]
    fn a_program_without_its_claim_has_none() {
        let root = folder(&[("read.rs", "fn attack() {}\n")]);
        assert_eq!(claim(root.path(), &FOLDER, "read").unwrap(), None);
    }
}
