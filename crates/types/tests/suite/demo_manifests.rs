//! The manifests of the specification's demo load as they are.

use mycelium_types::Author;
use mycelium_types::CallStyle;
use mycelium_types::DependencyKind;
use mycelium_types::EngineChoice;
use mycelium_types::FileAccess;
use mycelium_types::Manifest;
use mycelium_types::Permission;
use mycelium_types::PermissionRequest;

const HELLO_WORLD: &str = r#"{
  "name": "hello-world",
  "version": "1.0.0",
  "description": "A simple greeting skill demonstrating infrastructure capabilities",
  "author": "Mycelium Team",
  "license": "MIT",
  "dependencies": {
    "lodash": "^4.17.21"
  },
  "permissions": [
    {
      "type": "filesystem",
      "paths": ["./output"],
      "access": "write"
    }
  ],
  "entrypoint": "index.js",
  "exports": ["greet", "farewellAsync"]
}
"#;

const FAULTY_SKILL: &str = r#"{
  "name": "faulty-skill",
  "version": "1.0.0",
  "description": "A skill that demonstrates error handling",
  "entrypoint": "index.js",
  "exports": ["willFail", "willTimeout"]
}
"#;

const MALICIOUS_SKILL: &str = r#"{
  "name": "malicious-skill",
  "version": "1.0.0",
  "description": "Attempts unauthorized access",
  "entrypoint": "index.js",
  "exports": ["readSensitiveFile"],
  "permissions": []
}
"#;

fn load(text: &str) -> Manifest {
    let reading = Manifest::read(text.as_bytes(), "skill.json");
    assert_eq!(reading.diagnostics, []);
    reading.manifest.unwrap()
}

#[test]
fn hello_world_has_all_it_says() {
    let manifest = load(HELLO_WORLD);
    assert_eq!(manifest.id().to_string(), "hello-world@1.0.0");
    assert_eq!(
        manifest.author,
        Some(Author {
            name: "Mycelium Team".into(),
            email: None,
            url: None
        })
    );
    assert_eq!(manifest.license.as_deref(), Some("MIT"));
    assert_eq!(manifest.dependencies.len(), 1);
    assert_eq!(manifest.dependencies[0].name, "lodash");
    assert_eq!(manifest.dependencies[0].range, "^4.17.21");
    assert_eq!(manifest.dependencies[0].kind, DependencyKind::Npm);
    assert_eq!(
        manifest.permissions,
        [PermissionRequest {
            permission: Permission::Filesystem {
                paths: vec!["./output".into()],
                access: FileAccess::Write
            },
            reason: None,
        }]
    );
    assert_eq!(manifest.entrypoint.to_str(), Some("index.js"));
    let exports: Vec<_> = manifest
        .exports
        .iter()
        .map(|export| (export.name.as_str(), export.call))
        .collect();
    assert_eq!(
        exports,
        [
            ("greet", CallStyle::Positional),
            ("farewellAsync", CallStyle::Positional)
        ]
    );
}

#[test]
fn faulty_and_malicious_skills_load_with_defaults() {
    let faulty = load(FAULTY_SKILL);
    assert_eq!((faulty.author, faulty.license), (None, None));
    assert_eq!(faulty.permissions, []);
    assert_eq!(faulty.engine, EngineChoice::Auto);
    assert_eq!(load(MALICIOUS_SKILL).permissions, []);
}

#[test]
fn what_is_read_survives_our_own_wire() {
    let manifest = load(HELLO_WORLD);
    let wire = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&wire).unwrap(), manifest);
}
