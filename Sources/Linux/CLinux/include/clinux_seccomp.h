// libseccomp, and seccomp(2) itself, which glibc does not wrap.
#pragma once

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct clinux_sock_filter {
    uint16_t code;
    uint8_t jt;
    uint8_t jf;
    uint32_t k;
};
_Static_assert(sizeof(struct clinux_sock_filter) == 8, "struct sock_filter");

struct clinux_sock_fprog {
    uint16_t len;
    const void *filter;
};
_Static_assert(sizeof(struct clinux_sock_fprog) == 16, "struct sock_fprog");

/// SECCOMP_SET_MODE_FILTER; gives the listener's descriptor when SECCOMP_FILTER_FLAG_NEW_LISTENER is among the flags.
static inline int clinux_seccomp_install(const void *instructions, unsigned short count, unsigned long flags) {
    struct clinux_sock_fprog program = {count, instructions};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return result < 0 ? -errno : (int)result;
}

/// The form that kernels before 3.17 have: no flags.
static inline int clinux_seccomp_install_prctl(const void *instructions, unsigned short count) {
    struct clinux_sock_fprog program = {count, instructions};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}

/// SECCOMP_GET_ACTION_AVAIL: 0, or -EOPNOTSUPP.
static inline int clinux_seccomp_action_available(uint32_t action) {
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0UL, &action) < 0 ? -errno : 0;
}

/// memfd_create(2), close-on-exec.
static inline int clinux_seccomp_memfd(void) {
    long fd = syscall(SYS_memfd_create, "seccomp", 1 /* MFD_CLOEXEC */);
    return fd < 0 ? -errno : (int)fd;
}

/// seccomp_rule_add_array(3); `conditions` holds `count` comparisons.
static inline int clinux_seccomp_rule(
    void *filter, uint32_t action, int number, const struct scmp_arg_cmp *conditions, unsigned count) {
    return seccomp_rule_add_array(filter, action, number, count, conditions);
}

/// Settles what libseccomp believes of the kernel, so that compiling asks nothing of it.
static inline int clinux_seccomp_newest_api(void) {
    for (unsigned level = 7; level > 0; level--)
        if (seccomp_api_set(level) == 0) return (int)level;
    return 0;
}

/// syscall(2) with every argument given: the number decides what they are.
static inline long clinux_raw_call(
    long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
    unsigned long f) {
    long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
}
