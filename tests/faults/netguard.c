/* No way out: refuses every connection and datagram to an address beyond this machine.
 *
 * LD_PRELOAD it. connect(), sendto(), sendmsg() and sendmmsg() to an IPv4 or IPv6 address that is
 * not loopback fail with ENETUNREACH, and getaddrinfo() of a name that is not this machine's fails
 * with EAI_AGAIN (a lookup asks a server). Each refusal appends one line "pid comm what" to
 * $NETGUARD_LOG. Unix sockets and loopback pass. It does not see statically linked programs.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void note(const char *what)
{
    const char *path = getenv("NETGUARD_LOG");
    if (path == NULL)
        return;
    char comm[32] = "?";
    int status = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    if (status >= 0) {
        ssize_t got = read(status, comm, sizeof comm - 1);
        comm[got > 0 ? got - 1 : 0] = 0;
        close(status);
    }
    char line[256];
    int size = snprintf(line, sizeof line, "%d %s %s\n", (int)getpid(), comm, what);
    int log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0)
        return;
    if (write(log, line, size < (int)sizeof line ? size : (int)sizeof line - 1) < 0)
        perror("netguard");
    close(log);
}

/* An address of all zeros reaches this machine too, so it counts as loopback. */
static int inside4(uint32_t host_order)
{
    return host_order >> 24 == 127 || host_order == 0;
}

static int refused(const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "?", line[INET6_ADDRSTRLEN + 16];
    int port;
    if (address == NULL)
        return 0;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const struct sockaddr_in *)address;
        if (inside4(ntohl(a->sin_addr.s_addr)))
            return 0;
        inet_ntop(AF_INET, &a->sin_addr, text, sizeof text);
        port = ntohs(a->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)address;
        uint32_t last;
        memcpy(&last, a->sin6_addr.s6_addr + 12, sizeof last);
        if (IN6_IS_ADDR_LOOPBACK(&a->sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&a->sin6_addr) ||
            (IN6_IS_ADDR_V4MAPPED(&a->sin6_addr) && inside4(ntohl(last))))
            return 0;
        inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof text);
        port = ntohs(a->sin6_port);
    } else {
        return 0;
    }
    snprintf(line, sizeof line, "%s port %d", text, port);
    note(line);
    errno = ENETUNREACH;
    return 1;
}

int connect(int socket, const struct sockaddr *address, socklen_t size)
{
    if (refused(address))
        return -1;
    return syscall(SYS_connect, socket, address, size);
}

ssize_t sendto(int socket, const void *data, size_t count, int flags,
               const struct sockaddr *address, socklen_t size)
{
    if (refused(address))
        return -1;
    return syscall(SYS_sendto, socket, data, count, flags, address, size);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
    if (message != NULL && refused(message->msg_name))
        return -1;
    return syscall(SYS_sendmsg, socket, message, flags);
}

int sendmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags)
{
    for (unsigned int i = 0; i < count; i++)
        if (refused(messages[i].msg_hdr.msg_name))
            return -1;
    return syscall(SYS_sendmmsg, socket, messages, count, flags);
}

static int own_name(const char *name)
{
    char host[256] = "";
    unsigned char bytes[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, name, bytes) == 1 || strchr(name, ':') != NULL)
        return 1; /* a number asks nobody */
    gethostname(host, sizeof host - 1);
    const char *dot = strrchr(name, '.');
    return strcmp(name, "localhost") == 0 || strcmp(name, host) == 0 ||
           strcmp(name, "ip6-localhost") == 0 || (dot && strcmp(dot, ".localhost") == 0);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (name != NULL && *name != 0 && !own_name(name)) {
        char line[200];
        snprintf(line, sizeof line, "name %s", name);
        note(line);
        return EAI_AGAIN;
    }
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    return next(name, service, hints, found);
}
