// Asks the daemon for thousands of things, and hears none of the answers.
#include "skill.h"

/* Their answers are more than the socket and what waits for it hold. */
#define MANY 20000

static const char *attack(const struct targets *to) {
    static struct frames frames;
    for (int id = 1; id <= MANY; id++) {
        char text[128];
        snprintf(text, sizeof text,
            "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"kv/get\",\"params\":{\"call\":%ld,\"key\":\"a\"}}", id, to->call);
        add_frame(&frames, text);
    }
    send_frames(&frames);
    return NULL;
}
