// Asks another machine for the address of a name, which tells it the name.
#include "skill.h"
#include "network.h"

static const char *attack(const struct targets *to) {
    return look_up("192.0.2.53");
}
