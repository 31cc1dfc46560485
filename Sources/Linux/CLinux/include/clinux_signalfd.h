// Signals as descriptors: one thread reads them in its poll loop instead of running handlers.
#pragma once

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

/// Blocks `signals` in the calling thread and gives a non-blocking descriptor that reads them.
static inline int clinux_signalfd(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t index = 0; index < count; index++) sigaddset(&set, signals[index]);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error) return -error;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/// The number of the next pending signal, or -EAGAIN.
static inline int clinux_read_signal(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) < 0 ? -errno : (int)info.ssi_signo;
}

/// Lets go of what `clinux_signalfd` blocked.
static inline int clinux_unblock_signals(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t index = 0; index < count; index++) sigaddset(&set, signals[index]);
    return -pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
