//! `validate`: check a skill before anybody uses it.

use mycelium_runtime::Validation;
use mycelium_types::Diagnostic;
use mycelium_types::ErrorCode;
use mycelium_types::ExitStatus;
use mycelium_types::Severity;
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
    let context = session.surroundings.context(session.settings);
    let runtime = InProcess::start(session.surroundings)?;
    let validation = runtime.validate(&context, &path);
    runtime.shut_down();
    let validation = validation?;
    let verdict = Verdict::of(&validation.diagnostics, options.strict);
    let value = json!({
        "path": path,
        "valid": verdict.is_valid,
        "manifest": validation.manifest,
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

struct Verdict {
    is_valid: bool,
    errors: usize,
    warnings: usize,
}

impl Verdict {
    fn of(diagnostics: &[Diagnostic], strict: bool) -> Self {
        let count = |severity| {
            diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.severity == severity)
                .count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        Self {
            is_valid: errors == 0 && (warnings == 0 || !strict),
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
