// Starting another program from a process that has threads: posix_spawn(3), which is vfork underneath.
#pragma once

#include <sys/types.h>

/// One descriptor of the new process: `to` there is `from` here.
struct clinux_spawn_descriptor {
    int from;
    int to;
};

/// pipe2(2) with O_CLOEXEC. Returns 0 or -errno.
int clinux_pipe(int ends[2]);

/// Starts `path` (looked up along PATH when it has no slash) with default signals, an empty signal mask and, when
/// `new_session`, a session of its own. Descriptors not listed are closed if they are O_CLOEXEC, as all of ours are.
/// `from` must not be the `to` of another entry. `directory` may be NULL. Returns the pid or -errno.
int clinux_spawn(const char *path, char *const argv[], char *const envp[], const char *directory, int new_session,
                 const struct clinux_spawn_descriptor *descriptors, size_t count);

/// A copy of `fd`, O_CLOEXEC, whose number is at least `least`. Returns it or -errno.
int clinux_duplicate_above(int fd, int least);
