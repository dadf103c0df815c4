//! `log`: the audit log. Read from its files: no daemon is asked.

mod show;
mod verify;

use mycelium_audit::AuditFolder;
use mycelium_types::ExitStatus;

use crate::arguments::AuditAction;
use crate::arguments::AuditOptions;
use crate::error::Error;
use crate::session::Session;

pub(super) fn run(options: AuditOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let folder = AuditFolder::below(&session.surroundings.folders.state);
    match options.action {
        None => show::run(&folder, &options, session),
        Some(AuditAction::Verify {
            folder: copy,
            keys,
            anchor,
        }) => {
            let folder = match copy {
                Some(copy) => {
                    AuditFolder::at(&session.surroundings.directory.join(copy), &folder.key())
                }
                None => folder,
            };
            verify::run(&folder, &keys, anchor, session)
        }
        Some(AuditAction::Export { format, filter }) => {
            show::export(&folder, format, &filter, session)
        }
    }
}
