//! Skills that MCP servers offer: installed when exactly their files were approved, and otherwise not.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use mycelium_protocol::control::OfferOutcome;
use mycelium_protocol::control::OfferRequest;
use mycelium_protocol::control::OfferState;
use mycelium_protocol::control::OfferWish;
use mycelium_protocol::control::OfferedFile;
use mycelium_protocol::control::OfferedSkill;
use mycelium_protocol::control::ServerDescription;
use mycelium_protocol::control::ServerState;
use mycelium_runtime::ServerClient;
use mycelium_runtime::ServerFuture;
use mycelium_runtime::ServerTarget;
use mycelium_runtime::ToolCall;
use mycelium_types::Digest;
use mycelium_types::ErrorCode;
use mycelium_types::ErrorReport;
use serde_json::Value;
use serde_json::json;

use super::world::World;

const TEXT: &str = "---\nname: pdf\ndescription: Reads\n---\nRead it.\n";

/// A server with one skill, whose files are what their paths say.
struct Offering {
    skill: Mutex<OfferedSkill>,
    read: Mutex<Vec<String>>,
}

impl ServerClient for Offering {
    fn state(&self, _: &ServerTarget) -> ServerState {
        ServerState::Idle
    }

    fn describe(&self, _: ServerTarget) -> ServerFuture<'_, ServerDescription> {
        Box::pin(async { Ok(ServerDescription::default()) })
    }

    fn call(&self, _: ServerTarget, _: ToolCall) -> ServerFuture<'_, Value> {
        Box::pin(async { Ok(Value::Null) })
    }

    fn read(&self, _: ServerTarget, _: String) -> ServerFuture<'_, Vec<Value>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn templates(&self, _: ServerTarget) -> ServerFuture<'_, Vec<Value>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn changed(&self, _: ServerTarget, _: String, _: Duration) -> ServerFuture<'_, bool> {
        Box::pin(async { Ok(false) })
    }

    fn skills(&self, _: ServerTarget) -> ServerFuture<'_, Vec<OfferedSkill>> {
        Box::pin(async { Ok(vec![self.skill.lock().unwrap().clone()]) })
    }

    fn skill_file(&self, _: ServerTarget, file: OfferedFile) -> ServerFuture<'_, Vec<u8>> {
        self.read.lock().unwrap().push(file.path.clone());
        Box::pin(async move {
            match file.path.as_str() {
                "SKILL.md" => Ok(TEXT.as_bytes().to_vec()),
                "lie.md" => Err(ErrorReport::new(ErrorCode::ServerInvalid)
                    .with("server", "docs")
                    .with("reason", "it lies")),
                path => Ok(path.as_bytes().to_vec()),
            }
        })
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

fn file(path: &str) -> OfferedFile {
    OfferedFile {
        path: path.to_owned(),
        uri: format!("skill://pdf/{path}"),
        digest: Digest::of(path.as_bytes()),
        size: 3,
    }
}

fn world() -> (World, Arc<Offering>) {
    let world = World::new();
    let front_matter = json!({"name": "pdf", "description": "Reads"});
    let offering = Arc::new(Offering {
        skill: Mutex::new(OfferedSkill {
            name: "pdf".to_owned(),
            description: "Reads".to_owned(),
            uri: "skill://pdf/SKILL.md".to_owned(),
            front_matter: front_matter.as_object().unwrap().clone(),
            files: vec![file("SKILL.md"), file("a/b.md")],
            refused: None,
            approval: None,
            state: OfferState::New,
        }),
        read: Mutex::default(),
    });
    world.runtime.use_servers(offering.clone());
    let home = world.context("shell").home;
    let servers = json!({"mcpServers": {"docs": {"command": "docs"}}});
    fs_err::write(home.join(".claude.json"), servers.to_string()).unwrap();
    (world, offering)
}

async fn offered(world: &World) -> OfferedSkill {
    let report = world.runtime.offers(&world.context("shell"), "docs").await;
    report.unwrap().skills.remove(0)
}

async fn take(world: &World, wish: OfferWish) -> Result<OfferOutcome, ErrorReport> {
    take_as(world, None, wish).await
}

async fn take_as(
    world: &World,
    name: Option<&str>,
    wish: OfferWish,
) -> Result<OfferOutcome, ErrorReport> {
    let request = OfferRequest {
        server: "docs".to_owned(),
        skill: "pdf".to_owned(),
        name: name.map(|name| name.parse().unwrap()),
        wish,
    };
    let context = world.context("shell");
    world.runtime.take_offer(&context, request).await
}

async fn knows(world: &World) -> Option<String> {
    knows_of(world, "pdf").await
}

async fn knows_of(world: &World, skill: &str) -> Option<String> {
    let skill = skill.parse().unwrap();
    let info = world.runtime.info(&world.context("shell"), &skill).await;
    Some(info.ok()?.summary.description)
}

/// Why the skill's instructions are not read, if they are not.
async fn why_unread(world: &World) -> Option<ErrorCode> {
    let (context, skill) = (world.context("shell"), "pdf".parse().unwrap());
    let read = world.runtime.instructions(&context, &skill, &[]).await;
    match read {
        Ok(instructions) => {
            assert!(instructions.unwrap().text.contains("Read it."));
            None
        }
        Err(error) => Some(error.code),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_whose_name_is_taken_can_have_another() {
    let (world, _offering) = world();
    world.skill("pdf", json!({"exports": ["run"]}), "exports.run = () => 1;");
    world
        .runtime
        .discover(&world.context("shell"), Vec::new())
        .await
        .unwrap();
    let own = knows(&world).await;
    let approval = offered(&world).await.approval.unwrap();
    let install = OfferWish::Install(approval);
    let hidden = take(&world, install).await.unwrap();
    let place = hidden.hidden_by.unwrap();
    assert!(place.ends_with("skills/pdf"), "{place}");
    assert_eq!(knows(&world).await, own);
    take(&world, OfferWish::Remove).await.unwrap();

    // Nothing is put there for a name that is taken, too.
    let refused = take_as(&world, Some("pdf"), install).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Usage);
    assert_eq!(offered(&world).await.state, OfferState::New);
    let named = take_as(&world, Some("docs-pdf"), install).await.unwrap();
    assert_eq!((named.skill.as_str(), named.hidden_by), ("docs-pdf", None));
    assert_eq!(knows_of(&world, "docs-pdf").await.as_deref(), Some("Reads"));
    assert_eq!(knows(&world).await, own);
    let text = fs_err::read_to_string(named.folder.join("SKILL.md")).unwrap();
    assert_eq!(text, TEXT.replace("name: pdf", "name: \"docs-pdf\""));
    assert_eq!(offered(&world).await.state, OfferState::Installed);
    let again = take_as(&world, Some("docs-pdf"), install).await.unwrap();
    assert!(!again.changed);
    // It is held to what was approved by this name, too.
    fs_err::write(named.folder.join("a/b.md"), "another").unwrap();
    assert_eq!(offered(&world).await.state, OfferState::Changed);
    assert!(
        take_as(&world, Some("docs-pdf"), install)
            .await
            .unwrap()
            .changed
    );
    assert_eq!(offered(&world).await.state, OfferState::Installed);
    let removed = take_as(&world, Some("docs-pdf"), OfferWish::Remove)
        .await
        .unwrap();
    assert!(removed.changed && !removed.installed);
    assert_eq!(knows_of(&world, "docs-pdf").await, None);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_is_installed_and_removed() {
    let (world, offering) = world();
    let approval = offered(&world).await.approval.unwrap();
    assert!(
        offering.read.lock().unwrap().is_empty(),
        "to list reads nothing"
    );
    let context = world.context("shell");
    let details = world.runtime.offer(&context, "docs", "pdf").await.unwrap();
    assert_eq!(details.text, TEXT);
    assert_eq!(*offering.read.lock().unwrap(), ["SKILL.md"]);
    let outcome = take(&world, OfferWish::Install(approval)).await.unwrap();
    assert!(outcome.installed && outcome.changed);
    let read = |path: &str| fs_err::read_to_string(outcome.folder.join(path)).unwrap();
    assert_eq!(
        (read("SKILL.md").as_str(), read("a/b.md").as_str()),
        (TEXT, "a/b.md")
    );
    assert_eq!(knows(&world).await.as_deref(), Some("Reads"));
    let found = world.runtime.list(&context).await.unwrap();
    let pdf = found.iter().find(|skill| skill.id.name.as_str() == "pdf");
    assert_eq!(pdf.unwrap().offered_by.as_deref(), Some("docs"));
    assert_eq!(offered(&world).await.state, OfferState::Installed);
    assert!(
        !take(&world, OfferWish::Install(approval))
            .await
            .unwrap()
            .changed
    );

    // It is another one now: what was approved is not what would come.
    offering.skill.lock().unwrap().files.push(file("more.md"));
    assert_eq!(offered(&world).await.state, OfferState::Changed);
    let refused = take(&world, OfferWish::Install(approval))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::SkillChanged);
    assert!(refused.to_string().contains("docs"), "{refused}");

    // Its files are what was approved, or it is not used until that is installed again.
    let changed = outcome.folder.join("a/b.md");
    for change in ["other", "a/b.md"] {
        fs_err::write(&changed, change).unwrap();
        let error = why_unread(&world).await;
        match change {
            "a/b.md" => assert_eq!(error, None),
            _ => assert_eq!(error, Some(ErrorCode::SkillChanged)),
        }
    }
    fs_err::write(outcome.folder.join("more.md"), "more").unwrap();
    assert_eq!(why_unread(&world).await, Some(ErrorCode::SkillChanged));
    fs_err::remove_file(outcome.folder.join("more.md")).unwrap();

    // Somebody else's skill of that name keeps its place, also an older one.
    let own = world.workspace().join(".claude/skills/pdf");
    fs_err::create_dir_all(&own).unwrap();
    let text = TEXT.replace("Reads", "Own\nmetadata:\n  version: 0.0.0-old");
    fs_err::write(own.join("SKILL.md"), text).unwrap();
    let found = world.runtime.discover(&context, Vec::new()).await.unwrap();
    assert_eq!(found.collisions.len(), 1, "{:?}", found.collisions);
    assert_eq!(knows(&world).await.as_deref(), Some("Own"));
    fs_err::remove_dir_all(&own).unwrap();

    assert!(take(&world, OfferWish::Remove).await.unwrap().changed);
    assert!(!outcome.folder.exists());
    assert_eq!(knows(&world).await, None);
    assert!(!take(&world, OfferWish::Remove).await.unwrap().changed);
    world.runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_installed_of_a_skill_that_is_not_what_its_server_says() {
    let (world, offering) = world();
    let honest = offering.skill.lock().unwrap().clone();
    let lies: [fn(&mut OfferedSkill); 3] = [
        |skill| skill.files.push(file("lie.md")),
        |skill| {
            drop(
                skill
                    .front_matter
                    .insert("license".to_owned(), json!("MIT")),
            )
        },
        |skill| skill.refused = Some("it is too large".to_owned()),
    ];
    for lie in lies {
        let mut skill = honest.clone();
        lie(&mut skill);
        *offering.skill.lock().unwrap() = skill;
        let approval = offered(&world).await.approval;
        let wish = OfferWish::Install(approval.unwrap_or(Digest::of(b"")));
        let error = take(&world, wish).await.unwrap_err();
        let expected = match approval {
            Some(_) => ErrorCode::ServerInvalid,
            None => ErrorCode::SkillChanged,
        };
        assert_eq!(error.code, expected, "{error}");
        assert_eq!(knows(&world).await, None);
        assert_eq!(offered(&world).await.state, OfferState::New);
    }
    world.runtime.shutdown().await;
}
