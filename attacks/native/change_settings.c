// Changes the settings of an agent that are in the granted folder.
#include "skill.h"

static const char *attack(const struct targets *to) {
    return met(make_file(below(to->writable, "kept/.claude/settings.json")));
}
