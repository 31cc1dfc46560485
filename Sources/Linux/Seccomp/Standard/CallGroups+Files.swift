extension CallGroup {
    /// What a program does with files, as the permissions of the container's own mounts allow it.
    static let files: [CallGroup] = [
        CallGroup(
            "reading and writing open files is what every program does, whatever stands behind the descriptor",
            """
            read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek
            sendfile sendfile64 splice tee vmsplice copy_file_range readahead fadvise64 fadvise64_64 cachestat
            close close_range dup dup2 dup3 fcntl fcntl64 ioctl flock
            pipe pipe2 memfd_create
            """),
        CallGroup(
            "opening resolves below the container's root; O_CREAT and modes are checked as for any user",
            "open openat openat2 creat access faccessat faccessat2 name_to_handle_at"),
        CallGroup(
            "asking about files shows no more than the mounts do",
            """
            stat fstat lstat stat64 fstat64 lstat64 newfstatat fstatat64 statx oldstat oldfstat oldlstat
            statfs statfs64 fstatfs fstatfs64 statmount listmount
            getdents getdents64 readdir readlink readlinkat getcwd file_getattr
            """),
        CallGroup(
            "changing the tree is the business of file permissions; device nodes are the device rules'",
            """
            mkdir mkdirat rmdir rename renameat renameat2 link linkat unlink unlinkat symlink symlinkat
            mknod mknodat truncate truncate64 ftruncate ftruncate64 fallocate file_setattr
            chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 lchown lchown32 fchownat umask
            utime utimes futimesat utimensat utimensat_time64 chdir fchdir
            """),
        CallGroup(
            "extended attributes carry labels and capabilities of files; the kernel checks each name space itself",
            """
            getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat
            listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
            """),
        CallGroup(
            "databases live by these; they cost what the block I/O limits say",
            "fsync fdatasync sync syncfs sync_file_range sync_file_range2 msync"),
        CallGroup(
            "asynchronous I/O of old, which databases still use; io_uring is another matter",
            "io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64"),
        CallGroup(
            "waiting for files and watching them: watches are limited per user",
            """
            poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64
            epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2
            eventfd eventfd2 signalfd signalfd4
            inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark
            """),
    ]
}
