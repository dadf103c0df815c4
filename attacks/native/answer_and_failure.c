// Answers that a call has worked and that it has failed.
#include "skill.h"

static const char *attack(const struct targets *to) {
    char text[256];
    snprintf(text, sizeof text,
        "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{\"value\":1},\"error\":{\"code\":-32000,\"message\":\"no\"}}", to->call);
    say(text, strlen(text));
    return wait_for_end();
}
