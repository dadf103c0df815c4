# What agents read over MCP.

mcp-instructions = Skills on this machine, each run in a sandbox with the permissions its user granted. A tool SKILL_METHOD runs one function of one skill. skill_search finds skills by what they do, skill_describe tells a skill's functions and their arguments, and skill_run runs any function. An error begins with a code and says what to do next; what only the user can allow, ask the user for.
mcp-search = Finds skills by what they do, the best first. Use it when no listed tool fits the task.
mcp-search-query = What is wanted, in a few words.
mcp-search-limit = How many at most.
mcp-describe = Tells what a skill does, its functions with the schemas of their arguments and results, and which of its permissions are granted.
mcp-describe-skill = The skill's name, or NAME@RANGE for one of its versions.
mcp-run = Runs a function of a skill and returns its result.
mcp-run-skill = The skill's name, or NAME@RANGE for one of its versions.
mcp-run-method = The function's name.
mcp-run-arguments = The arguments by name, as skill_describe tells them.
mcp-deprecated = Deprecated: { $message }
mcp-shortened = The result has { $bytes } bytes, of which these are the first { $shown }. The whole of it is the resource { $uri }.
mcp-cut = The result has { $bytes } bytes, of which these are the first { $shown }. The rest is too large to be kept.
