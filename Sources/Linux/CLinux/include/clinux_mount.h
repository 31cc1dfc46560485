// Mounting: the calls that glibc 2.36 hides behind _GNU_SOURCE or lacks.
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long clinux_result(long result) { return result < 0 ? -errno : result; }

static inline int clinux_mount(
    const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return (int)clinux_result(syscall(SYS_mount, source, target, type, flags, data));
}

static inline int clinux_umount2(const char *target, int flags) {
    return (int)clinux_result(syscall(SYS_umount2, target, flags));
}

static inline int clinux_pivot_root(const char *new_root, const char *put_old) {
    return (int)clinux_result(syscall(SYS_pivot_root, new_root, put_old));
}

static inline int clinux_chroot(const char *path) { return (int)clinux_result(syscall(SYS_chroot, path)); }

/// open_tree(2), Linux 5.2.
static inline int clinux_open_tree(int dir, const char *path, unsigned flags) {
    return (int)clinux_result(syscall(428, dir, path, flags));
}

/// move_mount(2), Linux 5.2.
static inline int clinux_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
    return (int)clinux_result(syscall(429, from, from_path, to, to_path, flags));
}

/// fsopen(2), Linux 5.2.
static inline int clinux_fsopen(const char *type, unsigned flags) {
    return (int)clinux_result(syscall(430, type, flags));
}

/// fsconfig(2), Linux 5.2.
static inline int clinux_fsconfig(int fd, unsigned command, const char *key, const char *value, int aux) {
    return (int)clinux_result(syscall(431, fd, command, key, value, aux));
}

/// fsmount(2), Linux 5.2.
static inline int clinux_fsmount(int fd, unsigned flags, unsigned attributes) {
    return (int)clinux_result(syscall(432, fd, flags, attributes));
}

struct clinux_mount_attr {
    uint64_t attr_set;
    uint64_t attr_clr;
    uint64_t propagation;
    uint64_t userns_fd;
};
_Static_assert(sizeof(struct clinux_mount_attr) == 32, "mount_setattr(2)");

/// mount_setattr(2), Linux 5.12.
static inline int clinux_mount_setattr(
    int dir, const char *path, unsigned flags, const struct clinux_mount_attr *attributes) {
    return (int)clinux_result(syscall(442, dir, path, flags, attributes, sizeof *attributes));
}

static inline int clinux_mknodat(int dir, const char *path, unsigned mode, unsigned major, unsigned minor) {
    // The kernel's 32-bit encoding: new_encode_dev() of include/linux/kdev_t.h.
    unsigned device = (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
    return (int)clinux_result(syscall(SYS_mknodat, dir, path, mode, device));
}

struct clinux_filesystem {
    int64_t type;
    int64_t flags;
};

/// Type and mount flags (ST_*) out of fstatfs(2).
static inline int clinux_fstatfs(int fd, struct clinux_filesystem *result) {
    struct statfs raw;
    if (fstatfs(fd, &raw) < 0) return -errno;
    result->type = raw.f_type;
    result->flags = raw.f_flags;
    return 0;
}
