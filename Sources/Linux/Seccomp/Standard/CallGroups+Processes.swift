extension CallGroup {
    /// Making, ending and describing processes.
    ///
    /// `clone`, `clone3`, `personality` and `socket` are not here: their arguments decide.
    static let processes: [CallGroup] = [
        CallGroup(
            "a program starts others and waits for them; how many is the pids limit's",
            """
            fork vfork execve execveat exit exit_group wait4 waitid waitpid set_tid_address gettid getpid getppid
            set_robust_list get_robust_list rseq restart_syscall
            """),
        CallGroup(
            "signals reach only processes of the container's own pid namespace",
            """
            kill tkill tgkill pidfd_open pidfd_send_signal pause alarm rt_sigaction rt_sigprocmask rt_sigpending
            rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo
            sigaltstack sigaction signal sigpending sigprocmask sigreturn sigsuspend sgetmask ssetmask process_mrelease
            """),
        CallGroup(
            "daemons drop privileges and shells make jobs; the kernel asks for the capability where one is due",
            """
            getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getgroups getgroups32
            setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setgroups setgroups32
            getresuid getresuid32 getresgid getresgid32 setresuid setresuid32 setresgid setresgid32
            setfsuid setfsuid32 setfsgid setfsgid32 getpgid getpgrp getsid setpgid setsid capget capset
            """),
        CallGroup(
            "these only take rights away from the caller, or answer about them",
            """
            prctl seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
            lsm_get_self_attr lsm_set_self_attr lsm_list_modules
            """),
        CallGroup(
            "limits and priorities within what the caller was given; cgroups bound the rest",
            """
            getrlimit ugetrlimit setrlimit prlimit64 getrusage times getpriority setpriority nice ioprio_get ioprio_set
            sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
            sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr
            sched_setparam sched_setscheduler sched_yield getcpu
            """),
        CallGroup(
            "threads wait for one another in their own memory",
            "futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue membarrier"),
        CallGroup(
            "debuggers and stack dumpers work on processes of their own user; before 4.8 tracing undid this filter",
            since: KernelVersion(4, 8), "ptrace process_vm_readv process_vm_writev"),
        CallGroup(
            "names of the machine that any user may read",
            "uname olduname oldolduname sysinfo getrandom"),
        CallGroup(
            "the C library sets up threads with these on x86, and 16-bit code needs its descriptors",
            architectures: [.x86_64, .x86, .x32],
            "arch_prctl set_thread_area get_thread_area modify_ldt"),
        CallGroup(
            "the C library's own calls on ARM", architectures: [.arm, .aarch64],
            "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls"),
        CallGroup("the C library's own call on RISC-V", architectures: [.riscv64], "riscv_flush_icache"),
        CallGroup(
            "the C library's own calls on PowerPC", architectures: [.ppc, .ppc64, .ppc64le],
            "swapcontext switch_endian"),
        CallGroup(
            "mapped PCI memory and runtime instrumentation are ordinary on s390", architectures: [.s390, .s390x],
            "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"),
    ]
}
