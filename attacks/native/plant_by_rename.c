// Makes a folder with a hook that has another name, and calls it `.git` when it is done.
#include "skill.h"

static const char *attack(const struct targets *to) {
    char *plain = below(to->writable, "empty/plain");
    if (make_hooks(plain) < 0) return met(-1);
    return met(rename(plain, below(to->writable, "empty/.git")));
}
