#pragma once

#include <errno.h>
#include <malloc.h>
#include <sys/prctl.h>

/// Names the calling thread for tools such as ps; at most 15 bytes.
static inline int clinux_name_thread(const char *name) {
    return prctl(PR_SET_NAME, name, 0, 0, 0) < 0 ? -errno : 0;
}

/// mallopt(3), M_ARENA_MAX: how many heaps this process's threads share; before any of them starts.
static inline void clinux_limit_heaps(int most) { mallopt(M_ARENA_MAX, most); }
