// Terminals, passed descriptors and the loopback device: ioctls and control messages, whose macros Swift cannot see.
#pragma once

#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static inline int clinux_unlock_terminal(int master) {
    int zero = 0;
    return ioctl(master, TIOCSPTLCK, &zero) < 0 ? -errno : 0;
}

/// Opens the other end without a path, so that nothing in the container can redirect it. Linux 4.13.
static inline int clinux_terminal_peer(int master, int flags) {
    int fd = ioctl(master, 0x5441 /* TIOCGPTPEER */, flags);
    return fd < 0 ? -errno : fd;
}

static inline int clinux_terminal_number(int master) {
    unsigned number = 0;
    return ioctl(master, TIOCGPTN, &number) < 0 ? -errno : (int)number;
}

static inline int clinux_set_window(int terminal, unsigned short rows, unsigned short columns) {
    struct winsize size = {rows, columns, 0, 0};
    return ioctl(terminal, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

static inline int clinux_get_window(int terminal, unsigned short *rows, unsigned short *columns) {
    struct winsize size = {0, 0, 0, 0};
    if (ioctl(terminal, TIOCGWINSZ, &size) < 0) return -errno;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

static inline int clinux_control_terminal(int terminal) { return ioctl(terminal, TIOCSCTTY, 0) < 0 ? -errno : 0; }

/// Sends `length` bytes and at most 8 descriptors in one message.
static inline long clinux_send_descriptors(
    int socket, const void *bytes, size_t length, const int *descriptors, size_t count) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec piece = {(void *)bytes, length};
    struct msghdr message = {0};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (count > 8) return -EINVAL;
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    }
    long sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

/// Receives one message with at most 8 descriptors, each O_CLOEXEC; `count` says how many came.
static inline long clinux_receive_descriptors(
    int socket, void *bytes, size_t length, int *descriptors, size_t *count) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec piece = {bytes, length};
    struct msghdr message = {0};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    *count = 0;
    long received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(descriptors, CMSG_DATA(header), *count * sizeof(int));
    }
    return received;
}

static inline int clinux_unix_address(struct sockaddr_un *address, const char *path) {
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return 0;
}

/// Connects a new stream socket to the Unix socket `path`.
static inline int clinux_connect_unix(const char *path) {
    struct sockaddr_un address;
    int error = clinux_unix_address(&address, path);
    if (error) return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    error = -errno;
    close(fd);
    return error;
}

/// A pair whose messages keep their borders.
static inline int clinux_message_pair(int *two) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, two) < 0 ? -errno : 0;
}

/// Brings `lo` of the current network namespace up; the kernel adds 127.0.0.1 and ::1 by itself.
static inline int clinux_loopback_up(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int error = ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
    close(fd);
    return error;
}
