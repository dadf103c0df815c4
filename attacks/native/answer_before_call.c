// Answers a call before it is asked, together with the request before it.
#include "skill.h"

/* The first request, which is to load it, is answered before `main` hears anything. */
__attribute__((constructor)) static void answer_ahead(void) {
    static struct frames frames;
    long load = atol(member(hear_frame(), "\"id\":"));
    char text[128];
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{\"hooks\":[]}}", load);
    add_frame(&frames, text);
    /* Whoever takes this does not ask, and keeps what it would have asked. */
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{\"value\":{\"held\":\"nothing\"}}}", load + 1);
    add_frame(&frames, text);
    send_frames(&frames);
}

/* Whoever has the answer asks no more. */
static const char *attack(const struct targets *to) {
    return wait_for_end();
}
