// Makes a list of servers that an agent starts where there is none.
#include "skill.h"

static const char *attack(const struct targets *to) {
    return met(make_file(below(to->writable, ".mcp.json")));
}
