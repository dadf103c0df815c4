// Makes a `.git` with a hook where there is none.
#include "skill.h"

static const char *attack(const struct targets *to) {
    return met(make_hooks(below(to->writable, "empty/.git")));
}
