// bpf(2) for cgroup device programs: the attribute union's prefixes that are used here, and nothing else.
#pragma once

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct clinux_bpf_load {
    uint32_t prog_type;
    uint32_t insn_cnt;
    uint64_t insns;
    uint64_t license;
    uint32_t log_level;
    uint32_t log_size;
    uint64_t log_buf;
    uint32_t kern_version;
    uint32_t prog_flags;
};
_Static_assert(sizeof(struct clinux_bpf_load) == 48, "bpf(2), BPF_PROG_LOAD");

struct clinux_bpf_attach {
    uint32_t target_fd;
    uint32_t attach_bpf_fd;
    uint32_t attach_type;
    uint32_t attach_flags;
    uint32_t replace_bpf_fd;
    uint32_t pad;
};
_Static_assert(sizeof(struct clinux_bpf_attach) == 24, "bpf(2), BPF_PROG_ATTACH");

struct clinux_bpf_query {
    uint32_t target_fd;
    uint32_t attach_type;
    uint32_t query_flags;
    uint32_t attach_flags;
    uint64_t prog_ids;
    uint32_t prog_cnt;
    uint32_t pad;
};
_Static_assert(sizeof(struct clinux_bpf_query) == 32, "bpf(2), BPF_PROG_QUERY");

struct clinux_bpf_get {
    uint32_t prog_id;
    uint32_t next_id;
    uint32_t open_flags;
    uint32_t pad;
};
_Static_assert(sizeof(struct clinux_bpf_get) == 16, "bpf(2), BPF_PROG_GET_FD_BY_ID");

static inline long clinux_bpf(int command, void *attributes, unsigned size) {
    long result = syscall(SYS_bpf, command, attributes, size);
    return result < 0 ? -errno : result;
}

/// BPF_PROG_LOAD of a BPF_PROG_TYPE_CGROUP_DEVICE program; `log` receives the verifier's words and may be empty.
static inline int clinux_bpf_load_device(const void *instructions, unsigned count, char *log, unsigned log_size) {
    struct clinux_bpf_load attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = 15;
    attributes.insn_cnt = count;
    attributes.insns = (uintptr_t)instructions;
    attributes.license = (uintptr_t)"Apache";
    if (log_size) {
        attributes.log_level = 1;
        attributes.log_size = log_size;
        attributes.log_buf = (uintptr_t)log;
    }
    return (int)clinux_bpf(5, &attributes, sizeof attributes);
}

/// BPF_PROG_ATTACH to BPF_CGROUP_DEVICE; with BPF_F_REPLACE when `replaced` is not negative.
static inline int clinux_bpf_attach_device(int group, int program, int replaced) {
    struct clinux_bpf_attach attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)group;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = 6;
    attributes.attach_flags = 2 /* BPF_F_ALLOW_MULTI */ | (replaced >= 0 ? 4 /* BPF_F_REPLACE */ : 0);
    attributes.replace_bpf_fd = replaced >= 0 ? (uint32_t)replaced : 0;
    return (int)clinux_bpf(8, &attributes, sizeof attributes);
}

/// BPF_PROG_DETACH from BPF_CGROUP_DEVICE.
static inline int clinux_bpf_detach_device(int group, int program) {
    struct clinux_bpf_attach attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)group;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = 6;
    return (int)clinux_bpf(9, &attributes, sizeof attributes);
}

/// The ids of the device programs attached to exactly this group; returns how many there are.
static inline int clinux_bpf_query_device(int group, uint32_t *ids, unsigned capacity) {
    struct clinux_bpf_query attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)group;
    attributes.attach_type = 6;
    attributes.prog_ids = (uintptr_t)ids;
    attributes.prog_cnt = capacity;
    long result = clinux_bpf(16, &attributes, sizeof attributes);
    return result < 0 ? (int)result : (int)attributes.prog_cnt;
}

/// BPF_PROG_GET_FD_BY_ID.
static inline int clinux_bpf_program(uint32_t id) {
    struct clinux_bpf_get attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_id = id;
    return (int)clinux_bpf(13, &attributes, sizeof attributes);
}
