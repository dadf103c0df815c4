//! `pack`: a skill's folder as one file.

use mycelium_runtime::pack_skill;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use serde_json::json;

use crate::arguments::PackOptions;
use crate::error::Error;
use crate::render::Text;
use crate::session::Session;

pub(super) fn run(options: &PackOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let folder = session.surroundings.directory.join(&options.folder);
    let given = options.output.as_ref();
    let given = given.map(|path| session.surroundings.directory.join(path));
    // The name is known once the skill has been read; until then it stands for the folder it goes to.
    let wanted = given
        .clone()
        .unwrap_or_else(|| folder.with_extension("skill"));
    let packed = pack_skill(&folder, &wanted)?;
    let file = given.unwrap_or_else(|| {
        let name = format!("{}.skill", packed.id.name);
        session.surroundings.directory.join(name)
    });
    write(&file, &packed.bytes)
        .map_err(|error| ErrorReport::new(ErrorCode::StateUnavailable).with("reason", error))?;
    let value = json!({
        "skill": packed.id,
        "file": file,
        "bytes": packed.bytes.len(),
        "digest": packed.digest,
    });
    let text = Text::new("pack-done")
        .with("skill", &packed.id)
        .with("file", file.display())
        .with("bytes", packed.bytes.len());
    session.output.result(&value, |page| page.say(&text))?;
    Ok(ExitStatus::Success)
}

/// Writes the file whole or not at all.
fn write(file: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = file.with_file_name(name);
    let written = fs_err::write(&temporary, bytes).and_then(|()| fs_err::rename(&temporary, file));
    if written.is_err() {
        // Nothing depends on the leftover; the error that matters is the first one.
        let _ = fs_err::remove_file(&temporary);
    }
    written
}
