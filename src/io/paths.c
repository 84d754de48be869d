#include "io/paths.h"

#include "io/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 255, BLOCK_BYTES = 1 << 17 };

enum status path_check_relative(const char *relative, struct err *e)
{
    const char *p = relative;
    if (*p == '\0')
        return err_set(e, ST_REFUSED, "an empty path was given for an output file");
    if (*p == '/')
        return err_set(e, ST_REFUSED, "%s leads out of the output folder", relative);
    while (*p) {
        size_t n = strcspn(p, "/");
        bool dots = (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.');
        if (n == 0 || dots)
            return err_set(e, ST_REFUSED, "%s leads out of the output folder", relative);
        if (n > NAME_BYTES)
            return err_set(e, ST_REFUSED, "%s has a name above %d bytes", relative,
                           NAME_BYTES);
        p += n;
        if (*p == '/' && *++p == '\0')
            return err_set(e, ST_REFUSED, "%s ends with a separator", relative);
    }
    return ST_OK;
}

enum status path_check_name(const char *name, const char *what, struct err *e)
{
    if (name[strspn(name, " ")] == '\0')
        return err_set(e, ST_REFUSED, "the %s is empty", what);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return err_set(e, ST_REFUSED, "the %s %s would lead out of the output folder",
                       what, name);
    for (const char *p = name; *p; p++) {
        if (*p == '/' || *p == '\\')
            return err_set(e, ST_REFUSED, "the %s %s holds a separator; use a plain name",
                           what, name);
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return err_set(e, ST_REFUSED,
                           "the %s holds a control character; use a plain name", what);
    }
    if (strlen(name) > NAME_BYTES)
        return err_set(e, ST_REFUSED, "the %s is longer than %d bytes", what, NAME_BYTES);
    return ST_OK;
}

enum status path_join(char *out, size_t size, const char *a, const char *b, struct err *e)
{
    size_t n = strlen(a);
    const char *between = n == 0 || a[n - 1] == '/' || *b == '\0' ? "" : "/";
    int length = snprintf(out, size, "%s%s%s", a, between, b);
    if (length < 0 || (size_t)length >= size)
        return err_set(e, ST_REFUSED, "the path %.60s…/%.60s is too long", a, b);
    return ST_OK;
}

void path_from_home(char *out, size_t size, const char *written)
{
    const char *home = getenv("HOME");
    bool own = written[0] == '~' && (written[1] == '/' || written[1] == '\0');
    snprintf(out, size, "%s%s", own && home ? home : "",
             own && home ? written + 1 : written);
}

bool path_has(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    return path_join(path, sizeof path, folder, name, NULL) == ST_OK &&
           access(path, F_OK) == 0;
}

const char *path_below(const char *text, const char *folder)
{
    size_t n = folder ? strlen(folder) : 0;
    return n > 0 && strncmp(text, folder, n) == 0 && text[n] == '/' ? text + n + 1 : text;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void path_up(char *path)
{
    size_t above = (size_t)(path_base(path) - path);
    if (above == 0)
        strcpy(path, ".");
    else
        path[above > 1 ? above - 1 : 1] = '\0';
}

size_t path_stem(const char *path)
{
    const char *base = path_base(path), *dot = strrchr(base, '.');
    return dot && dot != base ? (size_t)(dot - path) : strlen(path);
}

const char *path_ending(const char *path)
{
    const char *end = path + path_stem(path);
    return *end ? end + 1 : end;
}

bool path_is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool path_is_file(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

/* Of what has a name: is it a folder? */
static enum status check_folder(const char *path, struct err *e)
{
    struct stat s;
    if (stat(path, &s) != 0 && errno == ENOENT)
        return err_set(e, ST_DISK, "%s is a broken link; is a disk missing?", path);
    if (stat(path, &s) != 0)
        return err_errno(e, ST_DISK, errno, "the folder %s cannot be used", path);
    return S_ISDIR(s.st_mode)
               ? ST_OK
               : err_set(e, ST_DISK, "%s is in the way: it is not a folder", path);
}

enum status path_mkdirs(const char *path, struct err *e)
{
    char so_far[PATH_BYTES];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof so_far)
        return err_set(e, ST_USAGE, "%.80s is not a usable folder name",
                       n ? path : "an empty name");
    memcpy(so_far, path, n + 1);
    for (char *p = so_far + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        struct stat s;
        if (mkdir(so_far, 0777) != 0 && errno != EEXIST && errno != EISDIR) {
            int problem = errno;
            /* EROFS or EACCES on a folder that is there is no problem. */
            if (stat(so_far, &s) != 0)
                return err_errno(e, ST_DISK, problem, "the folder %s cannot be made",
                                 so_far);
        }
        enum status st = check_folder(so_far, e);
        if (st != ST_OK || end == '\0')
            return st;
        *p = end;
    }
}

/* Of the names in `missing`, one that not every disk takes: only making it in `folder`
 * tells. */
static enum status try_name(const char *folder, const char *missing, const char *wanted,
                            struct err *e)
{
    char path[PATH_BYTES], name[PATH_BYTES];
    const char *odd = strpbrk(missing, UNPORTABLE), *begin = odd;
    if (!odd)
        return ST_OK;
    while (begin > missing && begin[-1] != '/')
        begin--;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(begin, "/"), begin);
    if (path_join(path, sizeof path, folder, name, NULL) != ST_OK)
        return ST_OK;
    if (mkdir(path, 0777) == 0)
        rmdir(path);
    else if (errno != EEXIST)
        return err_errno(e, ST_DISK, errno, "%s cannot be made", wanted);
    return ST_OK;
}

enum status path_check_writable(const char *path, bool may_try, struct err *e)
{
    char there[PATH_BYTES];
    struct stat s;
    if (snprintf(there, sizeof there, "%s", path) >= (int)sizeof there)
        return ST_OK; /* whoever makes it says so */
    const char *missing = path + strlen(path);
    bool found = path_is_folder(there);
    while (!found) { /* what it lies in, also where a file there is replaced */
        missing = path + (path_base(there) - there);
        path_up(there);
        found = lstat(there, &s) == 0 || (errno != ENOENT && errno != ENOTDIR);
    }
    enum status st = check_folder(there, e);
    if (st != ST_OK)
        return st;
    if (access(there, W_OK | X_OK) != 0)
        return err_errno(e, ST_DISK, errno, "the folder %s cannot be written", there);
    return may_try ? try_name(there, missing, path, e) : ST_OK;
}

static enum status checked_regular(int fd, const char *path, struct err *e)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return err_errno(e, ST_UNREADABLE, errno, "%s cannot be read", path);
    if (S_ISDIR(s.st_mode))
        return err_set(e, ST_UNREADABLE, "%s is a folder, not a file", path);
    if (!S_ISREG(s.st_mode))
        return err_set(e, ST_UNREADABLE, "%s is a pipe, device or socket, not a file",
                       path);
    return ST_OK;
}

enum status path_failure(struct err *e, int problem, const char *path)
{
    struct stat link;
    switch (problem) {
    case ENOENT:
    case ENOTDIR:
        return err_set(e, ST_NOT_FOUND, "%s %s", path,
                       lstat(path, &link) == 0 ? "is a broken link" : "does not exist");
    case ELOOP:
        return err_set(e, ST_UNREADABLE, "%s is a link that leads back to itself", path);
    case EACCES:
        return err_set(e, ST_UNREADABLE, "%s cannot be read: no permission", path);
    case EMFILE:
    case ENFILE:
        return err_set(e, ST_NO_MEMORY,
                       "%s cannot be opened: too many files are open; try a smaller "
                       "--jobs or a larger ulimit -n",
                       path);
    default:
        return err_errno(e, ST_UNREADABLE, problem, "%s cannot be opened", path);
    }
}

enum status path_open_file(const char *path, int *fd, struct err *e)
{
    /* Looking first keeps device drivers from noticing an open(); looking again on the
     * descriptor closes the gap between. */
    struct stat s;
    if (stat(path, &s) != 0)
        return path_failure(e, errno, path);
    if (!S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode))
        return err_set(e, ST_UNREADABLE, "%s is a pipe, device or socket, not a file",
                       path);
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0)
        return path_failure(e, errno, path);
    enum status st = checked_regular(*fd, path, e);
    if (st)
        close(*fd);
    return st;
}

enum status path_read_blocks(const char *path,
                             enum status (*take)(void *user, const void *bytes, size_t n,
                                                 struct err *e),
                             void *user, struct err *e)
{
    int fd;
    enum status st = path_open_file(path, &fd, e);
    if (st)
        return st;
    char *block = malloc(BLOCK_BYTES);
    if (!block)
        st = err_set(e, ST_NO_MEMORY, "%s: no memory to read it", path);
    for (ssize_t got = 1; !st && got != 0;) {
        got = read(fd, block, BLOCK_BYTES);
        if (got > 0)
            st = take(user, block, (size_t)got, e);
        else if (got < 0 && errno != EINTR)
            st = err_errno(e, ST_UNREADABLE, errno, "%s cannot be read", path);
    }
    free(block);
    close(fd);
    return st;
}

struct whole {
    const char *path;
    size_t max;
    struct text text;
};

static enum status add_block(void *user, const void *bytes, size_t n, struct err *e)
{
    struct whole *w = user;
    if (w->text.length + n > w->max)
        return err_set(e, ST_UNREADABLE, "%s is too large (above %zu bytes)", w->path,
                       w->max);
    text_bytes(&w->text, bytes, n);
    return w->text.failed ? err_set(e, ST_NO_MEMORY, "%s: no memory to read it", w->path)
                          : ST_OK;
}

enum status path_read_file(const char *path, size_t max, char **out, size_t *n,
                           struct err *e)
{
    struct whole w = {path, max, {0}};
    enum status st = add_block(&w, "", 0, e); /* an empty file is a text, too */
    if (!st)
        st = path_read_blocks(path, add_block, &w, e);
    if (st) {
        text_done(&w.text);
        return st;
    }
    *out = w.text.at;
    *n = w.text.length;
    return ST_OK;
}

enum status root_read_file(const struct root *r, const char *relative, size_t max,
                           char **out, size_t *n, struct err *e)
{
    enum status st = path_check_relative(relative, e);
    char path[PATH_BYTES];
    if (!st)
        st = path_join(path, sizeof path, r->path, relative, e);
    return st ? st : path_read_file(path, max, out, n, e);
}
