/* A skill that speaks the worker protocol on descriptor 3, and misbehaves when it is told to. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST (1 << 20)

static char frame[LARGEST + 1];
static char answer[LARGEST + 256];
static int hooks;

static void read_whole(char *to, size_t length) {
    while (length > 0) {
        ssize_t got = read(3, to, length);
        if (got <= 0) _exit(0);
        to += got;
        length -= got;
    }
}

static void say(const char *text, uint32_t claimed) {
    if (write(3, &claimed, 4) != 4) _exit(1);
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t put = write(3, text, left);
        if (put <= 0) _exit(1);
        text += put;
        left -= put;
    }
}

static void reply(long id, const char *result) {
    snprintf(answer, sizeof answer, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":%s}", id, result);
    say(answer, strlen(answer));
}

static void *idle(void *unused) { return unused; }

/* The text between `before` and `after`. */
static char *between(char *text, const char *before, const char *after) {
    char *start = strstr(text, before);
    if (!start) return "";
    start += strlen(before);
    char *end = strstr(start, after);
    if (end) *end = 0;
    return start;
}

static void call(long id, char *params) {
    char value[LARGEST];
    char *args = strstr(params, "\"args\":");
    char *method = between(params, "\"method\":\"", "\"");
    args = between(args + 0, "\"args\":[", "],\"style\"");
    int result = 0;
    if (!strcmp(method, "echo")) {
        snprintf(value, sizeof value, "{\"value\":[%s]}", args);
        reply(id, value);
        return;
    } else if (!strcmp(method, "hooks")) {
        result = hooks;
    } else if (!strcmp(method, "print")) {
        fprintf(stdout, "out\n");
        fflush(stdout);
        fprintf(stderr, "err\nno end");
    } else if (!strcmp(method, "fail")) {
        snprintf(answer, sizeof answer,
            "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"error\":{\"code\":-32000,\"message\":\"no luck\"}}", id);
        say(answer, strlen(answer));
        return;
    } else if (!strcmp(method, "crash")) {
        abort();
    } else if (!strcmp(method, "garbage")) {
        say("hello", 5);
    } else if (!strcmp(method, "wrong")) {
        reply(id + 1, "{\"value\":1}");
    } else if (!strcmp(method, "form")) {
        reply(id, "[]");
        return;
    } else if (!strcmp(method, "oversized")) {
        say("", 0xfffffff0u);
    } else if (!strcmp(method, "hang")) {
        for (;;) pause();
    } else if (!strcmp(method, "spin")) {
        for (volatile unsigned long i = 0;; i++) {}
    } else if (!strcmp(method, "flood")) {
        for (;;) fputs("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", stdout);
    } else if (!strcmp(method, "fork")) {
        pid_t child = fork();
        if (child == 0) _exit(0);
        result = child < 0 ? errno : 0;
        while (waitpid(-1, NULL, 0) > 0) {}
    } else if (!strcmp(method, "bomb")) {
        /* How many there can be at one time. */
        for (result = 0; result < 10000; result++) {
            pid_t child = fork();
            if (child == 0) for (;;) pause();
            if (child < 0) break;
        }
    } else if (!strcmp(method, "daemon")) {
        if (fork() == 0) {
            setsid();
            if (fork() == 0) {
                prctl(PR_SET_NAME, "left-behind");
                for (;;) pause();
            }
            _exit(0);
        }
    } else if (!strcmp(method, "thread")) {
        pthread_t thread;
        result = pthread_create(&thread, NULL, idle, NULL);
        if (!result) pthread_join(thread, NULL);
    } else if (!strcmp(method, "exec")) {
        char *path = between(args, "\"", "\"");
        char *words[] = {path, NULL};
        pid_t child = fork();
        if (child == 0) {
            execv(path, words);
            _exit(errno);
        }
        int status = 0;
        waitpid(child, &status, 0);
        result = WEXITSTATUS(status);
    } else if (!strcmp(method, "open")) {
        int file = open(between(args, "\"", "\""), O_RDONLY);
        result = file < 0 ? errno : 0;
        if (file >= 0) close(file);
    }
    snprintf(value, sizeof value, "{\"value\":%d}", result);
    reply(id, value);
}

int main(void) {
    for (;;) {
        uint32_t length;
        read_whole((char *)&length, 4);
        if (length > LARGEST) return 1;
        read_whole(frame, length);
        frame[length] = 0;
        long id = atol(strstr(frame, "\"id\":") + 5);
        char *method = strstr(frame, "\"method\":\"") + 10;
        char *params = strstr(frame, "\"params\":");
        if (!strncmp(method, "load\"", 5)) {
            reply(id, "{\"hooks\":[\"onInit\",\"onActivate\"]}");
        } else if (!strncmp(method, "hook\"", 5)) {
            hooks++;
            reply(id, "null");
        } else {
            call(id, params);
        }
    }
}
