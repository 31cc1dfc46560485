#define _GNU_SOURCE
#include "clinux_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0; }

int clinux_spawn(const char *path, char *const argv[], char *const envp[], const char *directory, int new_session,
                 const struct clinux_spawn_descriptor *descriptors, size_t count) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return -failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure) {
        posix_spawn_file_actions_destroy(&actions);
        return -failure;
    }
    for (size_t i = 0; i < count && !failure; i++)
        failure = posix_spawn_file_actions_adddup2(&actions, descriptors[i].from, descriptors[i].to);
    /* Libraries open descriptors without O_CLOEXEC (SwiftNIO's sockets, for one): none of them reaches the child. */
    int last = STDERR_FILENO;
    for (size_t i = 0; i < count; i++)
        if (descriptors[i].to > last) last = descriptors[i].to;
    if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(&actions, last + 1);
    if (!failure && directory) failure = posix_spawn_file_actions_addchdir_np(&actions, directory);

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (!failure) failure = posix_spawnattr_setsigmask(&attributes, &none);
    if (!failure) failure = posix_spawnattr_setsigdefault(&attributes, &all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (new_session ? POSIX_SPAWN_SETSID : 0);
    if (!failure) failure = posix_spawnattr_setflags(&attributes, flags);

    pid_t pid = 0;
    if (!failure) failure = posix_spawnp(&pid, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure ? -failure : pid;
}

int clinux_duplicate_above(int fd, int least) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, least);
    return copy < 0 ? -errno : copy;
}
