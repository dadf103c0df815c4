// Answers with something that is no result of a call.
#include "skill.h"

static const char *attack(const struct targets *to) {
    answer(to->call, "[]");
    return wait_for_end();
}
