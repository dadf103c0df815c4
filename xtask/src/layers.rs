//! `cargo xtask check-layers`: who depends on whom, what is called how, and each crate's sentence.

mod dependencies;
mod names;
mod sentences;
mod table;

use crate::error::ChoreError;
use crate::workspace::Workspace;

/// Checks everything and reports all that is wrong at once.
pub(crate) fn run(workspace: &Workspace) -> Result<(), ChoreError> {
    let mut findings = dependencies::check(&workspace.packages);
    findings.extend(names::check(workspace)?);
    findings.extend(sentences::check(workspace)?);
    ChoreError::of_findings(findings)?;
    println!(
        "check-layers: {} packages keep to the table",
        workspace.packages.len()
    );
    Ok(())
}
