"""A server of the Python SDK over HTTP, at the port that it is told."""

import sys

from mcp.server import MCPServer

server = MCPServer("peer")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.resource("peer://note")
def note() -> str:
    """A note."""
    return "written in Python"


server.run("streamable-http", port=int(sys.argv[1]))
