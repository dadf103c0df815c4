// Sends half a frame and ends.
#include "skill.h"

static const char *attack(const struct targets *to) {
    say("{\"jsonrpc\":\"2.0\",", 100);
    abort();
}
