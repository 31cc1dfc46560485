// Loop devices, online growth of ext4, btrfs subvolumes and their quota groups, project quota: ioctls and their layouts.
#pragma once

#include <stdint.h>

/// What statfs(2) counts, in blocks of `block` bytes.
struct clinux_space {
    int64_t type;
    uint64_t block;
    uint64_t blocks;
    uint64_t free;
    uint64_t available;
    uint64_t inodes;
    uint64_t free_inodes;
};
int clinux_space(const char *path, struct clinux_space *result);

/// Allocates what a file may still hold as holes; `mode` as fallocate(2).
int clinux_fallocate(int fd, int mode, int64_t offset, int64_t count);

/// A loop device that is free at this moment: its number, or -errno.
int clinux_loop_free(int control);

/// Binds `file` to `loop`; the device lets go by itself with its last user (autoclear).
int clinux_loop_bind(int loop, int file);

/// Unbinds at once, or with the last user.
int clinux_loop_unbind(int loop);

/// Which file is bound: its device and inode; -ENXIO when none is.
int clinux_loop_backing(int loop, uint64_t *device, uint64_t *inode);

/// Takes over the file's new length.
int clinux_loop_resize(int loop);

/// Grows a mounted ext4 to so many blocks.
int clinux_ext4_resize(int fd, uint64_t blocks);

/// Gives unused blocks of the filesystem back to what holds it; the bytes given back, or -errno.
int64_t clinux_trim(int fd);

int clinux_btrfs_make_subvolume(int parent, const char *name);
int clinux_btrfs_remove_subvolume(int parent, const char *name);

/// The subvolume that `fd` is in, or -errno.
int64_t clinux_btrfs_subvolume(int fd);

/// Turns quota accounting on; fine when it is.
int clinux_btrfs_enable_quota(int fd);
/// Waits until the accounts add up: for the rescan that turning them on begins, or that a new member makes necessary.
int clinux_btrfs_await_accounts(int fd);

int clinux_btrfs_make_group(int fd, uint64_t group, int make);
int clinux_btrfs_assign(int fd, uint64_t member, uint64_t group, int assign);

/// Limits what `group` may refer to; 0 is no limit.
int clinux_btrfs_limit(int fd, uint64_t group, uint64_t bytes);

struct clinux_btrfs_usage {
    uint64_t referenced;
    uint64_t exclusive;
    uint64_t limit;
    /// The accounts do not add up until a rescan ends.
    uint64_t inconsistent;
};

/// What the last commit knew of `group`; -ENOENT when there is none, or no quota at all.
int clinux_btrfs_usage(int fd, uint64_t group, struct clinux_btrfs_usage *result);

/// The project of an open file or folder, and whether new children inherit it.
int clinux_get_project(int fd, uint32_t *project, int *inherits);
int clinux_set_project(int fd, uint32_t project, int inherits);

struct clinux_project_usage {
    uint64_t bytes;
    uint64_t inodes;
    uint64_t byte_limit;
    uint64_t inode_limit;
};

/// Project quota of the filesystem that holds `fd`, which is the block device `device` where the kernel is older than 5.14.
int clinux_project_usage(int fd, const char *device, uint32_t project, struct clinux_project_usage *result);
int clinux_project_limit(int fd, const char *device, uint32_t project, uint64_t bytes, uint64_t inodes);

/// 0 nothing, 1 counted, 3 counted and enforced; or -errno.
int clinux_project_state(int fd, const char *device);

/// Enforces limits that are counted already.
int clinux_project_enforce(int fd, const char *device);
