#define _GNU_SOURCE
#include "clinux_quota.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/quota.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LOOP_CONFIGURE
#define LOOP_CONFIGURE 0x4C0A
#endif
#define EXT4_RESIZE _IOW('f', 16, uint64_t)

_Static_assert(sizeof(struct loop_config) == 304, "loop(4)");
_Static_assert(sizeof(struct fsxattr) == 28, "ioctl_fssetxattr");
_Static_assert(sizeof(struct if_dqblk) == 72, "quotactl(2)");
_Static_assert(sizeof(struct btrfs_ioctl_qgroup_limit_args) == 48, "btrfs qgroup limit");

static int result(long value) { return value < 0 ? -errno : (int)value; }

int clinux_space(const char *path, struct clinux_space *space) {
    struct statfs raw;
    if (statfs(path, &raw) < 0) return -errno;
    space->type = raw.f_type;
    space->block = raw.f_frsize ? raw.f_frsize : raw.f_bsize;
    space->blocks = raw.f_blocks;
    space->free = raw.f_bfree;
    space->available = raw.f_bavail;
    space->inodes = raw.f_files;
    space->free_inodes = raw.f_ffree;
    return 0;
}

int clinux_fallocate(int fd, int mode, int64_t offset, int64_t count) {
    return result(fallocate(fd, mode, offset, count));
}

int clinux_loop_free(int control) { return result(ioctl(control, LOOP_CTL_GET_FREE)); }

int clinux_loop_bind(int loop, int file) {
    struct loop_config config = {.fd = (uint32_t)file};
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    return result(ioctl(loop, LOOP_CONFIGURE, &config));
}

int clinux_loop_unbind(int loop) { return result(ioctl(loop, LOOP_CLR_FD)); }

int clinux_loop_backing(int loop, uint64_t *device, uint64_t *inode) {
    struct loop_info64 status;
    if (ioctl(loop, LOOP_GET_STATUS64, &status) < 0) return -errno;
    *device = status.lo_device;
    *inode = status.lo_inode;
    return 0;
}

int clinux_loop_resize(int loop) { return result(ioctl(loop, LOOP_SET_CAPACITY)); }
int clinux_ext4_resize(int fd, uint64_t blocks) { return result(ioctl(fd, EXT4_RESIZE, &blocks)); }

int64_t clinux_trim(int fd) {
    struct fstrim_range range = {.len = UINT64_MAX};
    return ioctl(fd, FITRIM, &range) < 0 ? -errno : (int64_t)range.len;
}

static int named(int parent, unsigned long request, const char *name) {
    struct btrfs_ioctl_vol_args args = {0};
    if (strlen(name) > BTRFS_PATH_NAME_MAX) return -ENAMETOOLONG;
    strcpy(args.name, name);
    return result(ioctl(parent, request, &args));
}

int clinux_btrfs_make_subvolume(int parent, const char *name) { return named(parent, BTRFS_IOC_SUBVOL_CREATE, name); }
int clinux_btrfs_remove_subvolume(int parent, const char *name) { return named(parent, BTRFS_IOC_SNAP_DESTROY, name); }

int64_t clinux_btrfs_subvolume(int fd) {
    struct btrfs_ioctl_ino_lookup_args args = {.objectid = BTRFS_FIRST_FREE_OBJECTID};
    return ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0 ? -errno : (int64_t)args.treeid;
}

int clinux_btrfs_enable_quota(int fd) {
    struct btrfs_ioctl_quota_ctl_args args = {.cmd = BTRFS_QUOTA_CTL_ENABLE};
    return ioctl(fd, BTRFS_IOC_QUOTA_CTL, &args) < 0 && errno != EEXIST ? -errno : 0;
}

int clinux_btrfs_await_accounts(int fd) { return ioctl(fd, BTRFS_IOC_QUOTA_RESCAN_WAIT) < 0 ? -errno : 0; }

int clinux_btrfs_make_group(int fd, uint64_t group, int make) {
    struct btrfs_ioctl_qgroup_create_args args = {.create = (uint64_t)make, .qgroupid = group};
    return result(ioctl(fd, BTRFS_IOC_QGROUP_CREATE, &args));
}

int clinux_btrfs_assign(int fd, uint64_t member, uint64_t group, int assign) {
    struct btrfs_ioctl_qgroup_assign_args args = {.assign = (uint64_t)assign, .src = member, .dst = group};
    return result(ioctl(fd, BTRFS_IOC_QGROUP_ASSIGN, &args));
}

int clinux_btrfs_limit(int fd, uint64_t group, uint64_t bytes) {
    struct btrfs_ioctl_qgroup_limit_args args = {.qgroupid = group};
    args.lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER;
    args.lim.max_rfer = bytes ? bytes : UINT64_MAX;  // all ones takes a limit away
    return result(ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args));
}

int clinux_btrfs_usage(int fd, uint64_t group, struct clinux_btrfs_usage *usage) {
    struct btrfs_ioctl_search_args args = {0};
    args.key.tree_id = BTRFS_QUOTA_TREE_OBJECTID;

    args.key.max_transid = UINT64_MAX;
    int found = 0;
    memset(usage, 0, sizeof *usage);
    // Keys are ordered by type, then group: three searches of one item each.
    const struct { uint32_t type; uint64_t offset; } wanted[] = {
        {BTRFS_QGROUP_STATUS_KEY, 0}, {BTRFS_QGROUP_INFO_KEY, group}, {BTRFS_QGROUP_LIMIT_KEY, group}};
    for (int index = 0; index < 3; index++) {
        args.key.min_objectid = args.key.max_objectid = 0;
        args.key.min_type = args.key.max_type = wanted[index].type;
        args.key.min_offset = args.key.max_offset = wanted[index].offset;
        args.key.nr_items = 1;
        if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) < 0) return -errno;
        if (args.key.nr_items == 0) continue;
        const char *item = args.buf + sizeof(struct btrfs_ioctl_search_header);
        if (index == 0) {
            struct btrfs_qgroup_status_item status;
            memcpy(&status, item, sizeof status);
            usage->inconsistent = (status.flags & BTRFS_QGROUP_STATUS_FLAG_INCONSISTENT) != 0;
        } else if (index == 1) {
            struct btrfs_qgroup_info_item info;
            memcpy(&info, item, sizeof info);
            usage->referenced = info.rfer;
            usage->exclusive = info.excl;
            found = 1;
        } else {
            struct btrfs_qgroup_limit_item limit;
            memcpy(&limit, item, sizeof limit);
            usage->limit = limit.flags & BTRFS_QGROUP_LIMIT_MAX_RFER ? limit.max_rfer : 0;
        }
    }
    return found ? 0 : -ENOENT;
}

int clinux_get_project(int fd, uint32_t *project, int *inherits) {
    struct fsxattr attributes;
    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0) return -errno;
    *project = attributes.fsx_projid;
    *inherits = (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT) != 0;
    return 0;
}

int clinux_set_project(int fd, uint32_t project, int inherits) {
    struct fsxattr attributes;
    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0) return -errno;
    attributes.fsx_projid = project;
    attributes.fsx_xflags &= ~(uint32_t)FS_XFLAG_PROJINHERIT;
    if (inherits) attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return result(ioctl(fd, FS_IOC_FSSETXATTR, &attributes));
}

/// quotactl_fd(2) of Linux 5.14, before it quotactl(2) with the device's path.
static int control(int fd, const char *device, int command, uint32_t id, void *data) {
    int request = QCMD(command, PRJQUOTA);
    if (syscall(443, fd, request, id, data) >= 0) return 0;
    if (errno != ENOSYS) return -errno;
    return result(syscall(SYS_quotactl, request, device, id, data));
}

int clinux_project_usage(int fd, const char *device, uint32_t project, struct clinux_project_usage *usage) {
    struct if_dqblk block = {0};
    int failure = control(fd, device, Q_GETQUOTA, project, &block);
    if (failure < 0) return failure;
    usage->bytes = block.dqb_curspace;
    usage->inodes = block.dqb_curinodes;
    usage->byte_limit = block.dqb_bhardlimit * 1024;
    usage->inode_limit = block.dqb_ihardlimit;
    return 0;
}

int clinux_project_limit(int fd, const char *device, uint32_t project, uint64_t bytes, uint64_t inodes) {
    struct if_dqblk block = {.dqb_bhardlimit = (bytes + 1023) / 1024, .dqb_ihardlimit = inodes, .dqb_valid = QIF_LIMITS};
    return control(fd, device, Q_SETQUOTA, project, &block);
}

int clinux_project_state(int fd, const char *device) {
    struct fs_quota_stat state = {.qs_version = FS_QSTAT_VERSION};
    int failure = control(fd, device, Q_XGETQSTAT, 0, &state);
    if (failure < 0) return failure;
    int counted = (state.qs_flags & FS_QUOTA_PDQ_ACCT) != 0;
    return counted | (state.qs_flags & FS_QUOTA_PDQ_ENFD ? 2 : 0);
}

int clinux_project_enforce(int fd, const char *device) {
    uint32_t flags = FS_QUOTA_PDQ_ENFD;
    return control(fd, device, Q_XQUOTAON, 0, &flags);
}
