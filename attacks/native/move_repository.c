// Moves the `.git` of such a repository away, to put its own in its place.
#include "skill.h"

static const char *attack(const struct targets *to) {
    return met(rename(below(to->writable, "kept/.git"), below(to->writable, "kept/aside")));
}
