//! `validate`: check a skill before anybody uses it.

use std::path::Path;

use mycelium_runtime::Validation;
use mycelium_types::AgentSkill;
use mycelium_types::ErrorCode;
use mycelium_types::ExitStatus;
use mycelium_types::Severity;
use mycelium_types::SkillFiles;
use serde_json::json;

use crate::arguments::ValidateOptions;
use crate::client::InProcess;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Text;
use crate::session::Session;

pub(super) fn run(
    options: &ValidateOptions,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let path = session.surroundings.directory.join(&options.path);
    let path = folder_of(&path).to_owned();
    let context = session.surroundings.context(session.settings);
    let runtime = InProcess::start(session.surroundings)?;
    let validation = runtime.validate(&context, &path);
    runtime.shut_down();
    let validation = validation?;
    let verdict = Verdict::of(&validation, options.strict);
    let value = json!({
        "path": path,
        "valid": verdict.is_valid,
        "manifest": validation.manifest,
        "conforms": validation.conforms,
        "diagnostics": validation.diagnostics,
    });
    session.output.result(&value, |page| {
        describe(&validation, &verdict, &path.display().to_string(), page);
    })?;
    Ok(match verdict.is_valid {
        true => ExitStatus::Success,
        false => ErrorCode::ManifestInvalid.exit_status(),
    })
}

/// The folder of a skill, for a file in it that says what it is.
fn folder_of(path: &Path) -> &Path {
    let is_description = [
        SkillFiles::MANIFEST,
        AgentSkill::FILE,
        AgentSkill::LOWER_CASE_FILE,
    ]
    .iter()
    .any(|name| path.ends_with(name));
    match path.parent() {
        Some(folder) if is_description && path.is_file() => folder,
        Some(_) | None => path,
    }
}

struct Verdict {
    is_valid: bool,
    errors: usize,
    warnings: usize,
}

impl Verdict {
    fn of(validation: &Validation, strict: bool) -> Self {
        let count = |severity| {
            let diagnostics = validation.diagnostics.iter();
            diagnostics
                .filter(|diagnostic| diagnostic.severity == severity)
                .count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        Self {
            is_valid: match strict {
                true => validation.is_strictly_valid(),
                false => validation.is_valid(),
            },
            errors,
            warnings,
        }
    }
}

fn describe(validation: &Validation, verdict: &Verdict, path: &str, page: &mut Page) {
    let locale = page.look().locale;
    for diagnostic in &validation.diagnostics {
        page.block(Style::Plain, "", &diagnostic.render(locale));
    }
    if !page.is_empty() {
        page.blank();
    }
    let skill = validation
        .manifest
        .as_ref()
        .map_or_else(|| "none".to_owned(), |manifest| manifest.id().to_string());
    let (key, style) = match verdict.is_valid {
        true => ("validate-valid", Style::Good),
        false => ("validate-invalid", Style::Bad),
    };
    let text = Text::new(key)
        .with("skill", skill)
        .with("path", path)
        .with("errors", verdict.errors)
        .with("warnings", verdict.warnings);
    page.say_styled(style, &text);
}
