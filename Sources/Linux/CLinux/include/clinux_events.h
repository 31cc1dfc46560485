// What an event loop over descriptors needs: epoll, non-blocking pipes and sockets, who is at the other end, idle memory.
#pragma once

#include <stdint.h>
#include <sys/types.h>

/// One report of epoll_wait(2); `ready` is a set of CLINUX_READY_….
struct clinux_ready {
    uint64_t token;
    uint32_t ready;
};

enum {
    CLINUX_READY_INPUT = 0x001,
    CLINUX_READY_PRIORITY = 0x002,
    CLINUX_READY_OUTPUT = 0x004,
    CLINUX_READY_ERROR = 0x008,
    /// Both directions are closed.
    CLINUX_READY_HANGUP = 0x010,
};

/// epoll_create1(2), close-on-exec.
int clinux_epoll_create(void);

/// Adds `fd` to, or changes it in, `epoll`.
int clinux_epoll_add(int epoll, int fd, uint32_t interest, uint64_t token);
int clinux_epoll_change(int epoll, int fd, uint32_t interest, uint64_t token);
int clinux_epoll_remove(int epoll, int fd);

/// Waits for at most `capacity` reports (at most 32) and `milliseconds`, -1 for ever. Returns how many there are.
int clinux_epoll_wait(int epoll, struct clinux_ready *reports, int capacity, int milliseconds);

/// pipe2(2), close-on-exec; the end named by `nonblocking` (0 read, 1 write) does not block.
int clinux_pipe_nonblocking(int ends[2], int nonblocking);

int clinux_set_nonblocking(int fd);

/// A non-blocking Unix socket that listens at `path`, which only its owner may connect to (mode 0600 at birth).
int clinux_listen_unix(const char *path, int backlog);

/// A non-blocking datagram socket bound to `path`, which must not exist. Returns it or -errno.
int clinux_bind_datagram(const char *path);

/// Sends one datagram to the socket at `path`; `@` at its beginning stands for the abstract namespace.
int clinux_send_datagram(const char *path, const void *bytes, size_t count);

/// A connection as a non-blocking descriptor, or -EAGAIN.
int clinux_accept(int listener);

/// What SO_PEERCRED gives, as `struct ucred` hides behind _GNU_SOURCE.
struct clinux_peer {
    int process;
    unsigned user;
    unsigned group;
};

/// The user that made the connection, as our user namespace numbers it.
int clinux_peer_user(int fd, unsigned *user);

/// send(2) without a signal when the other end is closed.
ssize_t clinux_send(int fd, const void *bytes, size_t count);

/// Gives every page that malloc keeps free back to the kernel.
void clinux_trim_memory(void);

/// Gives the part of the stack back that lies more than a page below the caller's frame, down to `bytes`.
void clinux_trim_stack(size_t bytes);

/// Unmaps the pages of this program that only ever come from its file; each comes back with a fault when it is needed.
/// For a process that will sleep for long, in a static executable.
void clinux_trim_program(void);
