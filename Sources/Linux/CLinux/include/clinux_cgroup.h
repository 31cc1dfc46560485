// What control groups need beside files: eventfd and inotify for out-of-memory notices.
#pragma once

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

/// eventfd(2), close-on-exec and non-blocking.
static inline int clinux_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/// inotify_init1(2) and one watch for modifications of `path`.
static inline int clinux_watch_modifications(const char *path) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) return -errno;
    if (inotify_add_watch(fd, path, IN_MODIFY | IN_DELETE_SELF) < 0) {
        int reason = errno;
        close(fd);
        return -reason;
    }
    return fd;
}
