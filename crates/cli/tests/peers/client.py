"""A client that is written with the Python SDK of MCP: does what a test wants to know, and tells it as JSON."""

import json
import os
import sys

import anyio
import httpx2
import mcp
from mcp.client.streamable_http import streamable_http_client


def text(result):
    return result.content[0].text


async def talk(client, report):
    report["revision"] = client.protocol_version
    report["tools"] = [tool.name for tool in (await client.list_tools()).tools]
    report["greeting"] = text(await client.call_tool("peer_greet", {"name": "Ada"}))
    failed = await client.call_tool("peer_fail", {})
    report["failure"] = {"is_error": failed.is_error, "text": text(failed)}
    told = []

    async def hear(progress, total, message):
        told.append(message)

    await client.call_tool("peer_count", {}, progress_callback=hear)
    report["progress"] = told
    with anyio.CancelScope() as scope:

        async def leave(progress, total, message):
            scope.cancel()

        await client.call_tool("peer_wait", {}, progress_callback=leave)
    report["cancelled"] = scope.cancelled_caught
    report["after"] = text(await client.call_tool("peer_greet", {"name": "Eve"}))
    report["prompts"] = [prompt.name for prompt in (await client.list_prompts()).prompts]
    report["asked"] = text(await client.call_tool("asker_go", {}))


async def answer(context, params):
    return mcp.types.ElicitResult(action="accept", content={"answer": "once"})


async def main(given):
    report = {}
    options = {"mode": given["mode"], "elicitation_callback": answer}
    if "url" in given:
        headers = {"Authorization": "Bearer " + given["token"]}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(given["url"], http_client=http)
            async with mcp.Client(transport, **options) as client:
                await talk(client, report)
    else:
        command, *args = given["command"]
        server = mcp.StdioServerParameters(command=command, args=args, env=dict(os.environ))
        async with mcp.Client(server, **options) as client:
            await talk(client, report)
    print(json.dumps(report))


anyio.run(main, json.loads(sys.argv[1]))
