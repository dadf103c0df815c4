//! What the person allowed, kept in one file.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use mycelium_policy::Answer;
use mycelium_policy::Grant;
use mycelium_policy::WorkspaceTrust;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::SkillName;
use serde::Deserialize;
use serde::Serialize;

use crate::Folders;
use crate::atomic_file;

/// The most answers kept about skills of one name.
const MAX_ANSWERS: usize = 32;
/// The most answers that hold until the daemon ends.
const MAX_FLEETING: usize = 256;

/// Trusted workspaces and answered questions.
///
/// Read again for each question, so that an answer given by another process counts at once.
pub(crate) struct TrustStore {
    file: PathBuf,
    writing: Mutex<()>,
    fleeting: Mutex<Fleeting>,
}

/// Answers that are not kept: they hold in one workspace, until this process ends.
#[derive(Debug, Default)]
struct Fleeting {
    grants: Vec<(PathBuf, Grant)>,
    /// Counts their changes.
    changes: u64,
}

impl Fleeting {
    /// Forgets what `is_gone` says. Returns whether there was any.
    fn forget(&mut self, is_gone: impl Fn(&Path, &Grant) -> bool) -> bool {
        let before = self.grants.len();
        self.grants
            .retain(|(workspace, grant)| !is_gone(workspace, grant));
        let has_changed = self.grants.len() != before;
        self.changes += u64::from(has_changed);
        has_changed
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Answers {
    workspaces: BTreeSet<PathBuf>,
    pub(crate) grants: Vec<Grant>,
}

impl Answers {
    /// The last grant to other content of the skill.
    pub(crate) fn granted_before(&self, skill: &SkillName, digest: Digest) -> Option<&Grant> {
        self.grants.iter().rev().find(|grant| {
            grant.skill == *skill && grant.digest != digest && grant.answer == Answer::Granted
        })
    }

    pub(crate) fn workspace(&self, workspace: &Path) -> WorkspaceTrust {
        if self.workspaces.contains(workspace) {
            WorkspaceTrust::Trusted
        } else {
            WorkspaceTrust::Untrusted
        }
    }
}

impl TrustStore {
    /// The answers kept in a person's folders.
    pub(crate) fn of(folders: &Folders) -> Self {
        Self::new(folders.state.join("trust.json"))
    }

    fn new(file: PathBuf) -> Self {
        Self {
            file,
            writing: Mutex::new(()),
            fleeting: Mutex::default(),
        }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// All answers that count in a workspace, those that are not kept first.
    pub(crate) fn answers_in(&self, workspace: &Path) -> Result<Answers, ErrorReport> {
        let mut answers = self.answers()?;
        let fleeting = self.fleeting();
        let here = fleeting
            .grants
            .iter()
            .filter(|(place, _)| place == workspace)
            .map(|(_, grant)| grant.clone());
        answers.grants.splice(0..0, here);
        Ok(answers)
    }

    /// How often the answers that are not kept have changed.
    pub(crate) fn changes(&self) -> u64 {
        self.fleeting().changes
    }

    fn fleeting(&self) -> MutexGuard<'_, Fleeting> {
        self.fleeting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All answers that are kept. A file that cannot be understood grants nothing, and says so.
    pub(crate) fn answers(&self) -> Result<Answers, ErrorReport> {
        let bytes = match fs_err::read(&self.file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Answers::default());
            }
            Err(error) => return Err(unusable(error)),
        };
        let mut answers: Answers = serde_json::from_slice(&bytes)
            .map_err(|error| unusable(format!("{}: {error}", self.file.display())))?;
        // What is not kept cannot have come from here.
        answers.grants.retain(|grant| grant.answer != Answer::Once);
        Ok(answers)
    }

    /// Trusts a workspace or stops to. Returns whether anything changed.
    pub(crate) fn set_workspace(
        &self,
        workspace: &Path,
        trust: WorkspaceTrust,
    ) -> Result<bool, ErrorReport> {
        self.change(|answers| match trust {
            WorkspaceTrust::Trusted => answers.workspaces.insert(workspace.to_owned()),
            WorkspaceTrust::Untrusted => answers.workspaces.remove(workspace),
        })
    }

    /// Lets an answer hold in a workspace until this process ends, whatever is kept.
    pub(crate) fn lend(&self, workspace: &Path, grant: Grant) {
        let mut fleeting = self.fleeting();
        fleeting.forget(|place, old| {
            place == workspace && (&old.skill, old.digest) == (&grant.skill, grant.digest)
        });
        if fleeting.grants.len() == MAX_FLEETING {
            fleeting.grants.remove(0);
        }
        fleeting.grants.push((workspace.to_owned(), grant));
        fleeting.changes += 1;
    }

    /// Keeps an answer in place of any older one about the same skill and content, and forgets the
    /// oldest about a skill of which there are many.
    pub(crate) fn keep(&self, grant: Grant) -> Result<bool, ErrorReport> {
        let (skill, digest) = (grant.skill.clone(), grant.digest);
        let kept = self.change(|answers| {
            let grants = &mut answers.grants;
            let is_known = |known: &Grant| {
                (&known.skill, known.digest, known.answer)
                    == (&grant.skill, grant.digest, grant.answer)
                    && known.permissions == grant.permissions
            };
            if grants.iter().any(is_known) {
                return false;
            }
            grants.retain(|old| old.skill != grant.skill || old.digest != grant.digest);
            let mut surplus = grants
                .iter()
                .filter(|old| old.skill == grant.skill)
                .count()
                .saturating_sub(MAX_ANSWERS - 1);
            grants.retain(|old| {
                let goes = old.skill == grant.skill && surplus > 0;
                surplus -= usize::from(goes);
                !goes
            });
            grants.push(grant);
            true
        })?;
        // Only now: until then the old answer counts.
        let outdone = self
            .fleeting()
            .forget(|_, old| (&old.skill, old.digest) == (&skill, digest));
        Ok(kept || outdone)
    }

    /// Forgets all answers about a skill.
    pub(crate) fn revoke(&self, skill: &SkillName) -> Result<bool, ErrorReport> {
        let lent = self.fleeting().forget(|_, grant| grant.skill == *skill);
        let kept = self.change(|answers| {
            let before = answers.grants.len();
            answers.grants.retain(|grant| grant.skill != *skill);
            answers.grants.len() != before
        })?;
        Ok(kept || lent)
    }

    fn change(&self, apply: impl FnOnce(&mut Answers) -> bool) -> Result<bool, ErrorReport> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answers = self.answers()?;
        let changed = apply(&mut answers);
        if changed {
            let text = serde_json::to_vec_pretty(&answers).map_err(unusable)?;
            atomic_file::replace(&self.file, &text).map_err(unusable)?;
        }
        Ok(changed)
    }
}

fn unusable(reason: impl std::fmt::Display) -> ErrorReport {
    ErrorReport::new(ErrorCode::StateUnavailable).with("reason", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = TrustStore::new(folder.path().join("trust.json"));
        let workspace = Path::new("/w");
        assert_eq!(
            store.answers().unwrap().workspace(workspace),
            WorkspaceTrust::Untrusted
        );
        assert!(
            store
                .set_workspace(workspace, WorkspaceTrust::Trusted)
                .unwrap()
        );
        assert!(
            !store
                .set_workspace(workspace, WorkspaceTrust::Trusted)
                .unwrap()
        );
        let grant = Grant {
            skill: "demo".parse().unwrap(),
            digest: Digest::of(b"x"),
            permissions: Vec::new(),
            answer: Answer::Granted,
            by: "ann".to_owned(),
            at_milliseconds: 1,
        };
        assert!(store.keep(grant.clone()).unwrap());
        let later = Grant {
            at_milliseconds: 2,
            ..grant.clone()
        };
        assert!(!store.keep(later).unwrap());
        let answers = store.answers().unwrap();
        assert_eq!(answers.workspace(workspace), WorkspaceTrust::Trusted);
        assert_eq!(answers.grants, [grant]);
        assert_eq!(
            answers.granted_before(&"demo".parse().unwrap(), Digest::of(b"y")),
            Some(&answers.grants[0])
        );
        let other = |number: usize| Grant {
            digest: Digest::of(&number.to_le_bytes()),
            answer: Answer::Refused,
            ..answers.grants[0].clone()
        };
        for number in 0..MAX_ANSWERS {
            assert!(store.keep(other(number)).unwrap());
        }
        let kept = store.answers().unwrap().grants;
        assert_eq!(kept.len(), MAX_ANSWERS);
        assert_eq!(kept[0], other(0));
        assert!(store.revoke(&"demo".parse().unwrap()).unwrap());
        assert!(store.answers().unwrap().grants.is_empty());
    }

    #[test]
    fn what_holds_once_is_never_written_and_holds_in_its_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trust.json");
        let store = TrustStore::new(file.clone());
        let grant = |answer| Grant {
            skill: "demo".parse().unwrap(),
            digest: Digest::of(b"x"),
            permissions: Vec::new(),
            answer,
            by: String::new(),
            at_milliseconds: 0,
        };
        let here = Path::new("/w");
        let first = |workspace: &Path| {
            let answers = store.answers_in(workspace).unwrap();
            answers.grants.first().map(|grant| grant.answer)
        };
        store.keep(grant(Answer::Refused)).unwrap();
        let changes = store.changes();
        store.lend(here, grant(Answer::Once));
        assert_ne!(store.changes(), changes);
        assert_eq!(first(here), Some(Answer::Once));
        assert_eq!(first(Path::new("/other")), Some(Answer::Refused));
        assert!(!fs_err::read_to_string(&file).unwrap().contains("once"));
        assert!(store.keep(grant(Answer::Refused)).unwrap(), "outdone");
        assert_eq!(first(here), Some(Answer::Refused));
        store.lend(here, grant(Answer::Once));
        assert!(store.revoke(&"demo".parse().unwrap()).unwrap());
        assert_eq!(first(here), None);
        for _ in 0..MAX_FLEETING + 1 {
            store.lend(here, grant(Answer::Once));
        }
        assert_eq!(store.answers_in(here).unwrap().grants.len(), 1);
        // Somebody wrote it there all the same.
        let forged = Answers {
            grants: vec![grant(Answer::Once)],
            ..Answers::default()
        };
        fs_err::write(&file, serde_json::to_vec(&forged).unwrap()).unwrap();
        assert_eq!(first(Path::new("/other")), None);
    }

    #[test]
    fn a_broken_file_is_an_error_and_grants_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trust.json");
        fs_err::write(&file, "{").unwrap();
        let error = TrustStore::new(file).answers().unwrap_err();
        assert_eq!(error.code, ErrorCode::StateUnavailable);
    }
}
