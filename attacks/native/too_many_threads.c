// Starts threads until there are none.
#include "skill.h"
#include <pthread.h>

/* It may have 64, and one for each process that it may start, which are 8 at most. */
#define TOO_MANY 100

static void *idle(void *nothing) {
    for (;;) pause();
    return nothing;
}

static const char *attack(const struct targets *to) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    /* All of them take less memory than it may have, which the same error is for. */
    pthread_attr_setstacksize(&small, 256 << 10);
    for (int started = 0; started < TOO_MANY; started++) {
        pthread_t thread;
        errno = pthread_create(&thread, &small, idle, NULL);
        if (errno) return met(-1);
    }
    return NULL;
}
