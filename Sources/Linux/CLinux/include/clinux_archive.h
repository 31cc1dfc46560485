// What reading and writing trees of files needs beyond what Swift sees of glibc.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/// Extended attributes of an open file; O_PATH descriptors go through `clinux_lsetxattr` on /proc/self/fd.
static inline int clinux_fsetxattr(int fd, const char *name, const void *value, size_t size) {
    return fsetxattr(fd, name, value, size, 0) < 0 ? -errno : 0;
}

static inline int clinux_lsetxattr(const char *path, const char *name, const void *value, size_t size) {
    return lsetxattr(path, name, value, size, 0) < 0 ? -errno : 0;
}

static inline int clinux_lremovexattr(const char *path, const char *name) {
    return lremovexattr(path, name) < 0 ? -errno : 0;
}

static inline ssize_t clinux_lgetxattr(const char *path, const char *name, void *value, size_t size) {
    ssize_t count = lgetxattr(path, name, value, size);
    return count < 0 ? -errno : count;
}

static inline ssize_t clinux_llistxattr(const char *path, char *list, size_t size) {
    ssize_t count = llistxattr(path, list, size);
    return count < 0 ? -errno : count;
}

static inline unsigned clinux_major(uint64_t device) { return major(device); }
static inline unsigned clinux_minor(uint64_t device) { return minor(device); }

static inline int clinux_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    return syscall(SYS_renameat2, from_dir, from, to_dir, to, flags) < 0 ? -errno : 0;
}

/// The next byte that is data at or after `offset`, -ENXIO when only a hole follows.
static inline int64_t clinux_seek_data(int fd, int64_t offset) {
    off_t at = lseek(fd, offset, 3 /* SEEK_DATA */);
    return at < 0 ? -errno : at;
}

static inline int64_t clinux_seek_hole(int fd, int64_t offset) {
    off_t at = lseek(fd, offset, 4 /* SEEK_HOLE */);
    return at < 0 ? -errno : at;
}

/// syncfs(2) on the file system that holds `fd`.
/* Copies within the kernel, by reference where the file system can; moves both offsets. */
static inline long clinux_copy_file_range(int from, int to, size_t count) {
    long copied = syscall(SYS_copy_file_range, from, (void *)0, to, (void *)0, count, 0);
    return copied < 0 ? -errno : copied;
}

static inline int clinux_syncfs(int fd) { return syscall(SYS_syncfs, fd) < 0 ? -errno : 0; }

/// Starts writing dirty pages of a range without waiting, so that a later fsync finds little to do.
static inline int clinux_start_writeback(int fd, int64_t offset, int64_t count) {
    return syscall(SYS_sync_file_range, fd, offset, count, 2 /* SYNC_FILE_RANGE_WRITE */) < 0 ? -errno : 0;
}

/// Starts a process in a user namespace of its own that does nothing but wait to be killed; its pid or -errno.
///
/// It shares no memory writes with the caller: raw clone without CLONE_VM, and only pause(2) afterwards.
static inline int clinux_start_namespace_holder(void) {
    long pid = syscall(SYS_clone, 0x10000000 /* CLONE_NEWUSER */ | 17 /* SIGCHLD */, 0, 0, 0, 0);
    if (pid < 0) return -errno;
    if (pid == 0) {
        syscall(SYS_prctl, 1 /* PR_SET_PDEATHSIG */, 9, 0, 0, 0);
        for (;;) syscall(SYS_pause);
    }
    return (int)pid;
}

static inline void clinux_stop_namespace_holder(int pid) {
    int status;
    syscall(SYS_kill, pid, 9);
    while (syscall(SYS_wait4, pid, &status, 0, 0) < 0 && errno == EINTR) {}
}
