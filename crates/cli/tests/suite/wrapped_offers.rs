//! What a wrapped server offers besides tools: functions of the skill that it is.

use serde_json::json;

use crate::suite::servers::servers_of_others;
use crate::suite::wrapped::exec;
use crate::suite::wrapped::words;
use crate::suite::wrapped::wrap;
use crate::support::Agent;
use crate::support::TestEnvironment;
use crate::support::sandbox_holds;

#[test]
fn resources_and_prompts_of_a_wrapped_server_are_read() {
    let Some(servers) = servers_of_others() else {
        return;
    };
    if !sandbox_holds() {
        return;
    }
    let test = TestEnvironment::new();
    let command = words(&servers, "everything", &[]);
    wrap(&test, "everything", &[], &command).expect(0);

    let listed = exec(&test, &["everything", "list_resources"]);
    let uri = listed["result"]["resources"][0]["uri"].as_str();
    let uri = uri.unwrap_or_else(|| panic!("{listed}"));
    let read = exec(
        &test,
        &["everything", "read_resource", &format!("uri={uri}")],
    );
    assert_eq!(
        read["result"]["content"][0]["resource"]["uri"], uri,
        "{read}"
    );
    let forms = exec(&test, &["everything", "list_resource_templates"]);
    assert!(forms["result"]["resourceTemplates"].is_array(), "{forms}");
    let prompts = exec(&test, &["everything", "list_prompts"]);
    assert!(prompts.to_string().contains("args-prompt"), "{prompts}");
    let arguments = json!({"name": "args-prompt", "arguments": {"city": "Delphi"}});
    let prompt = exec(&test, &["everything", "get_prompt", &arguments.to_string()]);
    assert!(prompt.to_string().contains("Delphi"), "{prompt}");

    let absent = exec(
        &test,
        &["everything", "read_resource", "uri=demo://nowhere"],
    );
    assert_eq!(absent["error"]["code"], "SKILL_EXECUTION_ERROR", "{absent}");
    let nothing = exec(&test, &["everything", "read_resource"]);
    assert_eq!(nothing["error"]["code"], "ARGUMENTS_INVALID", "{nothing}");

    let mut agent = Agent::greeted(&test);
    let read = agent.call("everything_read_resource", json!({"uri": uri}));
    let block = &read["content"][0];
    assert_eq!(block["type"], "resource", "{read}");
    assert_eq!(block["resource"]["uri"], uri, "{read}");
    let prompt = agent.call("everything_get_prompt", arguments);
    let said = prompt["content"][0]["text"].as_str().unwrap_or_default();
    assert!(said.contains("Delphi"), "{prompt}");
}
