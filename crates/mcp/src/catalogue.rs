//! The tools of a workspace.

use std::collections::HashMap;

use mycelium_protocol::control::SkillSelector;
use mycelium_protocol::control::ToolPrefix;
use mycelium_runtime::ExportedFunction;
use mycelium_runtime::ExportedSkill;
use mycelium_types::Locale;
use mycelium_types::Message;
use mycelium_types::printable;
use rmcp::model::Tool;
use rmcp::model::ToolAnnotations;

use crate::fixed;
use crate::name::Names;
use crate::schema;
use crate::schema::Shape;
use crate::schema::Wrapping;

/// The longest description of a tool, in characters: clients cut what is longer.
const MAX_DESCRIPTION: usize = 1024;

/// The tools of a workspace's skills, in the order of skills and their manifests.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    tools: Vec<Tool>,
    calls: HashMap<String, SkillTool>,
}

/// What a tool stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SkillTool {
    pub(crate) skill: SkillSelector,
    pub(crate) method: String,
    pub(crate) shape: Shape,
    pub(crate) wrapping: Wrapping,
    /// Whether the tool promises an object of a certain shape.
    pub(crate) promises: bool,
}

impl Catalogue {
    pub(crate) fn new(skills: &[ExportedSkill], prefix: &ToolPrefix) -> Self {
        let mut names = Names::behind(prefix, &fixed::NAMES);
        let mut catalogue = Self::default();
        for skill in skills {
            for function in skill.functions() {
                let name = names.give(skill.manifest().name.as_str(), &function.export.name);
                catalogue.tools.push(tool(name.clone(), skill, function));
                catalogue.calls.insert(name, SkillTool::of(skill, function));
            }
        }
        catalogue
    }

    pub(crate) fn tools(&self) -> &[Tool] {
        &self.tools
    }

    pub(crate) fn call(&self, name: &str) -> Option<&SkillTool> {
        self.calls.get(name)
    }
}

impl SkillTool {
    pub(crate) fn of(skill: &ExportedSkill, function: ExportedFunction<'_>) -> Self {
        Self {
            skill: skill.manifest().name.clone().into(),
            method: function.export.name.clone(),
            shape: Shape::of(function),
            wrapping: Wrapping::of(function),
            promises: schema::output(function).is_some(),
        }
    }
}

fn tool(name: String, skill: &ExportedSkill, function: ExportedFunction<'_>) -> Tool {
    let input = Shape::of(function).schema(function);
    let mut tool = Tool::new(name, description(skill, function), input).with_title(format!(
        "{}: {}",
        skill.manifest().name,
        printable(&function.export.name)
    ));
    if let Some(output) = schema::output(function) {
        tool = tool.with_raw_output_schema(output.into());
    }
    tool.with_annotations(
        ToolAnnotations::new()
            .read_only(function.export.read_only)
            .destructive(function.export.destructive)
            .idempotent(skill.manifest().idempotent),
    )
}

/// What the function does, and the skill it is of.
pub(crate) fn description(skill: &ExportedSkill, function: ExportedFunction<'_>) -> String {
    let manifest = skill.manifest();
    let own = function.export.description.as_ref();
    let own = own.or_else(|| function.signature?.description.as_ref());
    let skill_text = printable(&manifest.description);
    let mut text = match own {
        Some(own) => format!("{} ({}: {skill_text})", printable(own), manifest.name),
        None => format!("{}. {skill_text}", printable(&function.export.name)),
    };
    if let Some(deprecation) = &manifest.deprecated {
        let note = Message::new("mcp-deprecated").with("message", printable(&deprecation.message));
        text = format!("{} {text}", note.render(Locale::default()));
    }
    match text.char_indices().nth(MAX_DESCRIPTION - 1) {
        Some((end, _)) if text.len() > end + 1 => format!("{}…", &text[..end]),
        _ => text,
    }
}
