//! All about one skill, told without running anything of it.

use std::sync::Arc;

use mycelium_policy::Evaluation;
use mycelium_policy::answer_to;
use mycelium_protocol::control::AnswerInfo;
use mycelium_protocol::control::DependencyInfo;
use mycelium_protocol::control::MethodInfo;
use mycelium_protocol::control::ParameterInfo;
use mycelium_protocol::control::PermissionInfo;
use mycelium_protocol::control::RequestContext;
use mycelium_protocol::control::SkillInfo;
use mycelium_protocol::control::SkillSelector;
use mycelium_protocol::control::WrappedInfo;
use mycelium_registry::SkillRecord;
use mycelium_types::ErrorReport;
use mycelium_types::Manifest;
use mycelium_types::Permission;
use mycelium_types::PermissionRequest;
use mycelium_types::SkillState;
use mycelium_types::Substitutions;

use crate::execution::breaker_key;
use crate::execution::breaker_rules;
use crate::inner::Inner;
use crate::inner::blocking;
use crate::lifecycle::Caller;
use crate::network;
use crate::skill_calls::FROM_OUTSIDE;
use crate::workspace::Workspace;

impl Inner {
    pub(crate) async fn info(
        self: &Arc<Self>,
        context: &RequestContext,
        skill: &SkillSelector,
    ) -> Result<SkillInfo, ErrorReport> {
        let workspace = self.workspace(context).await?;
        let record = self.find(&workspace, skill).await?;
        let versions = self.registry(&workspace).await?.versions(record.name());
        let events = self.silent();
        let caller = Caller {
            workspace: &workspace,
            session: &context.session,
            events: &events,
            correlation_id: "",
            observed: None,
            origin: &FROM_OUTSIDE,
        };
        let breaker = self
            .breakers()
            .await?
            .state(&breaker_key(&caller, &record), breaker_rules(&workspace));
        let mut summary = self.summary(&workspace, &context.session, &record);
        if summary.state == SkillState::Unloaded {
            // What follows reads and verifies it.
            summary.state = SkillState::Loaded;
        }
        let usage = self
            .instance_of(&caller, &record)
            .and_then(|instance| instance.gauges())
            .map_or_else(Vec::new, |gauges| gauges.read(gauges.worker.usage().ok()));
        let inner = Arc::clone(self);
        let session = context.session.clone();
        blocking(move || {
            let (verified, evaluation) = inner.launches.verify(&workspace, &record.source)?;
            let surface = verified.surface()?;
            let manifest = verified.manifest();
            let asked: Vec<_> = manifest
                .permissions
                .iter()
                .map(|request| &request.permission)
                .collect();
            let view = inner.claude_views.now(&workspace);
            let places = Substitutions {
                skill_folder: Some(verified.root()),
                project_folder: Some(&workspace.path),
                session: Some(&session),
                // The agent's own shells have it, as it is at that moment; servers are started once.
                effort: workspace
                    .environment
                    .get("CLAUDE_EFFORT")
                    .map(String::as_str),
                ..Substitutions::default()
            };
            let places = view.with_plugin(verified.root(), places);
            let instructions = verified.instructions()?.map(|text| places.fill(&text));
            Ok(SkillInfo {
                agent: manifest.agent.as_deref().cloned(),
                instructions,
                summary,
                versions,
                author: manifest.author.clone(),
                license: manifest.license.clone(),
                homepage: manifest.homepage.clone(),
                root: verified.root().to_owned(),
                digest: verified.digest(),
                engine: verified.engine().as_str().to_owned(),
                dependencies: inner.dependencies(&workspace, &record),
                permissions: permissions(
                    manifest,
                    network::reads_tls(&workspace, &verified),
                    &evaluation,
                    inner.uses.of(verified.root(), &asked),
                ),
                answer: answer_to(&workspace.answers.grants, manifest, verified.digest()).map(
                    |grant| AnswerInfo {
                        answer: grant.answer,
                        by: grant.by.clone(),
                        at_milliseconds: grant.at_milliseconds,
                    },
                ),
                granted_before: workspace
                    .answers
                    .granted_before(&manifest.name, verified.digest())
                    .map(|grant| grant.permissions.iter().map(ToString::to_string).collect()),
                server: verified.server().map(|server| WrappedInfo {
                    command: server.command_line(),
                    installation: server.installation.clone(),
                    variables: server.environment.keys().cloned().collect(),
                }),
                methods: surface
                    .functions
                    .iter()
                    .map(|function| MethodInfo {
                        name: function.name.clone(),
                        description: function.description.clone(),
                        parameters: function
                            .parameters
                            .iter()
                            .flatten()
                            .map(|parameter| ParameterInfo {
                                name: parameter.name.clone(),
                                type_name: parameter.type_name.clone(),
                            })
                            .collect(),
                        returns: function.returns.clone(),
                        schema: manifest
                            .export(&function.name)
                            .and_then(|export| export.parameters.clone()),
                    })
                    .collect(),
                hooks: surface.hooks,
                limits: evaluation.policy.limits,
                usage,
                breaker: breaker.as_str().to_owned(),
                diagnostics: record.remarks.to_vec(),
            })
        })
        .await
    }

    fn dependencies(&self, workspace: &Workspace, record: &SkillRecord) -> Vec<DependencyInfo> {
        let manifest = &record.manifest;
        let statuses = self.launches.resolver(workspace).status(
            &manifest.name,
            &manifest.dependencies,
            &workspace.lock_file(),
        );
        let statuses = statuses.unwrap_or_default();
        manifest
            .dependencies
            .iter()
            .map(|dependency| {
                let status = statuses
                    .iter()
                    .find(|status| status.name == dependency.name);
                DependencyInfo {
                    name: dependency.name.clone(),
                    range: dependency.range.clone(),
                    kind: dependency.kind.as_str().to_owned(),
                    resolved: status
                        .and_then(|status| status.resolved.as_ref())
                        .map(ToString::to_string),
                    cached: status.is_some_and(|status| status.cached),
                }
            })
            .collect()
    }
}

/// Each permission asked for, with the denials that are about it and when it was last used.
fn permissions(
    manifest: &Manifest,
    reads_tls: bool,
    evaluation: &Evaluation,
    last_uses: Vec<Option<u64>>,
) -> Vec<PermissionInfo> {
    manifest
        .permissions
        .iter()
        .zip(last_uses)
        .map(|(PermissionRequest { permission, reason }, last_used)| {
            let denials: Vec<_> = evaluation
                .policy
                .denials
                .iter()
                .filter(|denial| is_part(&denial.permission, permission))
                .cloned()
                .collect();
            PermissionInfo {
                permission: permission.to_string(),
                asked: permission.clone(),
                risk: permission.risk(),
                reason: reason.clone(),
                last_used_milliseconds: last_used,
                reads_tls: reads_tls && needs_to_be_read(permission),
                granted: denials.is_empty(),
                denials,
            }
        })
        .collect()
}

/// Whether a permission is about what only who reads a connection sees.
fn needs_to_be_read(permission: &Permission) -> bool {
    match permission {
        Permission::Secret { .. } => true,
        Permission::Network { methods, .. } => !methods.is_empty(),
        Permission::Filesystem { .. }
        | Permission::Process { .. }
        | Permission::Environment { .. }
        | Permission::Mcp { .. }
        | Permission::Skill { .. }
        | Permission::Git { .. }
        | Permission::Context { .. } => false,
    }
}

/// Whether a denied permission is the whole or a part of an asked one.
fn is_part(denied: &Permission, asked: &Permission) -> bool {
    let all = |some: &[String], of: &[String]| some.iter().all(|one| of.contains(one));
    match (denied, asked) {
        (
            Permission::Filesystem { paths, access },
            Permission::Filesystem {
                paths: of,
                access: asked,
            },
        ) => access == asked && all(paths, of),
        (
            Permission::Network { hosts, methods },
            Permission::Network {
                hosts: of,
                methods: asked,
            },
        ) => methods == asked && all(hosts, of),
        (
            Permission::Secret { names, hosts },
            Permission::Secret {
                names: of,
                hosts: asked,
            },
        ) => hosts == asked && all(names, of),
        (
            Permission::Mcp { servers, tools },
            Permission::Mcp {
                servers: of,
                tools: asked,
            },
        ) => tools == asked && all(servers, of),
        (Permission::Process { commands: some }, Permission::Process { commands: of })
        | (
            Permission::Environment { variables: some },
            Permission::Environment { variables: of },
        )
        | (Permission::Skill { skills: some }, Permission::Skill { skills: of })
        | (Permission::Context { fields: some }, Permission::Context { fields: of }) => {
            all(some, of)
        }
        _ => denied == asked,
    }
}
