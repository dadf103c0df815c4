//! `types`: TypeScript's declarations of what a skill can ask of its runtime.

use mycelium_types::ExitStatus;

use crate::error::Error;
use crate::render::Output;

/// The declarations, as they are in the repository.
const DECLARATIONS: &str = include_str!("../../../../types/mycelium.d.ts");

pub(super) fn run(output: &mut Output) -> Result<ExitStatus, Error> {
    output.plain(DECLARATIONS)?;
    Ok(ExitStatus::Success)
}
