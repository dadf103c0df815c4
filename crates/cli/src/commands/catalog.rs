//! `catalog`: what an agent sees of the Agent Skills.

use std::fmt::Write as _;

use mycelium_runtime::AgentCatalog;
use mycelium_runtime::Fit;
use mycelium_types::ExitStatus;
use mycelium_types::printable_path;
use serde_json::json;

use crate::arguments::CatalogFormat;
use crate::arguments::CatalogOptions;
use crate::arguments::Format;
use crate::client::InProcess;
use crate::error::Error;
use crate::render::Text;
use crate::session::Session;

/// How many collisions and omitted skills are named one by one.
const MOST_NAMED: usize = 10;

pub(super) fn run(
    options: &CatalogOptions,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let context = session.surroundings.context(session.settings);
    let agent = options.agent.agent();
    let runtime = InProcess::start(session.surroundings)?;
    let catalog = runtime.catalog(&context, agent, options.context);
    runtime.shut_down();
    let catalog = catalog?;
    let text = match (session.output.format(), options.format) {
        (Format::Json, _) | (Format::Human, CatalogFormat::Json) => {
            let value = json!({
                "schema_version": 1,
                "agent": options.agent.as_str(),
                "budget": catalog.budget,
                "used": catalog.used,
                "skills": catalog.skills,
                "omitted": catalog.omitted,
                "collisions": catalog.collisions,
                "unseen": catalog.unseen,
            });
            format!("{value}\n")
        }
        (Format::Human, CatalogFormat::Markdown) => markdown(&catalog),
        (Format::Human, CatalogFormat::Xml) => xml(&catalog),
    };
    session.output.plain(&text)?;
    tell(&catalog, session);
    Ok(ExitStatus::Success)
}

/// What does not reach the agent is no part of the list; it goes to standard error.
fn tell(catalog: &AgentCatalog, session: &mut Session<'_>) {
    let output = &mut session.output;
    for collision in catalog.collisions.iter().take(MOST_NAMED) {
        let text = Text::new("discover-collision")
            .with("skill", &collision.name)
            .with("winner", collision.winner.display())
            .with("loser", collision.loser.display());
        output.note(&text);
    }
    let more = catalog.collisions.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        output.note(&Text::new("catalog-collisions").with("count", more));
    }
    if !catalog.unseen.is_empty() {
        output.note(&Text::new("catalog-unseen").with("count", catalog.unseen.len()));
    }
    for (fit, key) in [
        (Fit::Capped, "catalog-capped"),
        (Fit::Shortened, "catalog-shortened"),
        (Fit::NameOnly, "catalog-name-only"),
    ] {
        let count = catalog.count(fit);
        if count > 0 {
            output.note(&Text::new(key).with("count", count));
        }
    }
    if !catalog.omitted.is_empty() {
        let named = catalog.omitted.iter().take(MOST_NAMED).cloned();
        let text = Text::new("catalog-omitted")
            .with("count", catalog.omitted.len())
            .with("names", named.collect::<Vec<_>>().join(", "));
        output.note(&text);
    }
    let text = Text::new("catalog-used")
        .with("count", catalog.skills.len())
        .with("used", catalog.used)
        .with("budget", catalog.budget);
    output.note(&text);
}

fn markdown(catalog: &AgentCatalog) -> String {
    let mut text = String::new();
    for entry in &catalog.skills {
        // Writing to a text cannot fail.
        let _ = match entry.description.as_str() {
            "" => writeln!(text, "- **{}**", entry.name),
            description => writeln!(text, "- **{}**: {description}", entry.name),
        };
    }
    text
}

/// The form that the Agent Skills specification suggests.
fn xml(catalog: &AgentCatalog) -> String {
    let mut text = String::from("<available_skills>\n");
    for entry in &catalog.skills {
        let _ = write!(
            text,
            "<skill>\n<name>{}</name>\n<description>{}</description>\n<location>{}</location>\n</skill>\n",
            escaped(&entry.name),
            escaped(&entry.description),
            escaped(&printable_path(&entry.location)),
        );
    }
    text.push_str("</available_skills>\n");
    text
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
