// Makes settings of an agent where there are none.
#include "skill.h"

static const char *attack(const struct targets *to) {
    if (mkdir(below(to->writable, ".claude"), 0755)) return met(-1);
    return met(make_file(below(to->writable, ".claude/settings.json")));
}
