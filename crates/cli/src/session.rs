//! One command's hold on everything it works with.

use mycelium_protocol::control::Command;
use mycelium_protocol::control::InvalidSelector;
use mycelium_protocol::control::Reply;
use mycelium_protocol::control::SkillSelector;
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
}

impl Session<'_> {
    /// Asks the runtime one thing and shows what happens meanwhile.
    ///
    /// # Errors
    /// What the runtime answers, or why it cannot be asked.
    pub(crate) fn request(&mut self, command: Command) -> Result<Reply, Error> {
        let output = &mut *self.output;
        self.transport
            .request(self.surroundings, self.settings, command, &mut |event| {
                output.event(&event);
            })
    }

    /// Reads which skill is meant. A text that can be no skill's name is a skill that is not found.
    ///
    /// # Errors
    /// `SKILL_NOT_FOUND` with the nearest name there is, or `USAGE` for a bad range.
    pub(crate) fn selector(&mut self, text: &str) -> Result<SkillSelector, Error> {
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
