/* Notes every change of the files below one folder, in the order in which they happened.
 *
 * LD_PRELOAD it with POWERCUT_ROOT (a real path, existing) and POWERCUT_TRACE (a file outside of
 * it). Every process that inherits the environment appends to the same trace; `powercut.py` reads
 * it and rebuilds what a disk could hold if the power had failed at any point of it.
 *
 * A change and its record are made under one lock that all processes share, so the order of the
 * records is the order of the changes. A sync is two records, around the call: it covers what was
 * recorded before the first. Files are named by inode, so descriptors that were duplicated,
 * inherited or passed need no table. System calls are made directly, never through the functions
 * that this file replaces.
 *
 * Not seen: writes of C stdio and other calls inside libc (only the creation by fopen is), static
 * programs, stores into a shared writable mapping (noted as one record, which the reader refuses
 * but for SQLite's -shm). sendfile and copy_file_range are refused, so that callers fall back to
 * read and write.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ordered.h"

enum op {
    OPENED = 1, /* with O_CREAT or O_TRUNC; length = 1 if it truncates */
    WRITTEN, SIZED, ALLOCATED, RENAMED, UNLINKED, MADE, REMOVED, LINKED, SYMLINKED,
    SYNCING, SYNCED, MAPPED
};

struct record {
    uint32_t size;
    uint32_t op;
    int32_t pid;
    int32_t tid;
    uint64_t inode;
    int64_t offset;
    int64_t length;
    uint32_t size_a;
    uint32_t size_b;
} __attribute__((packed));

static const char *root, *trace;
static size_t root_size;
static dev_t device;
static FILE *(*next_fopen)(const char *, const char *);

__attribute__((constructor)) static void begin(void)
{
    struct stat there;
    char name[PATH_MAX];
    const char *root_wanted = getenv("POWERCUT_ROOT"), *trace_wanted = getenv("POWERCUT_TRACE");
    if (root_wanted == NULL || trace_wanted == NULL || stat(root_wanted, &there) != 0)
        return;
    device = there.st_dev;
    snprintf(name, sizeof name, "%s.lock", trace_wanted);
    int descriptor = syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0 || syscall(SYS_ftruncate, descriptor, 4096) != 0)
        abort();
    void *page = (void *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
                                 descriptor, 0);
    syscall(SYS_close, descriptor);
    if (page == MAP_FAILED)
        abort();
    lock_word = page;
    trace = strdup(trace_wanted);
    root_size = strlen(root_wanted);
    root = strdup(root_wanted);
}

/* --- records --- */

static void put(enum op op, uint64_t inode, int64_t offset, int64_t length, const char *a,
                const char *b, const struct iovec *data, int pieces, size_t data_size)
{
    int kept = errno;
    struct record head = {.op = op, .pid = syscall(SYS_getpid), .tid = syscall(SYS_gettid),
                          .inode = inode, .offset = offset, .length = length};
    struct iovec parts[3 + 64] = {{&head, sizeof head}, {(void *)a, a ? strlen(a) : 0},
                                  {(void *)b, b ? strlen(b) : 0}};
    int count = 3;
    size_t left = data_size;
    for (int i = 0; i < pieces && left > 0; i++) {
        size_t piece = data[i].iov_len < left ? data[i].iov_len : left;
        parts[count++] = (struct iovec){data[i].iov_base, piece};
        left -= piece;
        if (count == 3 + 64 && left > 0)
            abort();
    }
    head.size_a = parts[1].iov_len;
    head.size_b = parts[2].iov_len;
    head.size = sizeof head + head.size_a + head.size_b + data_size;
    int descriptor = syscall(SYS_openat, AT_FDCWD, trace,
                             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0 || syscall(SYS_writev, descriptor, parts, count) != (long)head.size)
        abort();
    syscall(SYS_close, descriptor);
    errno = kept;
}

/* The absolute path of (folder, path) in `out`, or 0 if it does not lie below the root. */
static int below(int folder, const char *path, char *out)
{
    int kept = errno;
    if (root == NULL || path == NULL)
        return 0;
    size_t used = 0;
    if (path[0] != '/') {
        if (folder == AT_FDCWD) {
            if (syscall(SYS_getcwd, out, PATH_MAX) <= 0)
                return errno = kept, 0;
            used = strlen(out);
        } else {
            char name[64];
            snprintf(name, sizeof name, "/proc/self/fd/%d", folder);
            ssize_t got = syscall(SYS_readlinkat, AT_FDCWD, name, out, PATH_MAX - 1);
            if (got < 0)
                return errno = kept, 0;
            used = got;
        }
        out[used++] = '/';
    }
    errno = kept;
    if (used + strlen(path) >= PATH_MAX)
        return 0;
    strcpy(out + used, path);
    return strncmp(out, root, root_size) == 0 && (out[root_size] == '/' || out[root_size] == 0);
}

/* The inode of a regular file or folder on the root's device, or 0. */
static uint64_t inode_of(int descriptor)
{
    struct stat there;
    int kept = errno;
    if (root == NULL || syscall(SYS_fstat, descriptor, &there) != 0)
        return errno = kept, 0;
    if (there.st_dev != device || !(S_ISREG(there.st_mode) || S_ISDIR(there.st_mode)))
        return 0;
    return there.st_ino;
}

static uint64_t inode_at(const char *path)
{
    struct stat there;
    return syscall(SYS_newfstatat, AT_FDCWD, path, &there, AT_SYMLINK_NOFOLLOW) ? 0 : there.st_ino;
}

/* --- files come to be --- */

static int opening(int folder, const char *path, int flags, mode_t mode)
{
    char full[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || !below(folder, path, full))
        return syscall(SYS_openat, folder, path, flags, mode);
    lock();
    int descriptor = syscall(SYS_openat, folder, path, flags, mode);
    if (descriptor >= 0)
        put(OPENED, inode_of(descriptor), 0, (flags & O_TRUNC) != 0, full, NULL, NULL, 0, 0);
    unlock();
    return descriptor;
}

static mode_t mode_in(int flags, va_list list)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;
}

#define OPEN(name)                                        \
    int name(const char *path, int flags, ...)            \
    {                                                     \
        va_list list;                                     \
        va_start(list, flags);                            \
        mode_t mode = mode_in(flags, list);               \
        va_end(list);                                     \
        return opening(AT_FDCWD, path, flags, mode);      \
    }
#define OPENAT(name)                                      \
    int name(int folder, const char *path, int flags, ...) \
    {                                                     \
        va_list list;                                     \
        va_start(list, flags);                            \
        mode_t mode = mode_in(flags, list);               \
        va_end(list);                                     \
        return opening(folder, path, flags, mode);        \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int __open_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return opening(folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags)
{
    return opening(folder, path, flags, 0);
}
int creat(const char *path, mode_t mode)
{
    return opening(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

FILE *fopen(const char *path, const char *mode)
{
    char full[PATH_MAX];
    if (next_fopen == NULL) /* another library's constructor came first */
        *(void **)&next_fopen = dlsym(RTLD_NEXT, "fopen");
    if (mode[0] == 'r' || !below(AT_FDCWD, path, full))
        return next_fopen(path, mode);
    lock();
    FILE *file = next_fopen(path, mode);
    if (file != NULL)
        put(OPENED, inode_of(fileno(file)), 0, mode[0] == 'w', full, NULL, NULL, 0, 0);
    unlock();
    return file;
}
FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }

/* --- contents --- */

static ssize_t after_write(int descriptor, uint64_t inode, ssize_t done, off_t at,
                           const struct iovec *data, int pieces)
{
    if (done > 0) {
        if (at < 0)
            at = syscall(SYS_lseek, descriptor, 0, SEEK_CUR) - done;
        put(WRITTEN, inode, at, done, NULL, NULL, data, pieces, done);
    }
    unlock();
    return done;
}

ssize_t write(int descriptor, const void *data, size_t count)
{
    uint64_t inode = inode_of(descriptor);
    if (inode == 0)
        return syscall(SYS_write, descriptor, data, count);
    lock();
    struct iovec piece = {(void *)data, count};
    return after_write(descriptor, inode, syscall(SYS_write, descriptor, data, count), -1, &piece,
                       1);
}

ssize_t writev(int descriptor, const struct iovec *data, int pieces)
{
    uint64_t inode = inode_of(descriptor);
    if (inode == 0)
        return syscall(SYS_writev, descriptor, data, pieces);
    if (pieces > 64)
        pieces = 64; /* a short write is legal, and a record has room for 64 */
    lock();
    return after_write(descriptor, inode, syscall(SYS_writev, descriptor, data, pieces), -1, data,
                       pieces);
}

ssize_t pwrite64(int descriptor, const void *data, size_t count, off64_t offset)
{
    uint64_t inode = inode_of(descriptor);
    if (inode == 0)
        return syscall(SYS_pwrite64, descriptor, data, count, offset);
    lock();
    struct iovec piece = {(void *)data, count};
    return after_write(descriptor, inode,
                       syscall(SYS_pwrite64, descriptor, data, count, offset), offset, &piece, 1);
}
ssize_t pwrite(int descriptor, const void *data, size_t count, off_t offset)
{
    return pwrite64(descriptor, data, count, offset);
}

ssize_t pwritev64(int descriptor, const struct iovec *data, int pieces, off64_t offset)
{
    uint64_t inode = inode_of(descriptor);
    if (inode == 0)
        return syscall(SYS_pwritev, descriptor, data, pieces, offset, 0);
    if (pieces > 64)
        pieces = 64;
    lock();
    return after_write(descriptor, inode,
                       syscall(SYS_pwritev, descriptor, data, pieces, offset, 0), offset, data,
                       pieces);
}
ssize_t pwritev(int descriptor, const struct iovec *data, int pieces, off_t offset)
{
    return pwritev64(descriptor, data, pieces, offset);
}

int ftruncate64(int descriptor, off64_t length)
{
    uint64_t inode = inode_of(descriptor);
    if (inode == 0)
        return syscall(SYS_ftruncate, descriptor, length);
    lock();
    int failed = syscall(SYS_ftruncate, descriptor, length);
    if (!failed)
        put(SIZED, inode, 0, length, NULL, NULL, NULL, 0, 0);
    unlock();
    return failed;
}
int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

int truncate64(const char *path, off64_t length)
{
    char full[PATH_MAX];
    if (!below(AT_FDCWD, path, full))
        return syscall(SYS_truncate, path, length);
    lock();
    int failed = syscall(SYS_truncate, path, length);
    if (!failed)
        put(SIZED, inode_at(full), 0, length, NULL, NULL, NULL, 0, 0);
    unlock();
    return failed;
}
int truncate(const char *path, off_t length) { return truncate64(path, length); }

int fallocate64(int descriptor, int mode, off64_t offset, off64_t length)
{
    uint64_t inode = inode_of(descriptor);
    if (inode == 0)
        return syscall(SYS_fallocate, descriptor, mode, offset, length);
    if (mode & ~FALLOC_FL_KEEP_SIZE)
        return errno = EOPNOTSUPP, -1;
    lock();
    int failed = syscall(SYS_fallocate, descriptor, mode, offset, length);
    if (!failed && mode == 0)
        put(ALLOCATED, inode, offset, length, NULL, NULL, NULL, 0, 0);
    unlock();
    return failed;
}
int fallocate(int descriptor, int mode, off_t offset, off_t length)
{
    return fallocate64(descriptor, mode, offset, length);
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t length)
{
    int kept = errno, failed = fallocate64(descriptor, 0, offset, length) ? errno : 0;
    errno = kept;
    return failed;
}
int posix_fallocate(int descriptor, off_t offset, off_t length)
{
    return posix_fallocate64(descriptor, offset, length);
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t count)
{
    return inode_of(out) ? (errno = EINVAL, -1) : syscall(SYS_sendfile, out, in, offset, count);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
    return sendfile64(out, in, offset, count);
}
ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t count,
                        unsigned int flags)
{
    if (inode_of(out))
        return errno = EXDEV, -1;
    return syscall(SYS_copy_file_range, in, in_at, out, out_at, count, flags);
}

void *mmap64(void *address, size_t length, int protection, int flags, int descriptor,
             off64_t offset)
{
    void *page = (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
    if (page == MAP_FAILED || descriptor < 0 || !(flags & MAP_SHARED) ||
        !(protection & PROT_WRITE) || inode_of(descriptor) == 0)
        return page;
    char name[64], full[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    ssize_t got = syscall(SYS_readlinkat, AT_FDCWD, name, full, sizeof full - 1);
    full[got > 0 ? got : 0] = 0;
    char again[PATH_MAX];
    if (below(AT_FDCWD, full, again)) {
        lock();
        put(MAPPED, inode_of(descriptor), 0, 0, again, NULL, NULL, 0, 0);
        unlock();
    }
    return page;
}
void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset)
{
    return mmap64(address, length, protection, flags, descriptor, offset);
}

/* --- names --- */

int renameat2(int folder_a, const char *a, int folder_b, const char *b, unsigned int flags)
{
    char full_a[PATH_MAX], full_b[PATH_MAX];
    int in_a = below(folder_a, a, full_a), in_b = below(folder_b, b, full_b);
    if (!in_a && !in_b)
        return syscall(SYS_renameat2, folder_a, a, folder_b, b, flags);
    lock();
    int failed = syscall(SYS_renameat2, folder_a, a, folder_b, b, flags);
    if (!failed)
        put(RENAMED, inode_at(full_b), 0, flags, full_a, full_b, NULL, 0, 0);
    unlock();
    return failed;
}
int renameat(int folder_a, const char *a, int folder_b, const char *b)
{
    return renameat2(folder_a, a, folder_b, b, 0);
}
int rename(const char *a, const char *b) { return renameat2(AT_FDCWD, a, AT_FDCWD, b, 0); }

int unlinkat(int folder, const char *path, int flags)
{
    char full[PATH_MAX];
    if (!below(folder, path, full))
        return syscall(SYS_unlinkat, folder, path, flags);
    lock();
    int failed = syscall(SYS_unlinkat, folder, path, flags);
    if (!failed)
        put(flags & AT_REMOVEDIR ? REMOVED : UNLINKED, 0, 0, 0, full, NULL, NULL, 0, 0);
    unlock();
    return failed;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path)
{
    int failed = unlinkat(AT_FDCWD, path, 0);
    return failed && errno == EISDIR ? rmdir(path) : failed;
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    char full[PATH_MAX];
    if (!below(folder, path, full))
        return syscall(SYS_mkdirat, folder, path, mode);
    lock();
    int failed = syscall(SYS_mkdirat, folder, path, mode);
    if (!failed)
        put(MADE, inode_at(full), 0, 0, full, NULL, NULL, 0, 0);
    unlock();
    return failed;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int linkat(int folder_a, const char *a, int folder_b, const char *b, int flags)
{
    char full_a[PATH_MAX], full_b[PATH_MAX];
    int in_b = below(folder_b, b, full_b);
    if (!in_b || !below(folder_a, a, full_a))
        return syscall(SYS_linkat, folder_a, a, folder_b, b, flags);
    lock();
    int failed = syscall(SYS_linkat, folder_a, a, folder_b, b, flags);
    if (!failed)
        put(LINKED, inode_at(full_b), 0, 0, full_a, full_b, NULL, 0, 0);
    unlock();
    return failed;
}
int link(const char *a, const char *b) { return linkat(AT_FDCWD, a, AT_FDCWD, b, 0); }

int symlinkat(const char *target, int folder, const char *path)
{
    char full[PATH_MAX];
    if (!below(folder, path, full))
        return syscall(SYS_symlinkat, target, folder, path);
    lock();
    int failed = syscall(SYS_symlinkat, target, folder, path);
    if (!failed)
        put(SYMLINKED, inode_at(full), 0, 0, target, full, NULL, 0, 0);
    unlock();
    return failed;
}
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }

/* --- syncs --- */

static int syncing(long call, int descriptor)
{
    uint64_t inode = inode_of(descriptor);
    if (inode == 0)
        return syscall(call, descriptor);
    lock();
    put(SYNCING, inode, 0, 0, NULL, NULL, NULL, 0, 0);
    unlock();
    int failed = syscall(call, descriptor);
    if (!failed) {
        lock();
        put(SYNCED, inode, 0, 0, NULL, NULL, NULL, 0, 0);
        unlock();
    }
    return failed;
}
int fsync(int descriptor) { return syncing(SYS_fsync, descriptor); }
int fdatasync(int descriptor) { return syncing(SYS_fdatasync, descriptor); }
