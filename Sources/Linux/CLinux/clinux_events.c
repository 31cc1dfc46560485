#define _GNU_SOURCE
#include "clinux_events.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(CLINUX_READY_INPUT == (int)EPOLLIN && CLINUX_READY_OUTPUT == (int)EPOLLOUT, "epoll_ctl(2)");
_Static_assert(CLINUX_READY_ERROR == (int)EPOLLERR && CLINUX_READY_HANGUP == (int)EPOLLHUP, "epoll_ctl(2)");
_Static_assert(CLINUX_READY_PRIORITY == (int)EPOLLPRI, "epoll_ctl(2)");


int clinux_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int control(int epoll, int operation, int fd, uint32_t interest, uint64_t token) {
    struct epoll_event event = { .events = interest, .data.u64 = token };
    return epoll_ctl(epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int clinux_epoll_add(int epoll, int fd, uint32_t interest, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, fd, interest, token);
}

int clinux_epoll_change(int epoll, int fd, uint32_t interest, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, fd, interest, token);
}

int clinux_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int clinux_epoll_wait(int epoll, struct clinux_ready *reports, int capacity, int milliseconds) {
    struct epoll_event events[32];
    int count = epoll_wait(epoll, events, capacity < 32 ? capacity : 32, milliseconds);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        reports[i].token = events[i].data.u64;
        reports[i].ready = events[i].events;
    }
    return count;
}

int clinux_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
    return 0;
}

int clinux_pipe_nonblocking(int ends[2], int nonblocking) {
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    int error = clinux_set_nonblocking(ends[nonblocking]);
    if (error) {
        close(ends[0]);
        close(ends[1]);
    }
    return error;
}

int clinux_listen_unix(const char *path, int backlog) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    mode_t before = umask(0177);
    int failed = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, backlog) < 0;
    int error = -errno;
    umask(before);
    if (!failed) return fd;
    close(fd);
    return error;
}

static int datagram_address(const char *path, struct sockaddr_un *address, socklen_t *length) {
    size_t count = strlen(path);
    if (count == 0 || count >= sizeof address->sun_path) return -ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, count);
    if (path[0] == '@') address->sun_path[0] = 0;
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count);
    return 0;
}

int clinux_bind_datagram(const char *path) {
    struct sockaddr_un address;
    socklen_t length;
    int failure = datagram_address(path, &address, &length);
    if (failure) return failure;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (bind(fd, (struct sockaddr *)&address, length) == 0) return fd;
    int error = -errno;
    close(fd);
    return error;
}

int clinux_send_datagram(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address;
    socklen_t length;
    int failure = datagram_address(path, &address, &length);
    if (failure) return failure;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    ssize_t sent = sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, length);
    int error = sent < 0 ? -errno : 0;
    close(fd);
    return error;
}

int clinux_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

_Static_assert(sizeof(struct clinux_peer) == sizeof(struct ucred), "struct ucred");

int clinux_peer_user(int fd, unsigned *user) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    *user = peer.uid;
    return 0;
}

ssize_t clinux_send(int fd, const void *bytes, size_t count) {
    ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? -errno : sent;
}

void clinux_trim_memory(void) { malloc_trim(0); }

void clinux_trim_stack(size_t bytes) {
    const uintptr_t page = 4096;
    uintptr_t top = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) - page;
    madvise((void *)(top - bytes), bytes, MADV_DONTNEED);
}

static int trim_segments(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        const uintptr_t page = 4096;
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void clinux_trim_program(void) { dl_iterate_phdr(trim_segments, NULL); }
