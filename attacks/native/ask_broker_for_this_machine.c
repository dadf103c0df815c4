// Asks the broker, as the embedded engine does, for a server on this machine, under every name that may lead there.
#include "skill.h"

static const char *const NAMES[] = {
    "127.0.0.1", "localhost", "LOCALHOST.", "0.0.0.0", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]",
    "granted.test@127.0.0.1", "127.0.0.1#granted.test", "127.0.0.1/granted.test",
};

static const char *attack(const struct targets *to) {
    const int many = sizeof NAMES / sizeof *NAMES;
    for (int number = 1; number <= many; number++) {
        char text[256];
        snprintf(text, sizeof text,
            "{\"jsonrpc\":\"2.0\",\"method\":\"exchange/open\",\"params\":{\"exchange\":%d,\"secure\":false,\"host\":\"%s\","
            "\"port\":%d,\"method\":\"GET\",\"target\":\"/\",\"headers\":[],\"length\":\"none\"}}",
            number, NAMES[number - 1], to->port);
        say(text, strlen(text));
        /* With any other answer the broker has tried. */
        const char *told = hear_frame();
        if (!strstr(told, "\"security-violation\"") && !strstr(told, "\"request-invalid\"")) return NULL;
    }
    return NOTHING;
}
