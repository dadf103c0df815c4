// Looks up a name that was not granted, which may tell its owner something.
#include "skill.h"
#include "network.h"

static const char *attack(const struct targets *to) {
    return look_up("127.0.0.1");
}
