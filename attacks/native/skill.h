/* What attacks are made with: a skill that is a program of its own and speaks the worker protocol, as docs/native.md
 * has it. Each attack says what it met, or nothing (NULL) if it worked. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST (1 << 20)

/* What the attacks aim at. */
struct targets {
    /* The number of the call. */
    long call;
    /* A file that is not granted. */
    char *secret;
    /* A folder that may be changed. In it are `empty`, a folder, and `kept`, one in which there are `.git`,
     * `.claude/settings.json` and `.mcp.json`. */
    char *writable;
    /* Where a server of this machine listens that is not granted. The port is, for a host called `granted.test`. */
    int port;
    /* The same, at a port that is not granted for any host. */
    int closed_port;
};

static const char *attack(const struct targets *to);

/* What an attack says that met no error, and got nothing. */
static const char *const NOTHING = "nothing";

/* What a system call met that returned this. */
static const char *met(long returned) {
    if (returned >= 0) return NULL;
    switch (errno) {
    case EACCES: return "EACCES";
    case EAGAIN: return "EAGAIN";
    case EBUSY: return "EBUSY";
    case ECONNREFUSED: return "ECONNREFUSED";
    case EMFILE: return "EMFILE";
    case ENETUNREACH: return "ENETUNREACH";
    case ENOENT: return "ENOENT";
    case EPERM: return "EPERM";
    case EROFS: return "EROFS";
    default: return "another error";
    }
}

/* The place of a name in a folder. */
static char *below(const char *folder, const char *name) {
    char *place;
    if (asprintf(&place, "%s/%s", folder, name) < 0) abort();
    return place;
}

/* Makes a file with something in it that can be run, or empties the one that is there. */
static long make_file(const char *place) {
    static const char text[] = "#!/bin/sh\n";
    int file = open(place, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    if (file < 0) return -1;
    long written = write(file, text, sizeof text - 1);
    close(file);
    return written;
}

/* Makes a folder with a hook in it, as Git has it. */
static long make_hooks(const char *repository) {
    char *hooks = below(repository, "hooks");
    if (mkdir(repository, 0755) || mkdir(hooks, 0755)) return -1;
    return make_file(below(hooks, "post-checkout"));
}

static void hear(void *to, size_t length) {
    char *at = to;
    while (length > 0) {
        ssize_t got = read(3, at, length);
        if (got <= 0) _exit(0);
        at += got;
        length -= got;
    }
}

/* The next frame, until another one is heard. */
static char *hear_frame(void) {
    static char frame[LARGEST + 1];
    uint32_t length;
    hear(&length, sizeof length);
    if (length > LARGEST) _exit(1);
    hear(frame, length);
    frame[length] = 0;
    return frame;
}

static void send_bytes(const char *bytes, size_t left) {
    while (left > 0) {
        ssize_t put = write(3, bytes, left);
        if (put <= 0) _exit(1);
        bytes += put;
        left -= put;
    }
}

/* Sends a frame that says it has this length. */
static void say(const char *text, uint32_t claimed) {
    send_bytes((const char *)&claimed, sizeof claimed);
    send_bytes(text, strlen(text));
}

/* Frames that are sent together. */
struct frames {
    char bytes[1 << 16];
    size_t length;
};

static void send_frames(struct frames *frames) {
    send_bytes(frames->bytes, frames->length);
    frames->length = 0;
}

/* Adds a frame; those before it are sent if there is no room for it. */
static void add_frame(struct frames *frames, const char *text) {
    uint32_t length = strlen(text);
    if (frames->length + sizeof length + length > sizeof frames->bytes) send_frames(frames);
    memcpy(frames->bytes + frames->length, &length, sizeof length);
    memcpy(frames->bytes + frames->length + sizeof length, text, length);
    frames->length += sizeof length + length;
}

static void answer(long call, const char *result) {
    char text[256];
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":%s}", call, result);
    say(text, strlen(text));
}

/* Does nothing more, until it is ended. */
static const char *wait_for_end(void) {
    for (;;) pause();
}

/* A member of an object in a frame: what follows its name. */
static char *member(char *frame, const char *name) {
    char *at = strstr(frame, name);
    if (!at) abort();
    return at + strlen(name);
}

/* A member that is text. */
static char *text_member(char *frame, const char *name) {
    char *at = member(frame, name);
    return strndup(at, strcspn(at, "\""));
}

int main(void) {
    for (;;) {
        char *frame = hear_frame();
        long call = atol(member(frame, "\"id\":"));
        if (strncmp(member(frame, "\"method\":"), "\"call\"", 6)) {
            answer(call, "{\"hooks\":[]}");
            continue;
        }
        struct targets to = {
            .call = call,
            .secret = text_member(frame, "\"secret\":\""),
            .writable = text_member(frame, "\"writable\":\""),
            .port = atoi(member(frame, "\"port\":")),
            .closed_port = atoi(member(frame, "\"closedPort\":")),
        };
        const char *held = attack(&to);
        char result[128];
        snprintf(result, sizeof result, held ? "{\"value\":{\"held\":\"%s\"}}" : "{\"value\":\"worked\"}", held);
        answer(call, result);
    }
}
