#!/bin/sh
# Opens or closes the session of Mycelium that goes with Claude Code's. Standard input says which one that is.
# It never gets into the agent's way: without the program, or when it fails, the agent goes on. Why it failed is on
# standard error, which Claude Code keeps in its debug log.
command -v mycelium >/dev/null || exit 0
mycelium session "$1" --hook || exit 0
