#if defined(__linux__)
#define _GNU_SOURCE /* syncfs, O_TMPFILE */
#endif
#include "io/paths.h"

#include "io/root_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct atomic_file {
    int dir, fd;
    dev_t device;
    char temporary[TEMPORARY_BYTES]; /* "" while it has no name at all */
    char name[256];
    char shown[PATH_BYTES]; /* for messages */
};

/* Where numbers of temporary names begin: apart for files written at the same time. */
static unsigned first_number(const char *name)
{
    unsigned n = 0;
    for (; *name; name++)
        n = 31 * n + (unsigned char)*name;
    return n % 50000;
}

/* Make and lock the temporary file: 0 or an errno. The lock tells root_clean in other
 * processes that it is alive; one that was cleaned away before the lock was held has no
 * name any more and is made again. */
static int make_temporary(struct atomic_file *f)
{
    unsigned first = first_number(f->name);
    int problem = EEXIST;
    for (unsigned n = 0; n < 50000; n++) {
        root_make_temporary_name(f->temporary, (long)getpid(), first + n);
        f->fd = openat(f->dir, f->temporary,
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (f->fd < 0 && errno == EEXIST)
            continue;
        if (f->fd < 0) {
            problem = errno;
            break;
        }
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct stat s;
        fcntl(f->fd, F_SETLK,
              &lock); /* without locks there is only the cleaning to lose */
        if (fstat(f->fd, &s) == 0 && s.st_nlink > 0) {
            f->device = s.st_dev;
            return 0;
        }
        close(f->fd);
    }
    f->temporary[0] = '\0';
    return problem;
}

/* A file without a name, where there is such a thing: it costs one change of the folder
 * and not two, and nothing of it is left when we are killed. */
static bool make_unnamed(struct atomic_file *f)
{
#ifdef O_TMPFILE
    struct stat s;
    f->fd = openat(f->dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
    if (f->fd < 0)
        return false;
    if (fstat(f->fd, &s) == 0) {
        f->device = s.st_dev;
        return true;
    }
    close(f->fd);
#endif
    (void)f;
    return false;
}

enum status atomic_begin(struct atomic_file **out, const struct root *r,
                         const char *relative, struct err *e)
{
    *out = NULL;
    int dir;
    const char *name;
    enum status st = root_walk(r, relative, true, &dir, &name, e);
    if (st)
        return st;
    struct atomic_file *f = calloc(1, sizeof *f);
    if (!f) {
        close(dir);
        return err_set(e, ST_NO_MEMORY, "no memory to write %s", relative);
    }
    f->dir = dir;
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->shown, sizeof f->shown, "%.2047s/%.2047s", r->path, relative);
    struct stat s;
    bool taken = fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) == 0;
    int problem = 0;
    if (taken && S_ISDIR(s.st_mode))
        problem = EISDIR;
    else if (taken || !make_unnamed(f))
        problem = make_temporary(f);
    if (problem) {
        st = err_errno(e, ST_DISK, problem, "%s cannot be written", f->shown);
        free(f);
        close(dir);
        return st;
    }
    *out = f;
    return ST_OK;
}

static int write_whole(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno;
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

enum status atomic_write(struct atomic_file *f, const void *bytes, size_t n,
                         struct err *e)
{
    int problem = write_whole(f->fd, bytes, n);
    return problem ? err_errno(e, ST_DISK, problem, "%s cannot be written", f->shown)
                   : ST_OK;
}

static void release(struct atomic_file *f)
{
    close(f->dir);
    free(f);
}

static int flush(const struct atomic_file *f)
{
    return fsync(f->fd) == 0 || errno == EINVAL ? 0 : errno;
}

/* Its final name for a file without one: by its descriptor, which old kernels allow to
 * root alone, else by way of /proc. */
static bool link_unnamed(const struct atomic_file *f)
{
#ifdef O_TMPFILE
    char path[64];
    if (linkat(f->fd, "", f->dir, f->name, AT_EMPTY_PATH) == 0)
        return true;
    snprintf(path, sizeof path, "/proc/self/fd/%d", f->fd);
    return errno != EEXIST &&
           linkat(AT_FDCWD, path, f->dir, f->name, AT_SYMLINK_FOLLOW) == 0;
#else
    (void)f;
    return false;
#endif
}

/* The same bytes, flushed, in a file with a temporary name: for what cannot be linked,
 * and when somebody took the name meanwhile. */
static int copy_to_named(struct atomic_file *f)
{
    char block[1 << 14];
    ssize_t got = 0;
    off_t at = 0;
    int unnamed = f->fd, problem = make_temporary(f);
    while (!problem && (got = pread(unnamed, block, sizeof block, at)) > 0) {
        problem = write_whole(f->fd, block, (size_t)got);
        at += got;
    }
    if (!problem && got < 0)
        problem = errno;
    close(unnamed);
    return problem ? problem : flush(f);
}

static int give_name(struct atomic_file *f)
{
    if (!f->temporary[0]) {
        if (link_unnamed(f))
            return 0;
        int problem = copy_to_named(f);
        if (problem)
            return problem;
    }
    return renameat(f->dir, f->temporary, f->dir, f->name) == 0 ? 0 : errno;
}

static void drop_temporary(const struct atomic_file *f)
{
    if (f->temporary[0])
        unlinkat(f->dir, f->temporary, 0);
}

/* What was flushed gets its name; frees `f`. */
static enum status name_it(struct atomic_file *f, int problem, bool flush_folder,
                           struct err *e)
{
    if (!problem)
        problem = give_name(f);
    if (problem)
        drop_temporary(f);
    if (close(f->fd) != 0 && !problem)
        problem = errno;
    if (!problem && flush_folder)
        problem = root_flush_folder(f->dir);
    enum status st = ST_OK;
    if (problem)
        st = err_errno(e, ST_DISK, problem, "%s cannot be written", f->shown);
    release(f);
    return st;
}

enum status atomic_commit(struct atomic_file *f, struct err *e)
{
    return name_it(f, flush(f), true, e);
}

/* One flush of the file system costs a fraction of many of single files. */
static bool flush_together(struct atomic_file *const *files, size_t n)
{
#if defined(__linux__)
    enum { WORTH_IT = 4 };
    for (size_t i = 1; i < n; i++)
        if (files[i]->device != files[0]->device)
            return false;
    return n >= WORTH_IT && syncfs(files[0]->fd) == 0;
#else
    (void)files, (void)n;
    return false;
#endif
}

enum status atomic_place_all(struct atomic_file **files, size_t n, struct err *e)
{
    enum status st = ST_OK;
    bool flushed = flush_together(files, n);
    for (size_t i = 0; i < n; i++) {
        if (st == ST_OK)
            st = name_it(files[i], flushed ? 0 : flush(files[i]), false, e);
        else
            atomic_abort(files[i]);
        files[i] = NULL;
    }
    return st;
}

void atomic_abort(struct atomic_file *f)
{
    if (!f)
        return;
    drop_temporary(f);
    close(f->fd);
    release(f);
}

enum status root_write_file(const struct root *r, const char *relative, const void *bytes,
                            size_t n, struct err *e)
{
    struct atomic_file *f;
    enum status st = atomic_begin(&f, r, relative, e);
    if (st)
        return st;
    st = atomic_write(f, bytes, n, e);
    if (!st)
        return atomic_commit(f, e);
    atomic_abort(f);
    return st;
}
