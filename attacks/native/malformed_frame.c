// Sends something that is no message.
#include "skill.h"

static const char *attack(const struct targets *to) {
    say("hello", 5);
    return wait_for_end();
}
