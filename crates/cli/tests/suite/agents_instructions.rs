//! Agent Skills over MCP: as prompts, as resources, and through the Skills extension.

use mycelium_types::Digest;
use serde_json::Value;
use serde_json::json;

use crate::support::Agent;
use crate::support::TestEnvironment;

const REVIEW: &str = "---\nname: review\ndescription: Reviews a change\narguments: [file, focus]\nargument-hint: FILE FOCUS\nversion: 2\n---\nReview $file for $focus in ${CLAUDE_SKILL_DIR}.\n";

fn environment() -> TestEnvironment {
    let test = TestEnvironment::new();
    test.file("skills/review/SKILL.md", REVIEW)
        .file("skills/review/references/a b.md", "# Notes")
        .file(
            "skills/plain/SKILL.md",
            "---\nname: plain\ndescription: Plain\n---\nDo it.\n",
        )
        .file(
            "skills/hidden/SKILL.md",
            "---\nname: hidden\ndescription: For agents\nuser-invocable: false\n---\nDo it.\n",
        )
        .file(
            "skills/odd/SKILL.md",
            "---\ndescription: Has no name\n---\nDo it.\n",
        )
        .skill("code", &["run"], "module.exports = { run() {} };");
    let data = test.workspace().join("skills/review/data.bin");
    fs_err::write(data, [0xff, 0, 1]).unwrap();
    test
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap();
    list.iter().map(|it| it["name"].as_str().unwrap()).collect()
}

#[test]
fn instructions_are_prompts_that_are_completed() {
    let test = environment();
    let mut agent = Agent::greeted(&test);
    let list = agent.ask("prompts/list", json!({}))["result"].clone();
    assert_eq!(names(&list["prompts"]), ["odd", "plain", "review"]);
    let review = &list["prompts"][2];
    assert_eq!(names(&review["arguments"]), ["file", "focus"]);
    assert_eq!(names(&list["prompts"][1]["arguments"]), ["arguments"]);

    let mut prompt = |name: &str, arguments: Value| {
        let answer = agent.ask("prompts/get", json!({"name": name, "arguments": arguments}));
        let text = &answer["result"]["messages"][0]["content"]["text"];
        text.as_str().map_or(answer.to_string(), str::to_owned)
    };
    let folder = test.workspace().join("skills/review");
    let text = prompt("review", json!({"file": "a.rs", "focus": "speed"}));
    assert_eq!(
        text,
        format!(
            "Base directory for this skill: {0}\n\nReview a.rs for speed in {0}.",
            folder.display()
        )
    );
    let text = prompt("plain", json!({"arguments": "one 'two three'"}));
    assert!(
        text.ends_with("Do it.\n\nARGUMENTS: one two three"),
        "{text}"
    );
    for unknown in ["hidden", "code", "../plain", ""] {
        assert!(prompt(unknown, json!({})).contains("-32602"), "{unknown}");
    }
}

#[test]
fn files_are_resources_with_the_digests_that_the_extension_tells() {
    let test = environment();
    let mut agent = Agent::greeted(&test);
    let list = agent.ask("resources/list", json!({}))["result"].clone();
    assert_eq!(
        names(&list["resources"]),
        ["hidden", "odd", "plain", "review"]
    );
    let templates = agent.ask("resources/templates/list", json!({}))["result"].clone();
    let template = &templates["resourceTemplates"][0]["uriTemplate"];
    assert_eq!(template, "skill://{skill}/{+path}");

    // One without a name of its own is no skill to hosts of the extension.
    let list = agent.ask("skills/list", json!({}))["result"].clone();
    let uris: Vec<_> = list["skills"].as_array().unwrap().iter().collect();
    let uris: Vec<_> = uris.iter().map(|it| it["uri"].as_str().unwrap()).collect();
    let expected = ["hidden", "plain", "review"].map(|name| format!("skill://{name}/SKILL.md"));
    assert_eq!(uris, expected);
    let uri = "skill://review/SKILL.md";
    let skill = agent.ask("skills/get", json!({"uri": uri}))["result"]["skill"].clone();
    assert_eq!(skill, list["skills"][2]);
    assert_eq!(
        skill["frontmatter"],
        json!({"name": "review", "description": "Reviews a change", "arguments": ["file", "focus"],
               "argument-hint": "FILE FOCUS", "version": 2})
    );
    let files = skill["resources"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    for file in files {
        let read = agent.ask("resources/read", json!({"uri": file["uri"]}))["result"].clone();
        let contents = &read["contents"][0];
        let bytes = match contents["text"].as_str() {
            Some(text) => text.as_bytes().to_vec(),
            None => {
                assert_eq!(contents["blob"], "/wAB");
                vec![0xff, 0, 1]
            }
        };
        assert_eq!(file["size"], bytes.len());
        assert_eq!(file["digest"], format!("sha256:{}", Digest::of(&bytes)));
    }
    assert_eq!(files[2]["uri"], "skill://review/references/a%20b.md");
}

#[test]
fn folders_are_read_and_nothing_outside_is() {
    let test = environment();
    test.file("secret.txt", "secret");
    let link = test.workspace().join("skills/review/link");
    fs_err::os::unix::fs::symlink("data.bin", link).unwrap();
    let mut agent = Agent::greeted(&test);
    let mut folder = |uri: &str| {
        let answer = agent.ask("resources/directory/read", json!({ "uri": uri }));
        match answer.get("error") {
            Some(error) => error["code"].to_string(),
            None => names(&answer["result"]["resources"]).join(" "),
        }
    };
    assert_eq!(
        folder("skill://review"),
        "SKILL.md data.bin link references"
    );
    assert_eq!(folder("skill://review/references/"), "a b.md");
    for none in [
        "skill://review/SKILL.md",
        "skill://review/..",
        "skill://nothing",
        "file:///etc",
    ] {
        assert_eq!(folder(none), "-32602", "{none}");
    }
    for outside in [
        "skill://review/../../secret.txt",
        "skill://review/%2e%2e/%2e%2e/secret.txt",
        "skill://review//etc/passwd",
        "skill://review/references",
        "skill://code/index.js",
        "file:///etc/passwd",
    ] {
        let answer = agent.ask("resources/read", json!({ "uri": outside }));
        assert_eq!(answer["error"]["code"], -32602, "{outside}: {answer}");
    }
}
