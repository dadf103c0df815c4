//! The library as a program uses it that has skills of its own, blocking.

use mycelium_runtime::blocking;
use mycelium_runtime::control::Arguments;
use mycelium_runtime::control::ExecRequest;
use mycelium_runtime::control::SearchRequest;
use mycelium_runtime::control::SkillSelector;
use mycelium_runtime::registry::Registration;
use mycelium_runtime::types::ErrorCode;
use mycelium_runtime::types::SkillSource;
use mycelium_runtime::types::SkillState;
use serde_json::json;

use super::world::World;

#[test]
fn a_program_registers_looks_up_verifies_runs_and_forgets_a_skill() {
    let world = World::new();
    let runtime = blocking::SkillRuntime::new(world.options("library")).unwrap();
    let context = world.context("program");
    let selector: SkillSelector = "own".parse().unwrap();
    let unknown = runtime.lookup(&context, &selector).unwrap_err();
    assert_eq!(unknown.code, ErrorCode::SkillNotFound);

    // In no folder that is searched.
    let folder = world.root().join("elsewhere/own");
    fs_err::create_dir_all(&folder).unwrap();
    let manifest = json!({
        "name": "own", "version": "1.2.0", "description": "The program's own.",
        "entrypoint": "index.js", "exports": ["hello"],
    });
    fs_err::write(folder.join("skill.json"), manifest.to_string()).unwrap();
    fs_err::write(folder.join("index.js"), "exports.hello = () => 'hello'").unwrap();
    let checked = runtime.validate(&context, &folder).unwrap();
    assert_eq!(checked.diagnostics, []);
    let own = Registration {
        manifest: checked.manifest.unwrap(),
        source: SkillSource::Folder { path: folder },
    };
    runtime.register(&context, vec![own]).unwrap();

    let record = runtime.lookup(&context, &selector).unwrap();
    assert_eq!(record.version().to_string(), "1.2.0");
    let versions = runtime.versions(&context, record.name()).unwrap();
    assert_eq!(versions, [record.version().clone()]);
    let verified = runtime.verify(&context, &selector).unwrap();
    assert_eq!(verified.manifest().name, *record.name());
    let found = runtime.search(
        &context,
        SearchRequest {
            text: Some("program".to_owned()),
            ..SearchRequest::default()
        },
    );
    assert_eq!(found.unwrap()[0].id, record.id());

    assert_eq!(runtime.state(&context, &selector), Ok(SkillState::Unloaded));
    let events = world.events();
    let changed = runtime.activate(&context, &selector, &events).unwrap();
    assert_eq!(changed.state, SkillState::Active);
    assert_eq!(runtime.state(&context, &selector), Ok(SkillState::Active));
    let request = ExecRequest {
        skill: selector.clone(),
        method: "hello".to_owned(),
        args: Arguments::Positional(Vec::new()),
        timeout_seconds: None,
        correlation_id: None,
        agent: None,
    };
    let report = runtime.execute(&context, request, &events);
    assert_eq!(report.outcome, Ok(json!("hello")));
    assert_eq!(runtime.metrics(&context).unwrap().calls.count, 1);
    assert_eq!(runtime.processes().unwrap().instances.len(), 1);
    runtime.deactivate(&context, &selector, &events).unwrap();
    assert_eq!(
        runtime.state(&context, &selector),
        Ok(SkillState::Deactivated)
    );
    runtime.unload_all(&context, &events).unwrap();
    assert_eq!(runtime.processes().unwrap().instances, []);

    assert_eq!(runtime.unregister(&context, record.name(), None), Ok(1));
    assert!(runtime.lookup(&context, &selector).is_err());
    runtime.shutdown();
}
