extension CallGroup {
    /// Memory, time, and talking to other processes.
    static let resources: [CallGroup] = [
        CallGroup(
            "memory is the process's own and counted by the memory limit",
            """
            brk mmap mmap2 munmap mremap mprotect madvise process_madvise mincore mlock mlock2 mlockall munlock munlockall
            remap_file_pages pkey_alloc pkey_free pkey_mprotect memfd_secret mseal map_shadow_stack get_mempolicy
            """),
        CallGroup(
            "clocks are read and timers set by every program; setting a clock needs a capability",
            """
            time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64
            clock_nanosleep clock_nanosleep_time64 nanosleep getitimer setitimer
            timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64
            timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64
            """),
        CallGroup(
            "without CAP_SYS_TIME these only read how the clock is disciplined",
            "adjtimex clock_adjtime clock_adjtime64"),
        CallGroup(
            "System V and POSIX queues, semaphores and memory belong to the container's ipc namespace",
            """
            ipc shmget shmat shmdt shmctl semget semop semctl semtimedop semtimedop_time64 msgget msgsnd msgrcv msgctl
            mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend mq_timedsend_time64
            mq_timedreceive mq_timedreceive_time64
            """),
        CallGroup(
            "sockets see the container's network namespace; which families is decided where they are made",
            """
            accept accept4 bind connect listen shutdown socketpair getsockname getpeername getsockopt setsockopt
            send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64
            """),
        // Its arguments are behind a pointer, so families cannot be told apart here: through it a 32-bit program reaches
        // the ones that `socket` refuses. Go and Debian's C library on i386 have no other way to any socket; an engine
        // that refused the call had to take that back (moby 52494, 52547). Who runs no 32-bit programs uses a profile
        // without it, or an AppArmor profile with `deny network alg`, which sees the family.
        CallGroup(
            "32-bit programs make and use their sockets through this one call",
            architectures: [.x86, .x86_64, .x32, .s390, .s390x, .ppc, .ppc64, .ppc64le], "socketcall"),
    ]
}
