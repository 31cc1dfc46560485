extension CallGroup {
    /// Calls that come with a capability: who was given it was given them.
    static let privileged: [CallGroup] = [
        CallGroup(
            "mounting, namespaces and the rest of administration are what CAP_SYS_ADMIN is for",
            capabilities: ["CAP_SYS_ADMIN"],
            """
            mount umount umount2 mount_setattr move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick
            pivot_root unshare setns sethostname setdomainname quotactl quotactl_fd fanotify_init lookup_dcookie
            """),
        CallGroup(
            "loading BPF programs has had a capability of its own since Linux 5.8",
            capabilities: ["CAP_SYS_ADMIN", "CAP_BPF"], "bpf"),
        CallGroup(
            "so has measuring the machine", capabilities: ["CAP_SYS_ADMIN", "CAP_PERFMON"], "perf_event_open"),
        CallGroup(
            "the kernel's log tells where the kernel lies", capabilities: ["CAP_SYS_ADMIN", "CAP_SYSLOG"], "syslog"),
        CallGroup(
            "reaching into another process without tracing it", capabilities: ["CAP_SYS_PTRACE"],
            "kcmp pidfd_getfd"),
        CallGroup(
            "handles reach any file of a file system, past directories that are closed",
            capabilities: ["CAP_DAC_READ_SEARCH"], "open_by_handle_at"),
        CallGroup("another root below one's own", capabilities: ["CAP_SYS_CHROOT"], "chroot"),
        CallGroup(
            "the clock is the whole machine's", capabilities: ["CAP_SYS_TIME"],
            "settimeofday stime clock_settime clock_settime64"),
        CallGroup(
            "placing memory on nodes takes them from the neighbours", capabilities: ["CAP_SYS_NICE"],
            "mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages"),
        CallGroup(
            "kernel modules", capabilities: ["CAP_SYS_MODULE"], "init_module finit_module delete_module"),
        CallGroup("restarting the machine", capabilities: ["CAP_SYS_BOOT"], "reboot"),
        CallGroup("accounting of all processes", capabilities: ["CAP_SYS_PACCT"], "acct"),
        CallGroup(
            "ports of the hardware", capabilities: ["CAP_SYS_RAWIO"], architectures: [.x86_64, .x86, .x32],
            "iopl ioperm"),
        CallGroup("hanging up the terminal of others", capabilities: ["CAP_SYS_TTY_CONFIG"], "vhangup"),
    ]

    /// Calls that no container makes under the default profile, whatever it was given.
    ///
    /// Nothing reads this but the test that finds every call the library knows in one group or another: a new one is
    /// thought about, never forgotten.
    static let refused: [CallGroup] = [
        CallGroup(
            "much of what broke the kernel in the last years came through here, and everything falls back without it",
            "io_uring_setup io_uring_enter io_uring_register"),
        CallGroup("stalling the kernel in a page fault makes races winnable", "userfaultfd"),
        CallGroup(
            "keyrings belong to users and not to containers: those of equal ids share them",
            "add_key request_key keyctl"),
        CallGroup("another kernel", "kexec_load kexec_file_load"),
        CallGroup("the machine's swap", "swapon swapoff"),
        CallGroup(
            "removed, or about kernels and machines that are gone",
            """
            _sysctl uselib ustat sysfs create_module get_kernel_syms query_module nfsservctl getpmsg putpmsg
            afs_syscall tuxcall security vserver break stty gtty ftime prof lock mpx ulimit profil idle vm86 vm86old
            bdflush pciconfig_iobase pciconfig_read pciconfig_write
            """),
    ]
}
