// Moves a list of its own over such a list.
#include "skill.h"

static const char *attack(const struct targets *to) {
    char *other = below(to->writable, "kept/other.json");
    if (make_file(other) < 0) return met(-1);
    return met(rename(other, below(to->writable, "kept/.mcp.json")));
}
