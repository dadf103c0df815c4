//! Links inside a skill folder: where they lead, worked out from the listing alone.
//!
//! The file system is not asked, so that a link to something that does not exist yet cannot become a
//! way out of the folder later.

use std::ffi::OsString;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use super::EntryKind;
use super::Tree;
use super::UNCOUNTED;
use crate::LinkProblem;
use crate::LoadError;

/// The most links followed for one path: the kernel's own bound.
const MAX_LINKS: usize = 40;

enum Step {
    Up,
    Down(OsString),
}

impl Tree {
    /// Where `path`, relative to the folder `from` below the root, really is below the root. Nothing
    /// need exist there.
    pub(crate) fn resolve(&self, from: &Path, path: &Path) -> Result<PathBuf, LinkProblem> {
        let mut place = from.to_owned();
        let mut pending = Vec::new();
        let mut followed = 0;
        self.push_steps(path, &mut place, &mut pending)?;
        while let Some(step) = pending.pop() {
            let name = match step {
                Step::Up if place.pop() => continue,
                Step::Up => return Err(LinkProblem::Leaves),
                Step::Down(name) => name,
            };
            place.push(name);
            if place == Path::new(UNCOUNTED) {
                return Err(LinkProblem::Leaves);
            }
            let target = match self.entry(&place).map(|entry| &entry.kind) {
                Some(EntryKind::Link { target }) => target,
                Some(EntryKind::Folder | EntryKind::File { .. }) | None => continue,
            };
            followed += 1;
            if followed > MAX_LINKS {
                return Err(LinkProblem::Loop);
            }
            place.pop();
            self.push_steps(target, &mut place, &mut pending)?;
        }
        Ok(place)
    }

    /// Refuses the first link, in order of paths, that leads out of the folder.
    pub(super) fn check_links(&self) -> Result<(), LoadError> {
        for entry in &self.entries {
            if let EntryKind::Link { target } = &entry.kind {
                let from = entry.path.parent().unwrap_or(Path::new(""));
                if let Err(problem) = self.resolve(from, target) {
                    return Err(LoadError::Link {
                        folder: self.root.clone(),
                        link: entry.path.clone(),
                        target: target.clone(),
                        problem,
                    });
                }
            }
        }
        Ok(())
    }

    fn push_steps(
        &self,
        path: &Path,
        place: &mut PathBuf,
        pending: &mut Vec<Step>,
    ) -> Result<(), LinkProblem> {
        let path = if path.is_absolute() {
            place.clear();
            path.strip_prefix(&self.root)
                .map_err(|_| LinkProblem::Leaves)?
        } else {
            path
        };
        for component in path.components().rev() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => pending.push(Step::Up),
                Component::Normal(name) => pending.push(Step::Down(name.to_owned())),
                Component::RootDir | Component::Prefix(_) => return Err(LinkProblem::Leaves),
            }
        }
        Ok(())
    }
}
