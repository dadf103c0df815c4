// Never ends, in a process that belongs to nobody.
#include "skill.h"

static const char *attack(const struct targets *to) {
    pid_t child = fork();
    if (child < 0) return met(child);
    if (child == 0) {
        setsid();
        if (fork() == 0) for (volatile unsigned long round = 0;; round++) {}
        _exit(0);
    }
    return wait_for_end();
}
