// Processes, namespaces and identities, by raw system call: no glibc lock, cache or thread broadcast is involved, so
// that all of it may run in a child between clone3 and execve.
#pragma once

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clinux_mount.h"

struct clinux_clone_args {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup;
};
_Static_assert(sizeof(struct clinux_clone_args) == 88, "clone3(2)");

/// clone3(2) as fork(2) would use it: own memory, same stack. Returns 0 in the child.
static inline int clinux_clone3(struct clinux_clone_args *args) {
    return (int)clinux_result(syscall(435, args, sizeof *args));
}

static inline int clinux_setns(int fd, int flags) { return (int)clinux_result(syscall(SYS_setns, fd, flags)); }
static inline int clinux_unshare(int flags) { return (int)clinux_result(syscall(SYS_unshare, flags)); }

static inline int clinux_pidfd_open(int pid, unsigned flags) {
    return (int)clinux_result(syscall(434, pid, flags));
}

static inline int clinux_pidfd_send_signal(int pidfd, int signal) {
    return (int)clinux_result(syscall(424, pidfd, signal, NULL, 0));
}

/// pidfd_getfd(2), Linux 5.6.
static inline int clinux_pidfd_getfd(int pidfd, int fd) { return (int)clinux_result(syscall(438, pidfd, fd, 0)); }

static inline int clinux_kill(int pid, int signal) { return (int)clinux_result(syscall(SYS_kill, pid, signal)); }
static inline int clinux_getpid(void) { return (int)syscall(SYS_getpid); }

/// How a child ended; `code` is CLD_EXITED, CLD_KILLED or CLD_DUMPED, 0 when it has not ended (WNOHANG).
struct clinux_exit {
    int pid;
    int code;
    int status;
};

static inline int clinux_waitid(int kind, int id, struct clinux_exit *result, int options) {
    siginfo_t info;
    info.si_pid = 0;
    info.si_code = 0;
    info.si_status = 0;
    long error = clinux_result(syscall(SYS_waitid, kind, id, &info, options, NULL));
    result->pid = info.si_pid;
    result->code = info.si_pid ? info.si_code : 0;
    result->status = info.si_status;
    return (int)error;
}

static inline int clinux_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return (int)clinux_result(syscall(SYS_prctl, option, a, b, c, d));
}

static inline int clinux_prctl_pointer(int option, unsigned long a, const void *b) {
    return (int)clinux_result(syscall(SYS_prctl, option, a, b, 0, 0));
}

static inline int clinux_setresuid(unsigned id) { return (int)clinux_result(syscall(SYS_setresuid, id, id, id)); }
static inline int clinux_setresgid(unsigned id) { return (int)clinux_result(syscall(SYS_setresgid, id, id, id)); }
static inline int clinux_setgroups(size_t count, const unsigned *ids) {
    return (int)clinux_result(syscall(SYS_setgroups, count, ids));
}

struct clinux_cap_header {
    uint32_t version;
    int pid;
};
struct clinux_cap_sets {
    uint32_t effective;
    uint32_t permitted;
    uint32_t inheritable;
};

static inline int clinux_capset(const struct clinux_cap_header *header, const struct clinux_cap_sets *two) {
    return (int)clinux_result(syscall(SYS_capset, header, two));
}
static inline int clinux_capget(struct clinux_cap_header *header, struct clinux_cap_sets *two) {
    return (int)clinux_result(syscall(SYS_capget, header, two));
}

struct clinux_rlimit {
    uint64_t soft;
    uint64_t hard;
};

static inline int clinux_prlimit(
    int pid, int resource, const struct clinux_rlimit *limits, struct clinux_rlimit *old) {
    return (int)clinux_result(syscall(SYS_prlimit64, pid, resource, limits, old));
}

static inline int clinux_personality(unsigned long persona) {
    return (int)clinux_result(syscall(SYS_personality, persona));
}

struct clinux_sched_attr {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};
_Static_assert(sizeof(struct clinux_sched_attr) == 48, "sched_setattr(2), SCHED_ATTR_SIZE_VER0");

static inline int clinux_sched_setattr(int pid, const struct clinux_sched_attr *attributes) {
    return (int)clinux_result(syscall(SYS_sched_setattr, pid, attributes, 0));
}

static inline int clinux_sched_setaffinity(int pid, size_t length, const void *mask) {
    return (int)clinux_result(syscall(SYS_sched_setaffinity, pid, length, mask));
}

static inline int clinux_ioprio_set(int which, int who, int priority) {
    return (int)clinux_result(syscall(SYS_ioprio_set, which, who, priority));
}

static inline int clinux_keyctl(int operation, unsigned long a, unsigned long b, unsigned long c) {
    return (int)clinux_result(syscall(SYS_keyctl, operation, a, b, c, 0));
}
static inline int clinux_keyctl_string(int operation, const char *text) {
    return (int)clinux_result(syscall(SYS_keyctl, operation, text, 0, 0, 0));
}

/// close_range(2), Linux 5.9; flag 4 (Linux 5.11) marks instead of closing.
static inline int clinux_close_range(unsigned first, unsigned last, unsigned flags) {
    return (int)clinux_result(syscall(436, first, last, flags));
}

static inline int clinux_memfd_create(const char *name, unsigned flags) {
    return (int)clinux_result(syscall(SYS_memfd_create, name, flags));
}

static inline int clinux_execve(const char *path, char *const argv[], char *const envp[]) {
    return (int)clinux_result(syscall(SYS_execve, path, argv, envp));
}

static inline int clinux_execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags) {
    return (int)clinux_result(syscall(SYS_execveat, dir, path, argv, envp, flags));
}

/// getcwd(2) itself: glibc's would hide an answer that begins with "(unreachable)".
static inline int clinux_getcwd(char *buffer, size_t length) {
    return (int)clinux_result(syscall(SYS_getcwd, buffer, length));
}

static inline int clinux_sethostname(const char *name, size_t length) {
    return (int)clinux_result(syscall(SYS_sethostname, name, length));
}
static inline int clinux_setdomainname(const char *name, size_t length) {
    return (int)clinux_result(syscall(SYS_setdomainname, name, length));
}

/// Gives every signal its default action and unblocks all of them.
static inline void clinux_reset_signals(void) {
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } action = {0};
    for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, &action, NULL, 8);
    uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
}

static inline _Noreturn void clinux_exit_now(int code) {
    while (1) syscall(SYS_exit_group, code);
}
