// The few lines that must be C: variadic and newer system calls, struct layouts, macros. No logic.
// Every function returns the result or -errno, so that no caller can read errno late.
#pragma once

// Headers here must not define _GNU_SOURCE: the importer would see other layouts (fd_set) than the Glibc module has.
// What needs it goes into a .c file.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/// open(2) with the mode that variadic C hides from Swift.
static inline int clinux_openat(int dir, const char *path, int flags, unsigned mode) {
    int fd = openat(dir, path, flags, mode);
    return fd < 0 ? -errno : fd;
}

struct clinux_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};
_Static_assert(sizeof(struct clinux_open_how) == 24, "openat2(2)");

/// openat2(2), Linux 5.6.
static inline int clinux_openat2(int dir, const char *path, const struct clinux_open_how *how) {
    long fd = syscall(437, dir, path, how, sizeof *how);
    return fd < 0 ? -errno : (int)fd;
}

#include "clinux_spawn.h"
#include "clinux_archive.h"
#include "clinux_thread.h"
#include "clinux_mount.h"
#include "clinux_process.h"
#include "clinux_terminal.h"

#include "clinux_signalfd.h"

#include "clinux_events.h"
#include "clinux_bpf.h"
#include "clinux_cgroup.h"
#include "clinux_quota.h"
#include "clinux_seccomp.h"
