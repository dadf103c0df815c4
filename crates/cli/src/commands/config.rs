//! `config`: show or change the configuration.

mod secrets;

use std::path::Path;

use mycelium_config::ConfigError;
use mycelium_config::Configuration;
use mycelium_config::ConfigurationFiles;
use mycelium_config::Setting;
use mycelium_config::parse_value;
use mycelium_config::set_value;
use mycelium_config::unset_value;
use mycelium_types::ErrorReport;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;
use serde_json::Value;
use serde_json::json;

use crate::arguments::ConfigAction;
use crate::arguments::ConfigLayer;
use crate::arguments::Format;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Table;
use crate::render::Text;
use crate::render::result_text;
use crate::session::Session;

pub(super) fn run(action: ConfigAction, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let files =
        ConfigurationFiles::standard(&session.surroundings.workspace, &session.surroundings.home);
    match action {
        ConfigAction::List { secrets: true, .. } => secrets::list(session),
        ConfigAction::List { show_origin, .. } => list(show_origin, &files, session),
        ConfigAction::Get { key } => get(&key, &files, session),
        ConfigAction::Set {
            secret: Some(name), ..
        } => secrets::set(&name, session),
        ConfigAction::Unset {
            secret: Some(name), ..
        } => secrets::unset(&name, session),
        ConfigAction::Set {
            key, value, layer, ..
        } => {
            // Both are there unless there is the name of a secret.
            let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
            let file = file_of(layer, &files);
            let value = parse_value(&key, &value);
            set_value(file, &key, &value).map_err(report)?;
            let text = Text::new("config-set")
                .with("key", &key)
                .with("value", result_text(&value))
                .with("file", file.display());
            let json = json!({ "key": key, "value": value, "file": file });
            session.output.result(&json, |page| page.say(&text))?;
            Ok(ExitStatus::Success)
        }
        ConfigAction::Unset { key, layer, .. } => {
            let key = key.unwrap_or_default();
            let file = file_of(layer, &files);
            let changed = unset_value(file, &key).map_err(report)?;
            let name = match changed {
                true => "config-unset",
                false => "config-not-set",
            };
            let text = Text::new(name)
                .with("key", &key)
                .with("file", file.display());
            let json = json!({ "key": key, "changed": changed, "file": file });
            session.output.result(&json, |page| page.say(&text))?;
            Ok(ExitStatus::Success)
        }
        ConfigAction::Path => {
            let json = json!({
                "system": files.system,
                "user": files.user,
                "project": files.project,
            });
            session
                .output
                .result(&json, |page| describe_files(&files, page))?;
            Ok(ExitStatus::Success)
        }
    }
}

fn file_of(layer: ConfigLayer, files: &ConfigurationFiles) -> &Path {
    match layer {
        ConfigLayer::User => &files.user,
        ConfigLayer::Project => &files.project,
    }
}

fn report(error: ConfigError) -> Error {
    ErrorReport::from(error).into()
}

/// Loads the configuration as the runtime would, and says what is wrong with it.
fn load(files: &ConfigurationFiles, session: &mut Session<'_>) -> Result<Configuration, Error> {
    let context = session.surroundings.context(session.settings);
    let folders = &session.surroundings.folders;
    let reading = mycelium_runtime::read_configuration(&context, folders, &files.system)?;
    if session.output.format() == Format::Human && !reading.diagnostics.is_empty() {
        let locale = session.output.locale();
        session.output.say(|page| {
            for diagnostic in &reading.diagnostics {
                page.block(Style::Plain, "", &diagnostic.render(locale));
            }
        });
    }
    Ok(reading.configuration)
}

fn list(
    show_origin: bool,
    files: &ConfigurationFiles,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let settings = load(files, session)?.settings();
    let locale = session.output.locale();
    let values: Vec<_> = settings
        .iter()
        .map(|setting| value(setting, locale))
        .collect();
    session
        .output
        .result(&json!({ "settings": values }), |page| {
            describe(&settings, show_origin, page);
        })?;
    Ok(ExitStatus::Success)
}

fn get(
    key: &str,
    files: &ConfigurationFiles,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let settings = load(files, session)?.settings();
    let Some(setting) = settings.iter().find(|setting| setting.key == key) else {
        let diagnostics = Vec::new();
        let key = key.to_owned();
        return Err(report(ConfigError::UnknownKey { key, diagnostics }));
    };
    session.output.result(setting, |page| {
        page.line(result_text(&setting.value));
    })?;
    Ok(ExitStatus::Success)
}

/// A value that an environment variable went into may be a secret: lists leave it out.
fn is_hidden(setting: &Setting) -> bool {
    !setting.origin.interpolated.is_empty()
}

fn value(setting: &Setting, locale: Locale) -> Value {
    let value = match is_hidden(setting) {
        true => Value::Null,
        false => setting.value.clone(),
    };
    json!({
        "key": setting.key,
        "value": value,
        "hidden": is_hidden(setting),
        "origin": setting.origin,
        "from": setting.origin.describe(locale),
    })
}

fn describe(settings: &[Setting], show_origin: bool, page: &mut Page) {
    let locale = page.look().locale;
    let head = Text::new("config-table");
    let mut names = vec!["key", "value"];
    names.extend(show_origin.then_some("origin"));
    let mut table = Table::new(names.iter().map(|name| head.attribute(name, locale)));
    for setting in settings {
        let value = match is_hidden(setting) {
            true => Text::new("config-hidden").render(locale),
            false => result_text(&setting.value),
        };
        let mut cells = vec![setting.key.clone(), value];
        cells.extend(show_origin.then(|| setting.origin.describe(locale)));
        table.row(cells);
    }
    table.add_to(page);
}

fn describe_files(files: &ConfigurationFiles, page: &mut Page) {
    let locale = page.look().locale;
    let head = Text::new("config-files");
    let names = ["layer", "exists", "file"];
    let mut table = Table::new(names.iter().map(|name| head.attribute(name, locale)));
    for (layer, file) in [
        ("system", &files.system),
        ("user", &files.user),
        ("project", &files.project),
    ] {
        let exists = match file.exists() {
            true => "yes",
            false => "no",
        };
        table.row([
            layer.to_owned(),
            head.attribute(exists, locale),
            file.display().to_string(),
        ]);
    }
    table.add_to(page);
}

#[cfg(test)]
mod tests {
    use mycelium_config::Layer;
    use mycelium_config::Origin;

    use super::*;
    use crate::render::Look;

    #[test]
    fn what_may_be_a_secret_is_not_listed() {
        let setting = |key: &str, value: Value, interpolated: &[&str]| Setting {
            key: key.into(),
            value,
            origin: Origin {
                file: Some("/w/.claude/skills.json".into()),
                interpolated: interpolated.iter().map(|name| (*name).to_owned()).collect(),
                ..Origin::of_layer(Layer::Project)
            },
        };
        let settings = [
            setting("security.maxMemoryMB", json!(500), &[]),
            setting("skills.x.token", json!("s3cret"), &["TOKEN"]),
        ];
        let mut page = Page::new(Look::default());
        describe(&settings, true, &mut page);
        insta::assert_snapshot!(page.render(), @r"
        KEY                   VALUE     ORIGIN
        security.maxMemoryMB  500       /w/.claude/skills.json
        skills.x.token        (hidden)  /w/.claude/skills.json (with TOKEN from the environment)
        ");
        let json = value(&settings[1], Locale::EnUs);
        assert!(!json.to_string().contains("s3cret"));
        assert_eq!(json["hidden"], true);
    }
}
