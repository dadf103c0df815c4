//! What happens while something runs, in the words of the parts that do it.

use mycelium_protocol::Audited;
use mycelium_protocol::Event;
use mycelium_protocol::LifecycleStep;
use mycelium_protocol::NetworkRequest;
use mycelium_protocol::Operation;
use mycelium_protocol::Violation;
use mycelium_types::SkillState;
use mycelium_types::Timestamp;
use mycelium_types::printable;

use super::Page;
use super::Style;
use super::Text;
use super::quantity;

/// The most characters of a call's arguments that are shown.
const MAX_ARGUMENTS: usize = 1000;

/// What an event is to the person at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What the skill itself prints: always shown.
    Console,
    /// Worth knowing: shown unless it should be quiet.
    Note,
    /// A bracketed line of a part of the runtime: shown when asked for.
    Component,
    /// A step of every call's ordinary course: shown only among everything.
    Course,
}

/// The kind of an event.
pub(super) fn kind(event: &Event) -> Kind {
    match event {
        Event::Console { .. } => Kind::Console,
        Event::Progress { .. } => Kind::Note,
        Event::Note { .. } => Kind::Note,
        Event::StateChanged { states, .. } if states.iter().all(|state| is_call(*state)) => {
            Kind::Course
        }
        Event::Used { .. } | Event::Needed { .. } => Kind::Course,
        Event::StateChanged { .. }
        | Event::Lifecycle { .. }
        | Event::DependenciesResolved { .. }
        | Event::SandboxCreated { .. }
        | Event::Executing { .. }
        | Event::Failed { .. }
        | Event::NetworkRequest(_)
        | Event::Violation(_)
        | Event::ViolationsOmitted { .. }
        | Event::Audited(_)
        | Event::LimitReached { .. }
        | Event::BreakerOpened { .. }
        | Event::BreakerRejected { .. }
        | Event::Retrying { .. }
        | Event::ReloadDetected { .. }
        | Event::Download { .. } => Kind::Component,
    }
}

/// Whether a skill is in the state between and during its calls.
fn is_call(state: SkillState) -> bool {
    matches!(
        state,
        SkillState::Ready | SkillState::Active | SkillState::Executing
    )
}

/// Adds an event's lines.
pub(super) fn describe(event: &Event, page: &mut Page) {
    match event {
        Event::Console { text, .. } => page.block(Style::Plain, "", text),
        Event::Note { key, args, .. } => {
            let note = args
                .iter()
                .fold(Text::new(key), |text, (name, value)| text.with(name, value));
            let note = note.render(page.look().locale);
            component(page, &Text::new("note").with("text", note));
        }
        Event::Lifecycle { skill, step } => component(
            page,
            &Text::new("event-lifecycle")
                .with("step", step_word(*step))
                .with("skill", skill),
        ),
        Event::StateChanged { skill, states } => {
            let states: Vec<_> = states.iter().map(|state| state.as_str()).collect();
            let text = Text::new("event-state").with("skill", skill);
            component(page, &text.with("states", states.join(" -> ")));
        }
        Event::Progress {
            skill,
            done,
            total,
            message,
        } => {
            let done = match total {
                Some(total) => format!("{done}/{total}"),
                None => done.to_string(),
            };
            let message = message.as_deref().unwrap_or("none");
            let text = Text::new("event-progress").with("skill", skill);
            page.say_styled(
                Style::Faint,
                &text.with("done", done).with("message", printable(message)),
            );
        }
        Event::DependenciesResolved {
            declared,
            milliseconds,
            ..
        } => component(
            page,
            &Text::new("event-dependencies")
                .with("declared", declared)
                .with("time", quantity::milliseconds(*milliseconds)),
        ),
        Event::SandboxCreated { limits, .. } => component(
            page,
            &Text::new("event-sandbox")
                .with("memory", limits.memory_mb)
                .with("cpu", limits.cpu_seconds),
        ),
        Event::Executing {
            skill,
            method,
            args,
        } => component(
            page,
            &Text::new("event-executing")
                .with("skill", skill)
                .with("method", method)
                .with("args", shortened(&args.to_string())),
        ),
        Event::Failed {
            skill,
            version,
            method,
            hook,
            message,
            stack,
        } => {
            let locale = page.look().locale;
            let text = Text::new("event-failed")
                .with("skill", skill)
                .with("version", version)
                .with("method", method.as_deref().unwrap_or_default())
                .with("hook", hook.map_or("", |hook| hook.as_str()))
                .with("message", message);
            component(page, &text);
            detail(page, &text.attribute("skill", locale));
            if method.is_some() {
                detail(page, &text.attribute("method", locale));
            }
            if hook.is_some() {
                detail(page, &text.attribute("hook", locale));
            }
            detail(page, &text.attribute("error", locale));
            if let Some(stack) = stack {
                add_stack(page, stack, message);
            }
        }
        Event::NetworkRequest(request) => describe_request(request, page),
        Event::Used {
            skill,
            operation,
            path,
        } => component(
            page,
            &Text::new("event-used")
                .with("skill", skill)
                .with("operation", operation.as_str())
                .with("path", path.display()),
        ),
        Event::Needed {
            skill,
            operation,
            what,
            ..
        } => component(
            page,
            &Text::new("event-needed")
                .with("skill", skill)
                .with("operation", operation.as_str())
                .with("what", what),
        ),
        Event::Violation(violation) => describe_violation(violation, page),
        Event::ViolationsOmitted {
            skill,
            refused,
            unjudged,
            ..
        } => {
            let text = Text::new("event-violations-omitted")
                .with("skill", skill)
                .with("refused", refused)
                .with("unjudged", unjudged);
            component(page, &text);
            let locale = page.look().locale;
            for (name, count) in [("refused", refused), ("unjudged", unjudged)] {
                if *count > 0 {
                    detail(page, &text.attribute(name, locale));
                }
            }
        }
        Event::Audited(audited) => describe_audited(audited, page),
        Event::LimitReached { limit, value, .. } => {
            let text = Text::new("event-limit")
                .with("limit", limit)
                .with("value", value);
            component(page, &text);
            let locale = page.look().locale;
            page.block(Style::Faint, "", &text.attribute("termination", locale));
        }
        Event::BreakerOpened { skill, failures } => component(
            page,
            &Text::new("event-breaker-opened")
                .with("skill", skill)
                .with("failures", failures),
        ),
        Event::BreakerRejected { skill, seconds } => component(
            page,
            &Text::new("event-breaker-rejected")
                .with("skill", skill)
                .with("seconds", seconds),
        ),
        Event::Retrying {
            skill,
            attempt,
            delay_milliseconds,
        } => component(
            page,
            &Text::new("event-retrying")
                .with("skill", skill)
                .with("attempt", attempt)
                .with("delay", delay_milliseconds),
        ),
        Event::ReloadDetected { skill } => {
            component(page, &Text::new("event-reload").with("skill", skill));
        }
        Event::Download {
            package,
            done,
            total,
            ..
        } => component(
            page,
            &Text::new("event-download")
                .with("package", package)
                .with("done", done)
                .with("total", total),
        ),
    }
}

/// Adds an error's stack, its first line after a label.
pub(super) fn add_stack(page: &mut Page, stack: &str, message: &str) {
    let mut lines = stack.trim_end().lines().peekable();
    // Some engines begin with the message, some with the first frame.
    let first = match lines.peek().map(|line| line.trim_start()) {
        Some(line) if !line.starts_with("at ") => lines.next().unwrap_or_default().trim(),
        Some(_) | None => message.lines().next().unwrap_or_default(),
    };
    let label = Text::new("error-stack").with("first", first);
    detail(page, &label.render(page.look().locale));
    for line in lines {
        page.block(Style::Faint, "    ", line.trim());
    }
}

fn describe_request(request: &NetworkRequest, page: &mut Page) {
    let locale = page.look().locale;
    let mut place = request.host.clone();
    if let Some(port) = request.port {
        place.push_str(&format!(":{port}"));
    }
    if let Some(path) = &request.path {
        place.push_str(path);
    }
    let what = request.method.as_ref().unwrap_or(&request.protocol);
    let text = Text::new("event-request")
        .with("what", what)
        .with("place", place)
        .with("verdict", request.verdict.as_str())
        .with("sent", request.bytes_sent)
        .with("received", request.bytes_received)
        .with("time", quantity::milliseconds(request.milliseconds));
    component(page, &text);
    if let Some(reason) = &request.reason {
        detail(
            page,
            &Text::new("event-request-reason")
                .with("reason", reason)
                .render(locale),
        );
    }
    for name in &request.given {
        let given = Text::new("event-request-given").with("name", name);
        detail(page, &given.render(locale));
    }
    for name in &request.withheld {
        let withheld = Text::new("event-request-withheld").with("name", name);
        detail(page, &withheld.render(locale));
    }
    if !request.unreadable.is_empty() {
        let text = Text::new("secret-unreadable")
            .with("names", request.unreadable.join(", "))
            .with("skill", &request.skill);
        detail(page, &text.render(locale));
    }
    if request.omitted > 0 {
        let omitted = Text::new("event-request-omitted").with("count", request.omitted);
        detail(page, &omitted.render(locale));
    }
}

fn describe_violation(violation: &Violation, page: &mut Page) {
    let locale = page.look().locale;
    let key = match violation.operation {
        Operation::Read | Operation::Write => "event-violation-file",
        Operation::Connect => "event-violation-network",
        Operation::Exec => "event-violation-process",
        Operation::Privilege => "event-violation-privilege",
        Operation::Call => "event-violation-call",
    };
    let allowed = match violation.allowed.is_empty() {
        true => Text::new("violation-allowed-none").render(locale),
        false => violation.allowed.join(", "),
    };
    let blocked = match violation.allowed.is_empty() {
        true => Text::new("violation-blocked-all"),
        false => Text::new("violation-blocked-rest"),
    };
    let blocked = blocked.with("operation", violation.operation.as_str());
    let text = Text::new(key)
        .with("skill", &violation.skill)
        .with("version", &violation.version)
        .with("attempted", &violation.attempted)
        .with("allowed", allowed)
        .with("blocked", blocked.render(locale));
    component(page, &text);
    for name in ["skill", "attempted", "allowed", "blocked"] {
        detail(page, &text.attribute(name, locale));
    }
    // Of files the specification says every line; the error has the permission.
    let is_file = matches!(violation.operation, Operation::Read | Operation::Write);
    let permission = violation.permission.as_ref().filter(|_| !is_file);
    if let Some(Ok(permission)) = permission.map(serde_json::to_string) {
        let text = Text::new("violation-permission").with("permission", permission);
        detail(page, &text.render(locale));
    }
}

fn describe_audited(audited: &Audited, page: &mut Page) {
    let locale = page.look().locale;
    let time = Timestamp::from_milliseconds(audited.timestamp_milliseconds);
    let text = Text::new("event-audit")
        .with("operation", audited.operation.as_str())
        .with("skill", &audited.skill)
        .with("path", audited.path.display())
        .with("time", format!("{time:.0}"));
    component(page, &text);
    for name in ["skill", "path", "timestamp"] {
        detail(page, &text.attribute(name, locale));
    }
}

fn component(page: &mut Page, text: &Text) {
    page.say_styled(Style::Faint, text);
}

fn detail(page: &mut Page, text: &str) {
    page.styled(Style::Faint, format!("  {text}"));
}

fn step_word(step: LifecycleStep) -> &'static str {
    match step {
        LifecycleStep::Loading => "loading",
        LifecycleStep::Initializing => "initializing",
        LifecycleStep::Activating => "activating",
        LifecycleStep::Deactivating => "deactivating",
        LifecycleStep::Unloading => "unloading",
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_ARGUMENTS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
