//! The known skills of a workspace: where they are looked for, and how they are shown.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use mycelium_config::PluginRoots;
use mycelium_config::skill_roots;
use mycelium_loader::embedded_manifests as embedded;
use mycelium_protocol::control;
use mycelium_protocol::control::SearchRequest;
use mycelium_protocol::control::SkillSummary;
use mycelium_registry::Discovery;
use mycelium_registry::IgnoreFile;
use mycelium_registry::Registration;
use mycelium_registry::Registry;
use mycelium_registry::Root;
use mycelium_registry::RootKind;
use mycelium_registry::SearchQuery;
use mycelium_registry::SkillRecord;
use mycelium_registry::Verdict;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use mycelium_types::Locale;
use mycelium_types::SkillId;
use mycelium_types::SkillSource;
use mycelium_types::Version;

use crate::Folders;
use crate::claude::ClaudeView;
use crate::servers::offer_roots;
use crate::workspace::Workspace;

/// Hits when a search does not say how many.
const DEFAULT_HITS: usize = 50;

/// The registry of a workspace, which knows the embedded skills and nothing else yet.
///
/// All workspaces share one file: it keeps manifests by the folder they were read from.
pub(crate) fn open(folders: &Folders) -> Registry {
    let registry = Registry::open(&folders.state.join("registry.db"));
    registry.register(embedded().into_iter().map(|manifest| Registration {
        source: SkillSource::Embedded {
            name: manifest.name.clone(),
        },
        manifest,
    }));
    registry
}

/// What a discovery found, and where it looked.
pub(crate) struct Found {
    discovery: Discovery,
    roots: Vec<PathBuf>,
    claude: ClaudeView,
}

/// A path that leads to a skill, whether or not that is the one of its name that is used here.
pub(crate) struct Sighting<'f> {
    /// The path, which may be another one than the record's.
    pub(crate) path: &'f Path,
    /// The plugin that it belongs to.
    pub(crate) plugin: Option<&'f str>,
    pub(crate) record: &'f SkillRecord,
}

impl Found {
    /// All that leads to skills, in the order in which it was looked at.
    pub(crate) fn sightings(&self) -> Vec<Sighting<'_>> {
        let mut records = HashMap::new();
        for record in self.discovery.found.iter() {
            match &record.source {
                SkillSource::Folder { path } | SkillSource::Package { path } => {
                    records.insert(path.as_path(), record);
                }
                SkillSource::Embedded { .. } => {}
            }
        }
        let mut sightings = Vec::new();
        for candidate in &self.discovery.candidates {
            let path = candidate.path.as_path();
            let place = match &candidate.verdict {
                Verdict::Seen { first } => first.as_path(),
                _ => path,
            };
            if let Some(&record) = records.get(place) {
                sightings.push(Sighting {
                    path,
                    plugin: self.claude.plugins.plugin_of(path),
                    record,
                });
            }
        }
        sightings
    }
}

/// Looks for skills in the workspace's roots, or in `paths` instead.
pub(crate) fn discover(
    workspace: &Workspace,
    registry: &Registry,
    folders: &Folders,
    paths: &[PathBuf],
) -> Found {
    let mut claude = ClaudeView::default();
    let roots: Vec<Root> = if paths.is_empty() {
        claude = ClaudeView::read(workspace);
        configured_roots(workspace, &claude.plugins, folders)
    } else {
        let kind = |path: &Path| match path.starts_with(&workspace.path) {
            true => RootKind::Workspace,
            false => RootKind::User,
        };
        paths
            .iter()
            .map(|path| Root {
                path: path.clone(),
                kind: kind(path),
            })
            .collect()
    };
    let ignore = [IgnoreFile {
        path: workspace.path.join(".claude").join("skills-ignore"),
        base: workspace.path.clone(),
    }];
    Found {
        discovery: registry.discover(&roots, &ignore),
        roots: roots.into_iter().map(|root| root.path).collect(),
        claude,
    }
}

/// What the configuration says, after that the servers that the person wrapped, then what plugins bring, and last what was
/// installed from servers: it takes nobody's place.
fn configured_roots(workspace: &Workspace, plugins: &PluginRoots, folders: &Folders) -> Vec<Root> {
    let wrapped = Some(folders.wrapped_skills()).filter(|path| path.is_dir());
    let wrapped = wrapped.map(|path| Root {
        kind: RootKind::User,
        path,
    });
    let plugins = plugins.roots.iter().map(|root| Root {
        kind: RootKind::Plugin,
        path: root.path.clone(),
    });
    let offers = offer_roots(folders).into_iter().map(|path| Root {
        kind: RootKind::Server,
        path,
    });
    let (home, claude) = (&workspace.home, workspace.claude_home());
    skill_roots(&workspace.path, home, &claude, &workspace.configuration)
        .into_iter()
        .map(|root| Root {
            kind: match root.kind {
                mycelium_config::RootKind::Workspace => RootKind::Workspace,
                mycelium_config::RootKind::Configured if root.path.starts_with(&workspace.path) => {
                    RootKind::Workspace
                }
                mycelium_config::RootKind::Home | mycelium_config::RootKind::Configured => {
                    RootKind::User
                }
            },
            path: root.path,
        })
        .chain(wrapped)
        .chain(plugins)
        .chain(offers)
        .collect()
}

/// What was found, as clients see it.
pub(crate) fn report(
    found: Found,
    workspace: &Workspace,
    summary: impl Fn(&SkillRecord) -> SkillSummary,
) -> control::Discovery {
    let skills: HashMap<PathBuf, SkillId> = found
        .sightings()
        .into_iter()
        .map(|sighting| (sighting.path.to_owned(), sighting.record.id()))
        .collect();
    let discovery = found.discovery;
    let mut problems: Vec<_> = discovery.notes;
    problems.extend(
        discovery
            .problems
            .into_iter()
            .flat_map(|problem| problem.diagnostics),
    );
    let claude = found.claude;
    problems.extend(claude.settings.diagnostics);
    problems.extend(claude.plugins.diagnostics.iter().cloned());
    problems.extend(workspace.remarks.iter().cloned());
    control::Discovery {
        skills: discovery
            .skills
            .iter()
            .map(|record| summary(record))
            .collect(),
        new: discovery.new,
        problems,
        collisions: discovery
            .collisions
            .into_iter()
            .map(|collision| control::Collision {
                id: collision.loser,
                winner_version: collision.winner.version,
                winner: collision.winner_source,
                loser: collision.loser_source,
            })
            .collect(),
        candidates: discovery
            .candidates
            .into_iter()
            .map(|candidate| control::Candidate {
                plugin: claude.plugins.plugin_of(&candidate.path).map(str::to_owned),
                skill: skills.get(&candidate.path).cloned(),
                path: candidate.path,
                taken: candidate.verdict.is_taken(),
                reason: candidate.verdict.message().render(Locale::EnUs),
            })
            .collect(),
        roots: found.roots,
        milliseconds: discovery.duration.as_secs_f64() * 1000.0,
    }
}

/// The conditions of a search, understood.
pub(crate) fn query(request: SearchRequest) -> Result<SearchQuery, ErrorReport> {
    let version = |text: Option<String>| {
        text.map(|text| text.parse::<Version>())
            .transpose()
            .map_err(|error| ErrorReport::new(ErrorCode::Usage).with("reason", error))
    };
    Ok(SearchQuery {
        text: request.text,
        name: request.name,
        tags: request.tags,
        author: request.author,
        category: request.category,
        min_version: version(request.min_version)?,
        max_version: version(request.max_version)?,
        limit: match request.limit {
            0 => DEFAULT_HITS,
            limit => limit,
        },
    })
}
