// Tells how far its call is, as fast as the daemon can hear it.
#include "skill.h"

/* Twenty times what may be told in a second. */
#define MANY 200000

static const char *attack(const struct targets *to) {
    static struct frames frames;
    for (int told = 0; told < MANY; told++) {
        add_frame(&frames, "{\"jsonrpc\":\"2.0\",\"method\":\"progress\",\"params\":{\"done\":1}}");
    }
    send_frames(&frames);
    return NULL;
}
