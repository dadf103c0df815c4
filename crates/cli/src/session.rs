//! One command's hold on everything it works with.

use std::path::PathBuf;

use mycelium_protocol::control::Command;
use mycelium_protocol::control::InvalidSelector;
use mycelium_protocol::control::Reply;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillSelector;
use mycelium_runtime::read_package;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::nearest;
use mycelium_types::printable;

use crate::arguments::Settings;
use crate::client::Surroundings;
use crate::client::Transport;
use crate::error::Error;
use crate::render::Output;

/// Takes the expected kind of answer apart.
macro_rules! answer {
    ($reply:expr, $kind:ident) => {
        match $reply {
            ::mycelium_protocol::control::Reply::$kind(content) => content,
            other => return Err($crate::session::unexpected(&other)),
        }
    };
}
pub(crate) use answer;

/// One command's hold on everything it works with.
pub(crate) struct Session<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) output: &'a mut Output,
    /// Outlives the command: a shell's instances stay from one line to the next.
    pub(crate) transport: &'a mut Transport,
    /// The package that the command is about, if it is.
    pub(crate) package: Option<NamedPackage>,
}

/// A `.skill` package that was named instead of a skill.
pub(crate) struct NamedPackage {
    /// As it was typed.
    pub(crate) typed: String,
    path: PathBuf,
    digest: Digest,
}

impl NamedPackage {
    /// Makes the package known to a request. What it keeps between calls is not shared with a skill of the same name
    /// that comes from elsewhere, nor with another content.
    fn join(&self, context: RequestContext) -> RequestContext {
        RequestContext {
            session: format!("{}/{}", context.session, self.digest.short()),
            package: Some(self.path.clone()),
            ..context
        }
    }
}

impl Session<'_> {
    /// Asks the runtime one thing and shows what happens meanwhile.
    ///
    /// # Errors
    /// What the runtime answers, or why it cannot be asked.
    pub(crate) fn request(&mut self, command: Command) -> Result<Reply, Error> {
        let output = &mut *self.output;
        let context = self.surroundings.context(self.settings);
        let context = match &self.package {
            Some(package) => package.join(context),
            None => context,
        };
        self.transport.request(
            self.surroundings,
            self.settings,
            context,
            command,
            &mut |event| output.event(&event),
        )
    }

    /// Reads which skill is meant: a name, or a file that is a package. Any other text that can be no skill's name is a
    /// skill that is not found.
    ///
    /// # Errors
    /// `SKILL_NOT_FOUND` with the nearest name there is, `USAGE` for a bad range, or why the package cannot be used.
    pub(crate) fn selector(&mut self, text: &str) -> Result<SkillSelector, Error> {
        if text.ends_with(".skill") {
            let path = self.surroundings.directory.join(text);
            let (id, digest) = read_package(&path)?;
            self.package = Some(NamedPackage {
                typed: text.to_owned(),
                path,
                digest,
            });
            return Ok(id.name.into());
        }
        match text.parse() {
            Ok(selector) => Ok(selector),
            Err(InvalidSelector::Range(reason)) => Err(Error::usage(format!("{reason}."))),
            Err(InvalidSelector::Name { .. }) => {
                let wanted = text.split('@').next().unwrap_or_default();
                let skills = answer!(self.request(Command::List)?, Skills);
                let names = skills.iter().map(|skill| skill.id.name.as_str());
                let suggestion = nearest(wanted, names).unwrap_or("none");
                let report = ErrorReport::new(ErrorCode::SkillNotFound)
                    .with("skill", printable(wanted))
                    .with("suggestion", suggestion);
                Err(report.into())
            }
        }
    }
}

/// The error for an answer to another question.
pub(crate) fn unexpected(reply: &Reply) -> Error {
    // The answer's kind is enough; its content may be large.
    let kind = serde_json::to_value(reply)
        .ok()
        .and_then(|value| Some(value.get("reply")?.as_str()?.to_owned()))
        .unwrap_or_default();
    ErrorReport::internal(format!("the runtime answered `{kind}` to another question")).into()
}
