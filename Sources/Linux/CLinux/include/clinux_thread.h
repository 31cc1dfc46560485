#pragma once

#include <errno.h>
#include <sys/prctl.h>

/// Names the calling thread for tools such as ps; at most 15 bytes.
static inline int clinux_name_thread(const char *name) {
    return prctl(PR_SET_NAME, name, 0, 0, 0) < 0 ? -errno : 0;
}
