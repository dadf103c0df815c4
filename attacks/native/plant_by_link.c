// Makes a folder with a hook that has another name, and a link to it called `.git`.
#include "skill.h"

static const char *attack(const struct targets *to) {
    if (make_hooks(below(to->writable, "empty/plain")) < 0) return met(-1);
    return met(symlink("plain", below(to->writable, "empty/.git")));
}
