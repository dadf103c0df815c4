//! `mcp skills`, `mcp skill`, `mcp install-skill`: skills that other MCP servers offer.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::OfferDetails;
use mycelium_protocol::control::OfferReport;
use mycelium_protocol::control::OfferRequest;
use mycelium_protocol::control::OfferWish;
use mycelium_protocol::control::OfferedSkill;
use mycelium_types::Digest;
use mycelium_types::ExitStatus;
use mycelium_types::Locale;

use crate::arguments::OfferOptions;
use crate::error::Error;
use crate::render::Page;
use crate::render::Style;
use crate::render::Table;
use crate::render::Text;
use crate::session::Session;
use crate::session::answer;

/// What the digest in an approval begins with.
const SHA256: &str = "sha256:";

pub(super) fn list(server: &str, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let server = server.to_owned();
    let report = answer!(session.request(Command::Offers { server })?, Offers);
    session
        .output
        .result(&report, |page| describe_all(&report, page))?;
    Ok(ExitStatus::Success)
}

pub(super) fn show(
    server: &str,
    skill: &str,
    session: &mut Session<'_>,
) -> Result<ExitStatus, Error> {
    let command = Command::Offer {
        server: server.to_owned(),
        skill: skill.to_owned(),
    };
    let details = *answer!(session.request(command)?, Offer);
    session
        .output
        .result(&details, |page| describe(&details, page))?;
    Ok(ExitStatus::Success)
}

pub(super) fn take(options: &OfferOptions, session: &mut Session<'_>) -> Result<ExitStatus, Error> {
    let wish = match &options.approve {
        Some(approval) => OfferWish::Install(approved(approval)?),
        None => OfferWish::Remove,
    };
    let command = Command::TakeOffer(OfferRequest {
        server: options.server.clone(),
        skill: options.skill.clone(),
        name: options.name.clone(),
        wish,
    });
    let outcome = answer!(session.request(command)?, OfferTaken);
    session.output.result(&outcome, |page| {
        let what = match (outcome.installed, outcome.changed) {
            (true, true) => "installed",
            (true, false) => "there",
            (false, true) => "removed",
            (false, false) => "absent",
        };
        let text = Text::new("offer-taken")
            .with("what", what)
            .with("skill", &outcome.skill)
            .with("server", &outcome.server)
            .with("folder", outcome.folder.display());
        page.say(&text);
        if let Some(place) = &outcome.hidden_by {
            let text = Text::new("offer-hidden")
                .with("skill", &outcome.skill)
                .with("server", &outcome.server)
                .with("place", place);
            page.say(&text);
        }
    })?;
    Ok(ExitStatus::Success)
}

fn approved(text: &str) -> Result<Digest, Error> {
    let digits = text.strip_prefix(SHA256).unwrap_or(text);
    let unusable = || Error::usage(Text::new("usage-approval").render(Locale::default()));
    digits.parse().map_err(|_| unusable())
}

fn describe_all(report: &OfferReport, page: &mut Page) {
    let locale = page.look().locale;
    if report.skills.is_empty() {
        page.say(&Text::new("offers-empty").with("server", &report.server));
        return;
    }
    let head = Text::new("offers-head");
    let names = ["name", "files", "bytes", "state", "about"];
    let mut table = Table::new(names.map(|name| head.attribute(name, locale)));
    for skill in &report.skills {
        table.row([
            skill.name.clone(),
            skill.files.len().to_string(),
            bytes(skill).to_string(),
            state(skill).render(locale),
            skill
                .refused
                .clone()
                .unwrap_or_else(|| skill.description.clone()),
        ]);
    }
    table.add_to(page);
}

fn describe(details: &OfferDetails, page: &mut Page) {
    let locale = page.look().locale;
    let skill = &details.skill;
    let text = Text::new("offer-about")
        .with("skill", &skill.name)
        .with("server", &details.server)
        .with("state", state(skill).render(locale));
    page.say(&text);
    page.block(Style::Plain, "  ", &skill.description);
    page.blank();
    let head = Text::new("offer-files-head");
    let names = ["path", "bytes", "digest"];
    let mut table = Table::new(names.map(|name| head.attribute(name, locale)));
    for file in &skill.files {
        let digest = format!("{SHA256}{}", file.digest);
        table.row([file.path.clone(), file.size.to_string(), digest]);
    }
    table.add_to(page);
    page.blank();
    page.block(Style::Plain, "  ", &details.text);
    if let Some(approval) = &skill.approval {
        page.blank();
        let text = Text::new("offer-approve")
            .with("server", &details.server)
            .with("skill", &skill.name)
            .with("approval", format!("{SHA256}{approval}"));
        page.say(&text);
    }
}

fn bytes(skill: &OfferedSkill) -> u64 {
    skill.files.iter().map(|file| file.size).sum()
}

fn state(skill: &OfferedSkill) -> Text {
    let state = match &skill.refused {
        Some(_) => "refused",
        None => skill.state.as_str(),
    };
    Text::new("offer-state").with("state", state)
}
