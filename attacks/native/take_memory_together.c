// Takes more memory than it may with processes of which each takes less.
#include "skill.h"
#include <signal.h>
#include <sys/wait.h>

static const char *attack(const struct targets *to) {
    const size_t size = (size_t)40 << 20;
    for (int child = 0; child < 4; child++) {
        pid_t started = fork();
        if (started < 0) return met(started);
        if (started > 0) continue;
        volatile char *memory = malloc(size);
        for (size_t at = 0; memory && at < size; at += 4096) memory[at] = 1;
        wait_for_end();
    }
    /* The kernel may end one of them. */
    int status = 0;
    while (wait(&status) > 0 && !WIFSIGNALED(status)) {}
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? "ends" : NOTHING;
}
