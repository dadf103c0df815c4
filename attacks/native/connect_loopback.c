// Connects to a server on this machine, at a port that is granted for another host.
#include "skill.h"
#include "network.h"

static const char *attack(const struct targets *to) {
    return get("127.0.0.1", to->port);
}
