#if defined(__linux__)
#define _GNU_SOURCE /* O_TMPFILE */
#endif
#include "io/paths.h"

#include "io/root_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

enum status root_open(struct root *r, const char *path, bool create, struct err *e)
{
    r->fd = -1;
    if (strlen(path) >= sizeof r->path)
        return err_set(e, ST_USAGE, "%.80s… is too long a path", path);
    if (create) {
        enum status st = path_mkdirs(path, e);
        if (st)
            return st;
    }
    int fd = open(path, folder_flags);
    if (fd < 0 && errno == ENOENT)
        return err_set(e, ST_NOT_FOUND, "the folder %s does not exist", path);
    if (fd < 0)
        return err_errno(e, ST_DISK, errno, "the folder %s cannot be opened", path);
    r->fd = fd;
    strcpy(r->path, path);
    return ST_OK;
}

enum status root_of_file(struct root *r, const char *path, bool create, const char **name,
                         struct err *e)
{
    char folder[PATH_BYTES];
    *name = path_base(path);
    snprintf(folder, sizeof folder, "%s", path);
    path_up(folder);
    return root_open(r, folder, create, e);
}

void root_done(struct root *r)
{
    if (r->path[0] && r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    r->path[0] = '\0';
}

/* One folder down, or an errno; ELOOP for a link. */
static int step(int dir, const char *name, bool create, int *next)
{
    *next = openat(dir, name, folder_flags | O_NOFOLLOW);
    if (*next < 0 && errno == ENOENT && create) {
        if (mkdirat(dir, name, 0777) != 0 && errno != EEXIST)
            return errno;
        *next = openat(dir, name, folder_flags | O_NOFOLLOW);
    }
    if (*next >= 0)
        return 0;
    int problem = errno;
    struct stat s;
    if (fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode))
        return ELOOP;
    return problem;
}

/* What is not there while it was to be made has lost the folder above it. */
static enum status step_error(const struct root *r, const char *relative, size_t n,
                              bool create, int problem, struct err *e)
{
    int shown = (int)n;
    if (problem == ELOOP)
        return err_set(e, ST_REFUSED,
                       "%s/%.*s is a symbolic link; nothing is written through it",
                       r->path, shown, relative);
    if (problem == ENOTDIR)
        return err_set(e, ST_DISK, "%s/%.*s is in the way: it is not a folder", r->path,
                       shown, relative);
    return err_errno(e, problem == ENOENT && !create ? ST_NOT_FOUND : ST_DISK, problem,
                     "the folder %s/%.*s cannot be used", r->path, shown, relative);
}

/* Open the folder given by the first `n` bytes of `relative`. */
static enum status walk(const struct root *r, const char *relative, size_t n, bool create,
                        int *fd, struct err *e)
{
    int here = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
    if (here < 0)
        return err_errno(e, ST_DISK, errno, "the folder %s cannot be used", r->path);
    for (size_t at = 0; at < n;) {
        size_t length = strcspn(relative + at, "/");
        if (length > n - at)
            length = n - at;
        char name[256];
        memcpy(name, relative + at, length); /* checked: at most 255 bytes */
        name[length] = '\0';
        int next, problem = step(here, name, create, &next);
        close(here);
        if (problem)
            return step_error(r, relative, at + length, create, problem, e);
        here = next;
        at += length + 1;
    }
    *fd = here;
    return ST_OK;
}

enum status root_walk(const struct root *r, const char *relative, bool create, int *fd,
                      const char **name, struct err *e)
{
    enum status st = path_check_relative(relative, e);
    if (st)
        return st;
    *name = path_base(relative);
    size_t folder = (size_t)(*name - relative);
    return walk(r, relative, folder ? folder - 1 : 0, create, fd, e);
}

enum status root_sub(struct root *r, const struct root *parent, const char *relative,
                     bool create, struct err *e)
{
    r->fd = -1;
    enum status st = path_check_relative(relative, e);
    if (!st)
        st = path_join(r->path, sizeof r->path, parent->path, relative, e);
    if (!st)
        st = walk(parent, relative, strlen(relative), create, &r->fd, e);
    if (st)
        r->path[0] = '\0';
    return st;
}

enum status root_mkdirs(const struct root *r, const char *relative, struct err *e)
{
    enum status st = path_check_relative(relative, e);
    int fd;
    if (!st)
        st = walk(r, relative, strlen(relative), true, &fd, e);
    if (!st)
        close(fd);
    return st;
}

static bool look_at(const struct root *r, const char *relative, struct stat *s)
{
    int fd;
    const char *name = path_base(relative);
    if (name == relative)
        return path_check_relative(relative, NULL) == ST_OK &&
               fstatat(r->fd, name, s, AT_SYMLINK_NOFOLLOW) == 0;
    if (root_walk(r, relative, false, &fd, &name, NULL))
        return false;
    bool there = fstatat(fd, name, s, AT_SYMLINK_NOFOLLOW) == 0;
    close(fd);
    return there;
}

bool root_exists(const struct root *r, const char *relative)
{
    struct stat s;
    return look_at(r, relative, &s);
}

enum status root_remove(const struct root *r, const char *relative, struct err *e)
{
    int fd;
    const char *name;
    enum status st = root_walk(r, relative, false, &fd, &name, e);
    if (st)
        return st;
    struct stat s;
    int problem = 0;
    if (fstatat(fd, name, &s, AT_SYMLINK_NOFOLLOW) != 0 ||
        unlinkat(fd, name, S_ISDIR(s.st_mode) ? AT_REMOVEDIR : 0) != 0)
        problem = errno;
    close(fd);
    if (!problem)
        return ST_OK;
    return err_errno(e, problem == ENOENT ? ST_NOT_FOUND : ST_DISK, problem,
                     "%s/%s cannot be removed", r->path, relative);
}

static enum status rename_and(bool flush, const struct root *r, const char *from,
                              const char *to, struct err *e)
{
    int fd_from, fd_to;
    const char *name_from, *name_to;
    enum status st = root_walk(r, from, false, &fd_from, &name_from, e);
    if (st)
        return st;
    st = root_walk(r, to, true, &fd_to, &name_to, e);
    if (st) {
        close(fd_from);
        return st;
    }
    int problem = renameat(fd_from, name_from, fd_to, name_to) == 0 ? 0 : errno;
    if (!problem && flush)
        problem = root_flush_folder(fd_to);
    close(fd_from);
    close(fd_to);
    if (!problem)
        return ST_OK;
    return err_errno(e, problem == ENOENT ? ST_NOT_FOUND : ST_DISK, problem,
                     "%s/%s cannot be renamed to %s", r->path, from, to);
}

enum status root_rename(const struct root *r, const char *from, const char *to,
                        struct err *e)
{
    return rename_and(true, r, from, to, e);
}

enum status root_rename_soon(const struct root *r, const char *from, const char *to,
                             struct err *e)
{
    return rename_and(false, r, from, to, e);
}

void root_make_temporary_name(char out[TEMPORARY_BYTES], long pid, unsigned n)
{
    snprintf(out, TEMPORARY_BYTES, ".trowel-%ld-%u.tmp", pid, n);
}

/* Is `name` one of our temporary files? *pid receives whose. */
static bool is_temporary(const char *name, long *pid)
{
    unsigned n;
    int end = -1;
    return sscanf(name, ".trowel-%ld-%u.tmp%n", pid, &n, &end) == 2 && end > 0 &&
           name[end] == '\0';
}

/* A file to try something with, or -1; without a name where there is such a thing. */
static int open_probe(const struct root *r, char temporary[TEMPORARY_BYTES])
{
    int fd = -1;
    temporary[0] = '\0';
#ifdef O_TMPFILE
    fd = openat(r->fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
#endif
    for (unsigned n = 0; fd < 0 && n < 100; n++) {
        root_make_temporary_name(temporary, (long)getpid(), n);
        fd = openat(r->fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

static void close_probe(const struct root *r, int fd, const char *temporary)
{
    if (temporary[0])
        unlinkat(r->fd, temporary, 0);
    close(fd);
}

bool root_shares_memory(const char *beside)
{
    enum { BYTES = 4096 };
    struct root folder;
    const char *name;
    char temporary[TEMPORARY_BYTES];
    if (root_of_file(&folder, beside, false, &name, NULL))
        return true;
    void *at = NULL;
    int fd = open_probe(&folder, temporary);
    if (fd >= 0 && ftruncate(fd, BYTES) == 0)
        at = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at && at != MAP_FAILED)
        munmap(at, BYTES);
    if (fd >= 0)
        close_probe(&folder, fd, temporary);
    root_done(&folder);
    return at != MAP_FAILED;
}

enum status root_check_locks(const struct root *r, struct err *e)
{
    char temporary[TEMPORARY_BYTES];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open_probe(r, temporary);
    if (fd < 0)
        return ST_OK;
    bool kept = fcntl(fd, F_SETLK, &lock) == 0 || errno == EAGAIN || errno == EACCES;
    close_probe(r, fd, temporary);
    return kept ? ST_OK
                : err_set(e, ST_DISK,
                          "the disk of %s keeps no file locks, which the catalog needs; "
                          "put the project on another one",
                          r->path);
}

int root_flush_folder(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
}

enum status root_flush(const struct root *r, const char *folder, struct err *e)
{
    int fd;
    enum status st = *folder ? path_check_relative(folder, e) : ST_OK;
    if (!st)
        st = walk(r, folder, strlen(folder), false, &fd, e);
    if (st)
        return st;
    int problem = root_flush_folder(fd);
    close(fd);
    return problem ? err_errno(e, ST_DISK, problem, "the folder %s/%s cannot be flushed",
                               r->path, folder)
                   : ST_OK;
}

/* Another process that still writes holds a lock on the whole file. */
static bool is_abandoned(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool free_to_go = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
    close(fd);
    return free_to_go;
}

static int clean(int fd, int depth)
{
    int removed = 0;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return 0;
    }
    struct dirent *entry;
    rewinddir(dir); /* the descriptor shares its place with the root's */
    while ((entry = readdir(dir))) {
        const char *name = entry->d_name;
        struct stat s;
        long pid;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            fstatat(fd, name, &s, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(s.st_mode) && depth > 0) {
            int below = openat(fd, name, folder_flags | O_NOFOLLOW);
            if (below >= 0)
                removed += clean(below, depth - 1);
        } else if (S_ISREG(s.st_mode) && is_temporary(name, &pid) &&
                   /* closing a descriptor of our own file would drop its lock */
                   pid != (long)getpid() && is_abandoned(fd, name) &&
                   unlinkat(fd, name, 0) == 0) {
            removed++;
        }
    }
    closedir(dir);
    return removed;
}

int root_clean(const struct root *r)
{
    int fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? 0 : clean(fd, 16);
}
