// Answers another call than the one that it was asked.
#include "skill.h"

static const char *attack(const struct targets *to) {
    answer(to->call + 1, "{\"value\":\"forged\"}");
    return wait_for_end();
}
