/* The calls that write, before the library's: they are counted, the n-th writes only half
 * of its bytes and dies, and what was not flushed is remembered. */
#undef _FILE_OFFSET_BITS
#define _GNU_SOURCE 1
#include "counted_calls.h"
#include "checks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

long calls_left = -1, reads_left = -1;
int syncs, writes_fail;

/* What was written and not flushed since, by device and inode; folders by what was named
 * in them. Power that fails may take it, so nothing of it may be under its final name. */
enum { UNFLUSHED_MAX = 256 };
static struct unflushed {
    dev_t device;
    ino_t inode;
} unflushed[UNFLUSHED_MAX];
int unflushed_count, renames, named_too_early;
bool watching, links_refused;

static int find_unflushed(const struct stat *s)
{
    for (int i = 0; i < unflushed_count; i++)
        if (unflushed[i].device == s->st_dev && unflushed[i].inode == s->st_ino)
            return i;
    return -1;
}

static void note_change(int fd)
{
    struct stat s;
    if (!watching || fstat(fd, &s) != 0 || find_unflushed(&s) >= 0)
        return;
    assert_true(unflushed_count < UNFLUSHED_MAX);
    unflushed[unflushed_count++] = (struct unflushed){s.st_dev, s.st_ino};
}

static void note_flush(int fd)
{
    struct stat s;
    int i = watching && fstat(fd, &s) == 0 ? find_unflushed(&s) : -1;
    if (i >= 0)
        unflushed[i] = unflushed[--unflushed_count];
}

static void note_name(int folder, const char *from, int flags)
{
    struct stat s;
    if (!watching || fstatat(folder, from, &s, flags) != 0)
        return;
    renames++;
    named_too_early += find_unflushed(&s) >= 0;
}

static bool fatal(void)
{
    return calls_left >= 0 && calls_left-- == 0;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    pause();
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    bool last = fatal();
    ssize_t done = syscall(SYS_write, fd, bytes, last ? n / 2 : n);
    note_change(fd);
    if (last)
        die();
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    if (writes_fail != 0) {
        errno = writes_fail;
        return -1;
    }
    bool last = fatal();
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, last ? n / 2 : n, at);
    note_change(fd);
    if (last)
        die();
    return done;
}

ssize_t pread64(int fd, void *to, size_t n, off64_t at)
{
    if (reads_left >= 0 && reads_left-- == 0) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, to, n, at);
}

int fsync(int fd)
{
    syncs++;
    if (fatal())
        die();
    note_flush(fd);
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    syncs++;
    if (fatal())
        die();
    note_flush(fd);
    return (int)syscall(SYS_fdatasync, fd);
}

int syncfs(int fd)
{
    syncs++;
    if (fatal())
        die();
    struct stat s;
    int left = 0;
    for (int i = 0; i < unflushed_count && fstat(fd, &s) == 0; i++)
        if (unflushed[i].device != s.st_dev)
            unflushed[left++] = unflushed[i];
    unflushed_count = left;
    return (int)syscall(SYS_syncfs, fd);
}

int rename(const char *from, const char *to)
{
    if (fatal())
        die();
    note_name(AT_FDCWD, from, AT_SYMLINK_NOFOLLOW);
    int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", to);
    *strrchr(folder, '/') = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    note_change(fd);
    close(fd);
    return done;
}

int renameat(int a, const char *from, int b, const char *to)
{
    if (fatal())
        die();
    note_name(a, from, AT_SYMLINK_NOFOLLOW);
    int done = (int)syscall(SYS_renameat2, a, from, b, to, 0);
    note_change(b); /* the name is on the disk when the folder is */
    return done;
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    if (fatal())
        die();
    errno = ENOENT;
    if (links_refused)
        return -1;
    note_name(a, from, flags & AT_EMPTY_PATH);
    int done = (int)syscall(SYS_linkat, a, from, b, to, flags);
    note_change(b);
    return done;
}

int unlink(const char *path)
{
    if (fatal())
        die();
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
    if (fatal())
        die();
    return (int)syscall(SYS_unlinkat, folder, path, flags);
}

int ftruncate64(int fd, off64_t n)
{
    if (fatal())
        die();
    return (int)syscall(SYS_ftruncate, fd, n);
}
