//! Questions to the person, asked through the agent: may a skill have what it asks for?
//!
//! The answer counts like one to `mycelium trust`, because the same person gives it: whoever speaks here came over the
//! person's own socket or with the person's token, and the agent promises to show the question and to answer nothing by
//! itself. Nobody is asked where anybody may be the agent, in a workspace that is not trusted, or where the configuration
//! says no (`mcp.askPermissions`). An answer is bound to the content whose permissions were shown.

use std::collections::HashMap;
use std::collections::HashSet;
use std::io;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use mycelium_protocol::control::Answer;
use mycelium_protocol::control::DenialReason;
use mycelium_protocol::control::PermissionInfo;
use mycelium_protocol::control::SkillInfo;
use mycelium_protocol::control::SkillSelector;
use mycelium_protocol::control::TrustRequest;
use mycelium_types::Digest;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::is_unprintable;
use rmcp::Peer;
use rmcp::RoleServer;
use rmcp::model::CallToolRequestParams;
use rmcp::model::ElicitRequest;
use rmcp::model::ElicitRequestParams;
use rmcp::model::ElicitResult;
use rmcp::model::ElicitationAction;
use rmcp::model::ElicitationSchema;
use rmcp::model::InputRequest;
use rmcp::model::InputRequests;
use rmcp::model::InputRequiredResult;
use rmcp::model::ProtocolVersion;
use serde_json::json;
use tokio::time::Instant;

use crate::catalogue::SkillTool;
use crate::view::View;
use crate::view::lock;

/// How long a person has to answer.
const PATIENCE: Duration = Duration::from_secs(300);
/// Questions that wait for an answer, at once.
const MAX_OPEN: usize = 256;
/// Questions that were not answered, which are not asked again in their sessions.
const MAX_DECLINED: usize = 1_024;
/// More than this are not shown, and so nobody is asked.
const MAX_PERMISSIONS: usize = 32;
/// The longest text of a skill that is shown, in characters.
const MAX_TEXT: usize = 400;
/// Stands where a text goes on.
const CUT: char = '…';
/// What the question is called among those of one answer.
const QUESTION: &str = "permissions";
/// Random bytes of the name of an open question.
const HANDLE_BYTES: usize = 16;

/// The questions of all agents at one address or connection.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    /// By the handle that the agent sends back.
    open: Mutex<HashMap<String, Open>>,
    /// Sessions, and the contents about which they did not answer.
    declined: Mutex<HashSet<(String, Digest)>>,
}

/// A question that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    workspace: PathBuf,
    skill: SkillSelector,
    digest: Digest,
    asked: Instant,
}

/// Who asks the person about one call.
pub(crate) struct Asker {
    peer: Peer<RoleServer>,
    way: Way,
}

/// How a revision lets a server ask.
enum Way {
    /// By a request of its own, until 2025-11-25.
    Request,
    /// By an answer that asks for the same request again with more, since 2026-07-28.
    Again {
        /// The handle of a question, and the answer to it.
        answered: Option<(String, ElicitResult)>,
    },
}

/// What came of it.
pub(crate) enum Consent {
    /// There is an answer, which a new attempt meets.
    Answered,
    /// The answer comes with the next request.
    Awaited(InputRequiredResult),
    /// There is none.
    Withheld,
}

impl Asker {
    /// For an agent that says it can ask its person to fill in a form.
    pub(crate) fn of(
        context: &rmcp::service::RequestContext<RoleServer>,
        request: &mut CallToolRequestParams,
    ) -> Option<Self> {
        let elicitation = context.client_capabilities()?.elicitation?;
        if elicitation.form.is_none() && elicitation.url.is_some() {
            return None;
        }
        let version = context.protocol_version();
        let is_stateless =
            version.is_some_and(|it| it.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
        let way = match is_stateless {
            false => Way::Request,
            true => {
                let handle = request.request_state.take();
                let mut responses = request.input_responses.take().unwrap_or_default();
                let response = responses.remove(QUESTION);
                let response = response.and_then(|it| serde_json::from_value(it).ok());
                Way::Again {
                    answered: handle.zip(response),
                }
            }
        };
        Some(Self {
            peer: context.peer.clone(),
            way,
        })
    }

    /// Asks whether the skill of `tool` may have what it asks for, and keeps the answer.
    ///
    /// # Errors
    /// When the skill is broken or changed meanwhile, or the answer cannot be kept.
    pub(crate) async fn ask(&self, view: &View, tool: &SkillTool) -> Result<Consent, ErrorReport> {
        let Some(questions) = &view.questions else {
            return Ok(Consent::Withheld);
        };
        if !view.runtime.agents_may_ask(&view.context).await? {
            return Ok(Consent::Withheld);
        }
        let _one_at_a_time = view.asking.lock().await;
        let info = view.runtime.info(&view.context, &tool.skill).await?;
        let declined = (view.context.session.clone(), info.digest);
        if info.answer.is_some() {
            // Another call asked meanwhile.
            return Ok(Consent::Answered);
        }
        if lock(&questions.declined).contains(&declined) {
            return Ok(Consent::Withheld);
        }
        let Some(form) = form(&info, &tool.method) else {
            return Ok(Consent::Withheld);
        };
        let question = Open {
            workspace: view.context.workspace.clone(),
            skill: tool.skill.clone(),
            digest: info.digest,
            asked: Instant::now(),
        };
        let result = match &self.way {
            Way::Request => {
                let asked = self
                    .peer
                    .create_elicitation_with_timeout(form, Some(PATIENCE));
                match asked.await {
                    Ok(result) => result,
                    Err(error) => {
                        tracing::info!(%error, "an agent did not ask its person");
                        return Ok(Consent::Withheld);
                    }
                }
            }
            Way::Again { answered } => match answered {
                Some((handle, result)) if questions.close(handle, &question) => result.clone(),
                Some(_) | None => return Ok(questions.open(question, form)),
            },
        };
        let Some(answer) = said(&result) else {
            questions.decline(declined);
            return Ok(Consent::Withheld);
        };
        let request = TrustRequest::Skill {
            skill: tool.skill.clone(),
            digest: info.digest,
            answer,
        };
        view.runtime.trust(&view.context, request).await?;
        Ok(Consent::Answered)
    }
}

impl Questions {
    /// Keeps a question until its answer comes.
    fn open(&self, question: Open, form: ElicitRequestParams) -> Consent {
        let Ok(handle) = handle() else {
            return Consent::Withheld;
        };
        let mut open = lock(&self.open);
        open.retain(|_, known| known.asked.elapsed() < PATIENCE);
        if open.len() >= MAX_OPEN {
            return Consent::Withheld;
        }
        open.insert(handle.clone(), question);
        let request = InputRequest::Elicitation(ElicitRequest::new(form));
        let requests = InputRequests::from([(QUESTION.to_owned(), request)]);
        Consent::Awaited(InputRequiredResult::new(Some(requests), Some(handle)))
    }

    /// Whether the handle is of this very question, which can be answered once and not for ever.
    fn close(&self, handle: &str, question: &Open) -> bool {
        let Some(known) = lock(&self.open).remove(handle) else {
            return false;
        };
        known.asked.elapsed() < PATIENCE
            && (&known.workspace, &known.skill, known.digest)
                == (&question.workspace, &question.skill, question.digest)
    }

    fn decline(&self, declined: (String, Digest)) {
        let mut all = lock(&self.declined);
        if all.len() >= MAX_DECLINED {
            all.clear();
        }
        all.insert(declined);
    }
}

/// What the person chose, if they did.
fn said(result: &ElicitResult) -> Option<Answer> {
    if result.action != ElicitationAction::Accept {
        return None;
    }
    match result.content.as_ref()?.get("answer")?.as_str()? {
        "once" => Some(Answer::Once),
        "always" => Some(Answer::Granted),
        "never" => Some(Answer::Refused),
        _ => None,
    }
}

/// The question, if everything that it is about can be shown, and an answer would make a difference.
fn form(info: &SkillInfo, method: &str) -> Option<ElicitRequestParams> {
    let is_asked = |asked: &PermissionInfo| {
        let mut denials = asked.denials.iter();
        denials.any(|denial| denial.reason == DenialReason::NotGranted)
    };
    if info.permissions.len() > MAX_PERMISSIONS || !info.permissions.iter().any(is_asked) {
        return None;
    }
    let text = |message: Message| message.render(Locale::default());
    let mut lines = vec![text(
        Message::new("trust-skill")
            .with("method", shown(method))
            .with("skill", &info.summary.id)
            .with("source", shown(&info.summary.source.to_string())),
    )];
    for permission in &info.permissions {
        let words = shown(&permission.permission);
        if words.ends_with(CUT) {
            return None;
        }
        lines.push(format!("- {words}"));
        let risk = Message::new("info-risk")
            .with("risk", permission.risk.as_str())
            .with("what", text(Message::new(permission.asked.risk_key())));
        lines.push(format!("  {}", text(risk)));
        if permission.reads_tls {
            lines.push(format!("  {}", text(Message::new("info-reads-tls"))));
        }
        if let Some(reason) = &permission.reason {
            let reason = Message::new("info-reason").with("reason", shown(reason));
            lines.push(format!("  {}", text(reason)));
        }
    }
    let schema = json!({
        "type": "object",
        "properties": {
            "answer": {
                "type": "string",
                "title": text(Message::new("mcp-consent-title")),
                "description": text(Message::new("mcp-consent-choice")),
                "enum": ["once", "always", "never"],
            },
        },
        "required": ["answer"],
    });
    let requested_schema: ElicitationSchema = serde_json::from_value(schema).ok()?;
    Some(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: lines.join("\n"),
        requested_schema,
    })
}

/// A text of a skill's, on one line and of bounded length.
fn shown(text: &str) -> String {
    let visible = |c: char| if is_unprintable(c) { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(MAX_TEXT).map(visible).collect();
    if text.chars().nth(MAX_TEXT).is_some() {
        shown.push(CUT);
    }
    shown
}

/// A name that nobody guesses.
fn handle() -> io::Result<String> {
    let mut random = [0; HANDLE_BYTES];
    fs_err::File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn question(content: &[u8]) -> Open {
        Open {
            workspace: "/w".into(),
            skill: "tool".parse().unwrap(),
            digest: Digest::of(content),
            asked: Instant::now(),
        }
    }

    fn opened(questions: &Questions, question: Open) -> Option<String> {
        let form = ElicitRequestParams::FormElicitationParams {
            meta: None,
            message: String::new(),
            requested_schema: serde_json::from_value(json!({"type": "object", "properties": {}}))
                .unwrap(),
        };
        match questions.open(question, form) {
            Consent::Awaited(result) => result.request_state,
            Consent::Answered | Consent::Withheld => None,
        }
    }

    /// The same question, asked too long ago.
    fn old(question: Open) -> Open {
        let asked = question.asked.checked_sub(PATIENCE).unwrap();
        Open { asked, ..question }
    }

    #[test]
    fn a_question_is_answered_once_in_time_and_about_what_was_shown() {
        let questions = Questions::default();
        let handle = opened(&questions, question(b"a")).unwrap();
        assert!(!questions.close("forged", &question(b"a")));
        assert!(questions.close(&handle, &question(b"a")));
        assert!(!questions.close(&handle, &question(b"a")), "a second time");

        let handle = opened(&questions, question(b"a")).unwrap();
        assert!(!questions.close(&handle, &question(b"changed")));

        let handle = opened(&questions, old(question(b"a"))).unwrap();
        assert!(!questions.close(&handle, &question(b"a")), "too late");
    }

    #[test]
    fn old_questions_make_room_and_new_ones_wait_for_it() {
        let questions = Questions::default();
        assert!(opened(&questions, old(question(b"a"))).is_some());
        for _ in 0..MAX_OPEN {
            assert!(opened(&questions, question(b"a")).is_some());
        }
        assert!(opened(&questions, question(b"a")).is_none());
    }

    #[test]
    fn only_a_choice_is_an_answer() {
        let result = |action, content: Value| ElicitResult::new(action).with_content(content);
        let accepted = |word: &str| {
            said(&result(
                ElicitationAction::Accept,
                json!({ "answer": word }),
            ))
        };
        assert_eq!(accepted("once"), Some(Answer::Once));
        assert_eq!(accepted("always"), Some(Answer::Granted));
        assert_eq!(accepted("never"), Some(Answer::Refused));
        assert_eq!(accepted("yes"), None);
        for content in [json!(null), json!({}), json!({"answer": true}), json!([])] {
            assert_eq!(said(&result(ElicitationAction::Accept, content)), None);
        }
        assert_eq!(said(&ElicitResult::new(ElicitationAction::Accept)), None);
        for action in [ElicitationAction::Decline, ElicitationAction::Cancel] {
            assert_eq!(said(&result(action, json!({"answer": "always"}))), None);
        }
    }

    #[test]
    fn what_a_skill_says_cannot_look_like_the_question() {
        let text = shown(&format!("x\n\u{1b}[2Jonce: yes{}", "y".repeat(1_000)));
        assert!(!text.contains(['\n', '\u{1b}']), "{text:?}");
        assert!(text.chars().count() <= MAX_TEXT + 1);
    }
}
