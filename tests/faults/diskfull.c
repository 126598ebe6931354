/* A full disk: no write below one folder finds room while a flag file stands.
 *
 * LD_PRELOAD it with DISKFULL_ROOT and DISKFULL_FLAG (a file outside of the root). While the flag
 * exists, write, pwrite, writev, pwritev and fallocate on files below the root fail with ENOSPC;
 * files can still be made (an inode is there, a block is not). Removing a file of this process's
 * frees room as a disk does: up to 64 KiB of its size may be written afterwards, by this process.
 * C stdio is not seen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FREED (64 * 1024)

static _Atomic long freed;

static int full(void)
{
    const char *flag = getenv("DISKFULL_FLAG");
    return flag != NULL && syscall(SYS_faccessat, AT_FDCWD, flag, F_OK) == 0;
}

static int below(const char *path)
{
    const char *root = getenv("DISKFULL_ROOT");
    size_t size = root ? strlen(root) : 0;
    return size > 0 && strncmp(path, root, size) == 0 && path[size] == '/';
}

static int linked(int descriptor, const char *rest, char *out)
{
    char name[64];
    ssize_t got = descriptor == AT_FDCWD
        ? syscall(SYS_getcwd, out, PATH_MAX) - 1
        : (snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor),
           syscall(SYS_readlinkat, AT_FDCWD, name, out, PATH_MAX - 1));
    if (got < 0 || got + strlen(rest) + 2 > PATH_MAX)
        return 0;
    out[got] = 0;
    if (*rest != 0)
        strcat(strcat(out, "/"), rest);
    return 1;
}

/* Whether `count` bytes to this descriptor find no room; takes them from what was freed. */
static int refused(int descriptor, size_t count)
{
    char path[PATH_MAX];
    int kept = errno;
    struct stat there;
    if (!full() || syscall(SYS_fstat, descriptor, &there) != 0 || !S_ISREG(there.st_mode) ||
        !linked(descriptor, "", path) || !below(path))
        return errno = kept, 0;
    long room = atomic_load(&freed);
    while (room >= (long)count)
        if (atomic_compare_exchange_weak(&freed, &room, room - (long)count))
            return errno = kept, 0;
    errno = ENOSPC;
    return 1;
}

static size_t total(const struct iovec *data, int pieces)
{
    size_t sum = 0;
    for (int i = 0; i < pieces; i++)
        sum += data[i].iov_len;
    return sum;
}

ssize_t write(int descriptor, const void *data, size_t count)
{
    return refused(descriptor, count) ? -1 : syscall(SYS_write, descriptor, data, count);
}
ssize_t pwrite64(int descriptor, const void *data, size_t count, off64_t offset)
{
    return refused(descriptor, count) ? -1
                                      : syscall(SYS_pwrite64, descriptor, data, count, offset);
}
ssize_t pwrite(int descriptor, const void *data, size_t count, off_t offset)
{
    return pwrite64(descriptor, data, count, offset);
}
ssize_t writev(int descriptor, const struct iovec *data, int pieces)
{
    return refused(descriptor, total(data, pieces))
        ? -1 : syscall(SYS_writev, descriptor, data, pieces);
}
ssize_t pwritev64(int descriptor, const struct iovec *data, int pieces, off64_t offset)
{
    return refused(descriptor, total(data, pieces))
        ? -1 : syscall(SYS_pwritev, descriptor, data, pieces, offset, 0);
}
ssize_t pwritev(int descriptor, const struct iovec *data, int pieces, off_t offset)
{
    return pwritev64(descriptor, data, pieces, offset);
}
int fallocate64(int descriptor, int mode, off64_t offset, off64_t length)
{
    return refused(descriptor, length)
        ? -1 : syscall(SYS_fallocate, descriptor, mode, offset, length);
}
int fallocate(int descriptor, int mode, off_t offset, off_t length)
{
    return fallocate64(descriptor, mode, offset, length);
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t length)
{
    return fallocate64(descriptor, 0, offset, length) ? errno : 0;
}
int posix_fallocate(int descriptor, off_t offset, off_t length)
{
    return posix_fallocate64(descriptor, offset, length);
}
/* Copies inside the kernel are refused, so that callers fall back to read and write. */
ssize_t sendfile64(int out, int in, off64_t *offset, size_t count)
{
    return full() ? (errno = EINVAL, -1) : syscall(SYS_sendfile, out, in, offset, count);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
    return sendfile64(out, in, offset, count);
}

int unlinkat(int folder, const char *path, int flags)
{
    char whole[PATH_MAX];
    struct stat there = {0};
    int counts = !(flags & AT_REMOVEDIR) && full() &&
        (path[0] == '/' ? strlen(path) < PATH_MAX && strcpy(whole, path) != NULL
                        : linked(folder, path, whole)) &&
        below(whole) &&
        syscall(SYS_newfstatat, AT_FDCWD, whole, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(there.st_mode) && there.st_nlink == 1 && there.st_blocks > 0;
    int failed = syscall(SYS_unlinkat, folder, path, flags);
    if (!failed && counts)
        atomic_fetch_add(&freed, there.st_size < MOST_FREED ? there.st_size : MOST_FREED);
    return failed;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
