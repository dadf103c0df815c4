// Makes a file that a shell runs when its person enters the folder.
#include "skill.h"

static const char *attack(const struct targets *to) {
    return met(make_file(below(to->writable, "empty/.envrc")));
}
