// Makes a `.GIT` with a hook, which is the same where case does not count.
#include "skill.h"

static const char *attack(const struct targets *to) {
    return met(make_hooks(below(to->writable, "empty/.GIT")));
}
