//! From a policy to what is shown where: pure, and done by the supervisor.

use std::collections::BTreeMap;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use mycelium_policy::BYTECODE_PATH;
use mycelium_policy::CERTIFICATES_PATH;
use mycelium_policy::DATA_PATH;
use mycelium_policy::DEPENDENCIES_PATH;
use mycelium_policy::PathGrant;
use mycelium_policy::SANDBOX_FOLDERS;
use mycelium_policy::SandboxPolicy;
use mycelium_policy::UNCOUNTED;
use mycelium_types::FileAccess;
use mycelium_types::Limits;
use serde::Deserialize;
use serde::Serialize;

use crate::Refusal;
use crate::SandboxError;
use crate::WorkerKind;

/// The most paths a policy may grant. Each costs about 10 µs at assignment.
pub(crate) const MAX_PATHS: usize = 256;

/// The longest path the kernel takes, its end mark included.
const MAX_PATH: usize = 4096;

/// What the launcher does to a worker at assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// In the order they are attached: what is above comes first.
    pub(crate) placements: Vec<Placement>,
    /// What is inside a placement and looks empty all the same, if it is there.
    pub(crate) covered: Vec<PathBuf>,
    /// The working directory, an empty folder unless a placement shows it.
    pub(crate) workspace: PathBuf,
    /// How much the worker may use.
    pub(crate) limits: Limits,
    /// What kind of worker it is for.
    pub(crate) kind: WorkerKind,
}

/// A host path shown inside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Placement {
    /// Where it is on the host.
    pub(crate) source: PathBuf,
    /// Where it is inside.
    pub(crate) target: PathBuf,
    /// Whether it may be changed.
    pub(crate) access: FileAccess,
    /// Whether what is in it may run.
    pub(crate) execution: Execution,
}

/// Whether files may be executed, or mapped as machine code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Execution {
    Refused,
    /// As far as Landlock lets it.
    Allowed,
}

impl Plan {
    /// What `policy` needs.
    ///
    /// Grants add up, as [`SandboxPolicy::allows`] says: reading below a folder that may be written
    /// takes nothing away. The skill's own folder and what is sealed are the exception, they are never
    /// writable through a folder above them. Of the skill's own folder, what no digest covers is covered
    /// up, unless a grant shows it.
    ///
    /// # Errors
    /// When the policy names too many paths, or one that cannot be shown.
    pub(crate) fn new(policy: &SandboxPolicy) -> Result<Self, SandboxError> {
        let installed = policy
            .program
            .as_ref()
            .map_or(0, |it| it.installation.len());
        let count = policy.paths.len() + policy.sealed.len() + installed;
        if count > MAX_PATHS {
            return Err(SandboxError::TooManyPaths {
                count,
                limit: MAX_PATHS,
            });
        }
        let mut asked: BTreeMap<&Path, FileAccess> = BTreeMap::new();
        for grant in &policy.paths {
            let access = asked.entry(&grant.path).or_insert(grant.access);
            if grant.access == FileAccess::Write {
                *access = FileAccess::Write;
            }
        }
        let installation = policy.program.iter().flat_map(|it| &it.installation);
        for path in installation.clone() {
            asked.entry(path).or_insert(FileAccess::Read);
        }
        asked.insert(&policy.skill_root, FileAccess::Read);
        for path in &policy.sealed {
            asked.insert(path, FileAccess::Read);
        }
        for path in asked.keys() {
            check_form(path)?;
            check_place(path)?;
        }
        check_form(&policy.workspace)?;
        if policy.workspace != Path::new("/") {
            check_place(&policy.workspace)?;
        }

        // What a skill that is a program brings along runs; what it is granted or writes never does.
        let own = match WorkerKind::of(policy) {
            WorkerKind::Embedded => Execution::Refused,
            WorkerKind::Program => Execution::Allowed,
        };
        let brought =
            |path: &Path| path == policy.skill_root || installation.clone().any(|it| it == path);
        let execution = |path: &Path, access: FileAccess| match access {
            FileAccess::Read if brought(path) => own,
            FileAccess::Read | FileAccess::Write => Execution::Refused,
        };
        // Sorted by component, so that every path comes after the ones above it.
        let mut placements: Vec<Placement> = Vec::new();
        for (path, access) in asked {
            let above = placements
                .iter()
                .rev()
                .find(|placement| path.starts_with(&placement.target))
                .filter(|placement| placement.execution == execution(path, access))
                .map(|placement| placement.access);
            let kept = path == policy.skill_root || policy.sealed.iter().any(|it| path == it);
            let shown = match (above, access) {
                // Nothing is to be kept where nothing is shown.
                (None, FileAccess::Read) => kept && path != policy.skill_root,
                (None, FileAccess::Write) | (Some(FileAccess::Read), FileAccess::Write) => false,
                (Some(FileAccess::Read), FileAccess::Read)
                | (Some(FileAccess::Write), FileAccess::Write) => true,
                (Some(FileAccess::Write), FileAccess::Read) => !kept,
            };
            if !shown {
                placements.push(Placement {
                    source: path.to_owned(),
                    target: path.to_owned(),
                    access,
                    execution: execution(path, access),
                });
            }
        }
        let ours = [
            (
                BYTECODE_PATH,
                &policy.bytecode,
                FileAccess::Read,
                Execution::Refused,
            ),
            (
                CERTIFICATES_PATH,
                &policy.certificates,
                FileAccess::Read,
                Execution::Refused,
            ),
            (
                DATA_PATH,
                &policy.data,
                FileAccess::Write,
                Execution::Refused,
            ),
            (
                DEPENDENCIES_PATH,
                &policy.dependency_layer,
                FileAccess::Read,
                own,
            ),
        ];
        for (target, source, access, execution) in ours {
            if let Some(source) = source {
                check_form(source)?;
                placements.push(Placement {
                    source: source.clone(),
                    target: target.into(),
                    access,
                    execution,
                });
            }
        }
        let uncounted = policy.skill_root.join(UNCOUNTED);
        let shown = |grant: &PathGrant| uncounted.starts_with(&grant.path);
        let covered = if policy.paths.iter().any(shown) {
            Vec::new()
        } else {
            vec![uncounted]
        };
        Ok(Self {
            placements,
            covered,
            workspace: policy.workspace.clone(),
            limits: policy.limits,
            kind: WorkerKind::of(policy),
        })
    }
}

fn refused(path: &Path, reason: Refusal) -> SandboxError {
    SandboxError::Refused {
        path: path.to_owned(),
        reason,
    }
}

/// Absolute, UTF-8, no `.` or `..`, written in the one way there is.
fn check_form(path: &Path) -> Result<(), SandboxError> {
    let normal: PathBuf = path
        .components()
        .filter(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        .collect();
    let well_formed = path.is_absolute()
        && path.to_str().is_some_and(|text| !text.contains('\0'))
        && path.as_os_str().len() < MAX_PATH
        && normal.as_os_str() == path.as_os_str();
    if well_formed {
        Ok(())
    } else {
        Err(refused(path, Refusal::Form))
    }
}

fn check_place(path: &Path) -> Result<(), SandboxError> {
    let taken = path == Path::new("/") || SANDBOX_FOLDERS.iter().any(|own| path.starts_with(own));
    if taken {
        Err(refused(path, Refusal::Reserved))
    } else {
        Ok(())
    }
}

/// A policy for tests that grants nothing.
#[cfg(test)]
pub(crate) fn sample(skill_root: &Path) -> SandboxPolicy {
    SandboxPolicy {
        skill: mycelium_types::SkillId {
            name: "sample".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
        },
        skill_root: skill_root.to_owned(),
        workspace: "/ws".into(),
        paths: Vec::new(),
        sealed: Vec::new(),
        program: None,
        dependency_layer: None,
        bytecode: None,
        certificates: None,
        data: None,
        network: mycelium_policy::NetworkPolicy::default(),
        environment: std::collections::BTreeMap::new(),
        limits: Limits::default(),
        required_rung: mycelium_policy::Rung::Full,
        absent: Vec::new(),
        denials: Vec::new(),
        observed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(skill_root: &str, grants: &[(&str, FileAccess)]) -> SandboxPolicy {
        SandboxPolicy {
            paths: grants
                .iter()
                .map(|(path, access)| PathGrant {
                    declared: (*path).to_owned(),
                    path: path.into(),
                    access: *access,
                })
                .collect(),
            ..sample(Path::new(skill_root))
        }
    }

    fn shown(policy: &SandboxPolicy) -> Vec<(String, FileAccess)> {
        Plan::new(policy)
            .unwrap()
            .placements
            .into_iter()
            .map(|placement| (placement.target.display().to_string(), placement.access))
            .collect()
    }

    use FileAccess::Read;
    use FileAccess::Write;

    #[test]
    fn what_is_above_comes_first_and_what_it_shows_is_not_repeated() {
        let policy = policy(
            "/ws/skills/sample",
            &[
                ("/ws/out", Write),
                ("/ws/out/deep", Read),
                ("/ws", Read),
                ("/ws/docs", Read),
            ],
        );
        assert_eq!(
            shown(&policy),
            [("/ws".to_owned(), Read), ("/ws/out".to_owned(), Write)]
        );
    }

    #[test]
    fn a_folder_whose_name_begins_like_another_is_not_below_it() {
        let policy = policy("/ws/skill", &[("/ws/a", Write), ("/ws/a-b", Read)]);
        assert_eq!(
            shown(&policy),
            [
                ("/ws/a".to_owned(), Write),
                ("/ws/a-b".to_owned(), Read),
                ("/ws/skill".to_owned(), Read)
            ]
        );
    }

    #[test]
    fn the_skill_stays_read_only_below_a_writable_folder() {
        let policy = policy("/ws/out/skill", &[("/ws/out", Write)]);
        assert_eq!(
            shown(&policy),
            [
                ("/ws/out".to_owned(), Write),
                ("/ws/out/skill".to_owned(), Read)
            ]
        );
    }

    #[test]
    fn what_is_sealed_stays_read_only_unless_something_in_it_is_granted() {
        let mut policy = policy(
            "/skill",
            &[
                ("/ws/out", Write),
                ("/ws/out/.git/hooks", Write),
                ("/ws/docs", Read),
            ],
        );
        policy.sealed = ["/ws/out/.git", "/ws/docs/.git", "/elsewhere/.git"]
            .map(PathBuf::from)
            .into();
        assert_eq!(
            shown(&policy),
            [
                ("/skill".to_owned(), Read),
                ("/ws/docs".to_owned(), Read),
                ("/ws/out".to_owned(), Write),
                ("/ws/out/.git".to_owned(), Read),
                ("/ws/out/.git/hooks".to_owned(), Write)
            ]
        );
    }

    #[test]
    fn what_is_installed_may_run_unless_it_may_be_written() {
        let mut policy = policy(
            "/skill",
            &[("/opt", Read), ("/opt/b/own", Read), ("/opt/c", Write)],
        );
        policy.program = Some(mycelium_policy::ProgramPolicy {
            installation: ["/opt/a", "/opt/b", "/opt/c"].map(PathBuf::from).into(),
            ..mycelium_policy::ProgramPolicy::default()
        });
        let placements = Plan::new(&policy).unwrap().placements;
        let shown: Vec<_> = placements
            .iter()
            .map(|it| (it.target.to_str().unwrap(), it.access, it.execution))
            .collect();
        assert_eq!(
            shown,
            [
                ("/opt", Read, Execution::Refused),
                ("/opt/a", Read, Execution::Allowed),
                ("/opt/b", Read, Execution::Allowed),
                ("/opt/b/own", Read, Execution::Refused),
                ("/opt/c", Write, Execution::Refused),
                ("/skill", Read, Execution::Allowed),
            ]
        );
        assert!(policy.allows(Path::new("/opt/a/x"), Read));
        assert!(!policy.allows(Path::new("/opt/a/x"), Write));
    }

    #[test]
    fn what_no_digest_covers_is_covered_up_unless_it_is_granted() {
        let covered = |policy: &SandboxPolicy| Plan::new(policy).unwrap().covered;
        let plain = policy("/ws/skill", &[("/ws/skill/lib", Read)]);
        assert_eq!(covered(&plain), [PathBuf::from("/ws/skill/.git")]);
        let whole = policy("/ws/skill", &[("/ws", Read)]);
        assert!(covered(&whole).is_empty());
    }

    #[test]
    fn a_path_in_another_form_is_refused() {
        for path in [
            "ws",
            "/ws/../etc",
            "/ws/./a",
            "/ws//a",
            "/ws/",
            "/ws/a\0b",
            "",
        ] {
            let error = Plan::new(&policy("/skill", &[(path, Read)])).unwrap_err();
            assert_eq!(error, refused(Path::new(path), Refusal::Form), "{path:?}");
        }
    }

    #[test]
    fn a_path_that_would_cover_the_sandbox_itself_is_refused() {
        for path in [
            "/",
            "/proc",
            "/proc/1",
            "/dev/shm",
            "/mycelium/data",
            "/sys",
        ] {
            let error = Plan::new(&policy("/skill", &[(path, Read)])).unwrap_err();
            assert_eq!(error, refused(Path::new(path), Refusal::Reserved), "{path}");
        }
    }

    #[test]
    fn too_many_paths_are_refused() {
        let mut policy = policy("/skill", &[("/ws/a", Read)]);
        policy.paths = vec![policy.paths[0].clone(); MAX_PATHS + 1];
        assert_eq!(
            Plan::new(&policy).unwrap_err(),
            SandboxError::TooManyPaths {
                count: MAX_PATHS + 1,
                limit: MAX_PATHS
            }
        );
    }
}
