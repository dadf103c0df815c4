// Puts a hook into a repository that is in the granted folder.
#include "skill.h"

static const char *attack(const struct targets *to) {
    return met(make_file(below(to->writable, "kept/.git/hooks/post-checkout")));
}
