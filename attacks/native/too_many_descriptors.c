// Takes descriptors of files, of the protocol's socket and of the kernel's own things until there are none.
#include "skill.h"
#include <sys/epoll.h>

/* It may have 64. */
#define TOO_MANY 100

static const char *attack(const struct targets *to) {
    for (int taken = 0; taken < TOO_MANY; taken++) {
        int descriptor;
        switch (taken % 3) {
        case 0: descriptor = open("/dev/null", O_RDONLY); break;
        case 1: descriptor = dup(3); break;
        default: descriptor = epoll_create1(0);
        }
        if (descriptor < 0) return met(descriptor);
    }
    return NULL;
}
