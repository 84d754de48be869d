#include "core/announce.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void remove_listed(const struct root *root, const char *list)
{
    char *text, *rest;
    size_t n;
    if (root_read_file(root, list, LIST_MAX_BYTES, &text, &n, NULL) != ST_OK)
        return;
    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        root_remove(root, line, NULL);
        remove_empty_parents(root, line);
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

enum status announce_begin(struct announced *a, const struct root *root, const char *list,
                           struct err *e)
{
    *a = (struct announced){.root = root, .fd = -1};
    snprintf(a->list, sizeof a->list, "%s", list);
    enum status st = make_folder(root, list, e);
    if (st != ST_OK)
        return st;
    remove_listed(root, list);
    a->fd = openat(root->fd, list, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                   0666);
    if (a->fd < 0)
        return err_errno(e, ST_DISK, errno, "%s/%s cannot be written", root->path, list);
    return ST_OK;
}

bool announce_name(struct announced *a, const char *relative)
{
    char line[PATH_BYTES + 1];
    int n = snprintf(line, sizeof line, "%s\n", relative);
    return n > 0 && (size_t)n < sizeof line && write(a->fd, line, (size_t)n) == n;
}

void announce_leave(struct announced *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

enum status announce_end(struct announced *a, struct err *e)
{
    announce_leave(a);
    enum status st = root_remove(a->root, a->list, e);
    return st == ST_NOT_FOUND ? ST_OK : st;
}
