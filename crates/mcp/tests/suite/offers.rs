//! Servers that offer skills, and that give something else than they list.

use mycelium_mcp::ServerPool;
use mycelium_runtime::ServerClient as _;
use mycelium_types::ErrorCode;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;

use super::remote::json_body;
use super::remote::result;
use super::remote::target;
use super::remote::usual;
use super::web::Asked;
use super::web::Reply;
use super::web::Web;

const URI: &str = "skill://pdf/SKILL.md";

/// A server that lists `skill`, and answers to a read with `contents`.
async fn offering(skill: Value, contents: Value) -> Web {
    Web::start(move |asked: &Asked| match asked.body["method"].as_str() {
        Some("server/discover") => {
            let found = json!({
                "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"resources": {}, "extensions": {"io.modelcontextprotocol/skills": {}}},
                "serverInfo": {"name": "fake", "version": "2"},
            });
            answer(asked, &found)
        }
        Some("skills/list") => answer(asked, &json!({
            "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "skills": [skill],
        })),
        Some("resources/read") => answer(asked, &json!({
            "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "contents": contents,
        })),
        _ => usual(asked),
    })
    .await
}

fn answer(asked: &Asked, found: &Value) -> Reply {
    json_body(200, &result(asked, found))
}

fn skill(resources: Value) -> Value {
    json!({
        "uri": URI,
        "frontmatter": {"name": "pdf", "description": "Reads", "version": 2},
        "resources": resources,
    })
}

fn listed(text: &str) -> Value {
    let digest = sha2::Sha256::digest(text.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    json!([{"uri": URI, "digest": format!("sha256:{digits}"), "size": text.len()}])
}

#[tokio::test]
async fn a_file_is_what_the_list_says_or_an_error() {
    for (contents, is_kept) in [
        (json!([{"uri": URI, "text": "abc"}]), true),
        (json!([{"uri": URI, "blob": "YWJj"}]), true),
        (json!([{"uri": URI, "text": "abd"}]), false),
        (json!([{"uri": URI, "text": "abcd"}]), false),
        (json!([{"uri": URI, "blob": "?"}]), false),
        (json!([{"uri": "skill://pdf/other", "text": "abc"}]), false),
        (
            json!([{"uri": URI, "text": "abc"}, {"uri": URI, "text": "abc"}]),
            false,
        ),
        (json!([]), false),
    ] {
        let pool = ServerPool::new();
        let web = offering(skill(listed("abc")), contents.clone()).await;
        let mut skills = pool.skills(target(&web)).await.unwrap();
        let skill = skills.remove(0);
        assert_eq!(skill.front_matter["version"], 2);
        let reads = |web: &Web| {
            web.asked()
                .iter()
                .filter(|asked| asked.body["method"] == "resources/read")
                .count()
        };
        assert_eq!(reads(&web), 0, "to list reads nothing");
        match pool.skill_file(target(&web), skill.files[0].clone()).await {
            Ok(bytes) => assert!(is_kept && bytes == b"abc", "{contents}"),
            Err(error) => {
                assert!(
                    !is_kept && error.code == ErrorCode::ServerInvalid,
                    "{contents}: {error}"
                );
            }
        }
        pool.close().await;
    }
}

#[tokio::test]
async fn skills_that_cannot_be_checked_say_why_and_others_offer_none() {
    let pool = ServerPool::new();
    let web = offering(skill(json!("dynamic")), json!([])).await;
    let skills = pool.skills(target(&web)).await.unwrap();
    assert!(skills[0].refused.is_some() && skills[0].files.is_empty());
    let unlisted = offering(
        json!({"uri": URI, "frontmatter": {"name": "pdf", "description": "Reads"}}),
        json!([]),
    )
    .await;
    let error = pool.skills(target(&unlisted)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ServerInvalid);
    let without = Web::start(usual).await;
    assert_eq!(pool.skills(target(&without)).await, Ok(Vec::new()));
    pool.close().await;
}
