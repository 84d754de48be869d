#if defined(__linux__)
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include "core/announce.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_MAX_BYTES = 1 << 28 };

/* A folder that a listed file was alone in goes with it; what holds anything stays. */
static void remove_empty_parents(const struct root *root, char *path)
{
    for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
        *slash = '\0';
        if (root_remove(root, path, NULL) != ST_OK)
            return;
    }
}

static void remove_listed(const struct announced *a)
{
    struct stat s;
    if (fstat(a->fd, &s) != 0 || s.st_size <= 0 || s.st_size > LIST_MAX_BYTES)
        return;
    char *text = calloc(1, (size_t)s.st_size + 1), *rest;
    if (text && pread(a->fd, text, (size_t)s.st_size, 0) == s.st_size)
        for (char *line = strtok_r(text, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest)) {
            root_remove(a->root, line, NULL);
            remove_empty_parents(a->root, line);
        }
    free(text);
}

static enum status make_folder(const struct root *root, const char *list, struct err *e)
{
    char folder[256];
    const char *slash = strrchr(list, '/');
    if (!slash)
        return ST_OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - list), list);
    return root_mkdirs(root, folder, e);
}

/* The lock belongs to the open file where there is such a kind: another descriptor of
 * this process that is closed does not drop it. */
static int lock_whole(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
#ifdef F_OFD_SETLK
    return fcntl(fd, F_OFD_SETLK, &lock);
#else
    return fcntl(fd, F_SETLK, &lock);
#endif
}

/* Open and lock: 0 or an errno. A list that another process removed is made again. */
static int hold(struct announced *a)
{
    for (;;) {
        struct stat s;
        a->fd = openat(a->root->fd, a->list,
                       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (a->fd < 0)
            return errno;
        if (lock_whole(a->fd) != 0 && (errno == EAGAIN || errno == EACCES)) {
            announce_leave(a);
            return EAGAIN;
        }
        if (fstat(a->fd, &s) != 0 || s.st_nlink > 0)
            return 0;
        announce_leave(a);
    }
}

enum status announce_claim(struct announced *a, const struct root *root, const char *list,
                           struct err *e)
{
    *a = (struct announced){.root = root, .fd = -1};
    snprintf(a->list, sizeof a->list, "%s", list);
    enum status st = make_folder(root, list, e);
    if (st != ST_OK)
        return st;
    int problem = hold(a);
    if (problem == EAGAIN)
        return err_set(e, ST_BUSY,
                       "trowel is at work in %s already; let it end, or stop it first",
                       root->path);
    return problem ? err_errno(e, ST_DISK, problem, "%s/%s cannot be written", root->path,
                               list)
                   : ST_OK;
}

enum status announce_empty(struct announced *a, struct err *e)
{
    if (ftruncate(a->fd, 0) == 0)
        return ST_OK;
    int problem = errno;
    announce_leave(a);
    return err_errno(e, ST_DISK, problem, "%s/%s cannot be written", a->root->path,
                     a->list);
}

enum status announce_restart(struct announced *a, struct err *e)
{
    remove_listed(a);
    return announce_empty(a, e);
}

bool announce_names(struct announced *a, const char *const *names, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += strlen(names[i]) + 1;
    char *lines = malloc(n + 1), *end = lines;
    for (size_t i = 0; lines && i < count; i++) {
        end = stpcpy(end, names[i]);
        *end++ = '\n';
    }
    ssize_t wrote = !lines ? -1 : n == 0 ? 0 : write(a->fd, lines, n);
    int problem = !lines ? ENOMEM : wrote < 0 ? errno : ENOSPC;
    free(lines);
    errno = problem;
    return wrote == (ssize_t)n;
}

bool announce_name(struct announced *a, const char *relative)
{
    return announce_names(a, &relative, 1);
}

void announce_leave(struct announced *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

enum status announce_end(struct announced *a, struct err *e)
{
    enum status st = root_remove(a->root, a->list, e);
    announce_leave(a);
    return st == ST_NOT_FOUND ? ST_OK : st;
}
