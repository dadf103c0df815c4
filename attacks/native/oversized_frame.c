// Begins a frame of four gigabytes.
#include "skill.h"

static const char *attack(const struct targets *to) {
    say("", 0xfffffff0u);
    return wait_for_end();
}
