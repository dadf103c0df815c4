/* A skill that speaks the worker protocol on descriptor 3, and misbehaves when it is told to. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
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

/* Thirty processes that belong to nobody, ten sessions of three, and do not listen. */
static int grow_tree(void) {
    int ready[2];
    if (pipe(ready)) return errno;
    for (int session = 0; session < 10; session++) {
        if (fork() != 0) continue;
        setsid();
        for (int member = 0; member < 3; member++) {
            if (fork() != 0) continue;
            for (int sig = 1; sig < 32; sig++) signal(sig, SIG_IGN);
            if (write(ready[1], "x", 1) != 1) _exit(1);
            for (;;) pause();
        }
        _exit(0);
    }
    char one;
    for (int count = 0; count < 30; count++) {
        if (read(ready[0], &one, 1) != 1) return errno;
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
    return 0;
}

/* Four children with this many MiB each. */
static int take_together(int mebibytes) {
    for (int child = 0; child < 4; child++) {
        if (fork() != 0) continue;
        size_t size = (size_t)mebibytes << 20;
        volatile char *memory = malloc(size);
        for (size_t at = 0; memory && at < size; at += 4096) memory[at] = 1;
        for (;;) pause();
    }
    int status = 0;
    /* The kernel may end one of them. */
    while (wait(&status) > 0 && !WIFSIGNALED(status)) {}
    return WTERMSIG(status);
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
        /* They are to be seen. */
        if (result) for (;;) pause();
    } else if (!strcmp(method, "explode")) {
        for (;;) fork();
    } else if (!strcmp(method, "tree")) {
        result = grow_tree();
    } else if (!strcmp(method, "burn")) {
        /* The time is that of a grandchild, which nobody waits for. */
        if (fork() == 0) {
            setsid();
            if (fork() == 0) for (volatile unsigned long i = 0;; i++) {}
            _exit(0);
        }
        while (strstr(args, "wait")) pause();
    } else if (!strcmp(method, "flee")) {
        /* From a session that comes after others into one that the kernel takes for another person's. */
        if (fork() == 0) {
            while (clock() < CLOCKS_PER_SEC / 2) {}
            if (fork() == 0) {
                setsid();
                for (volatile unsigned long i = 0;; i++) {}
            }
            _exit(0);
        }
        for (;;) pause();
    } else if (!strcmp(method, "share")) {
        /* More than is allowed to all, of which no process has more than is allowed to one. */
        result = take_together(atoi(args));
    } else if (!strcmp(method, "daemon")) {
        if (fork() == 0) {
            setsid();
            if (fork() == 0) {
                prctl(PR_SET_NAME, "left-behind");
                for (;;) pause();
            }
            _exit(0);
        }
    } else if (!strcmp(method, "connect")) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(443)};
        inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
        int line = socket(AF_INET, SOCK_STREAM, 0);
        result = connect(line, (struct sockaddr *)&to, sizeof to) ? errno : 0;
        close(line);
    } else if (!strcmp(method, "send")) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
        inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
        int line = socket(AF_INET, SOCK_DGRAM, 0);
        result = sendto(line, "x", 1, 0, (struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;
        close(line);
    } else if (!strcmp(method, "chmod")) {
        result = chmod(between(args, "\"", "\""), 0777) ? errno : 0;
    } else if (!strcmp(method, "clock")) {
        /* No clock has this number: whoever lets it pass is not harmed. */
        struct timespec now = {.tv_sec = 1};
        result = clock_settime(99, &now) ? errno : 0;
    } else if (!strcmp(method, "mount")) {
        result = mount("none", "/tmp", "tmpfs", 0, NULL) ? errno : 0;
    } else if (!strcmp(method, "create")) {
        int file = open(between(args, "\"", "\""), O_WRONLY | O_CREAT, 0600);
        result = file < 0 ? errno : 0;
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
