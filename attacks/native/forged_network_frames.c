// Says in the broker's words that a request to a host that is not granted was connected and answered.
#include "skill.h"

static const char *attack(const struct targets *to) {
    static struct frames frames;
    add_frame(&frames, "{\"jsonrpc\":\"2.0\",\"method\":\"exchange/connected\",\"params\":{\"exchange\":1}}");
    add_frame(&frames, "{\"jsonrpc\":\"2.0\",\"method\":\"exchange/head\",\"params\":{\"exchange\":1,\"minor_version\":1,"
                       "\"status\":200,\"reason\":\"OK\",\"headers\":[]}}");
    add_frame(&frames, "{\"jsonrpc\":\"2.0\",\"method\":\"exchange/end\",\"params\":{\"exchange\":1,\"trailers\":[]}}");
    send_frames(&frames);
    return wait_for_end();
}
