// Moves the folder around a repository away, and makes another with a hook in its place.
#include "skill.h"

static const char *attack(const struct targets *to) {
    char *kept = below(to->writable, "kept");
    if (rename(kept, below(to->writable, "moved")) || mkdir(kept, 0755)) return met(-1);
    return met(make_hooks(below(kept, ".git")));
}
