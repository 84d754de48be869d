#define _XOPEN_SOURCE 700
#include "program.h"

#include "io/sha256.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static char *read_all(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)size, 0), size);
    close(fd);
    return text;
}

static int scratch_file(void)
{
    char name[] = "/tmp/trowel-test-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    return fd;
}

static pid_t start(const char *folder, char *const argv[], int out, int err)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(out >= 0 ? out : null, 1);
    dup2(err >= 0 ? err : null, 2);
    if (folder && chdir(folder) != 0)
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

pid_t program_start(const char *folder, char *const argv[])
{
    return start(folder, argv, -1, -1);
}

pid_t program_start_into(const char *folder, char *const argv[], int fd)
{
    return start(folder, argv, fd, fd);
}

int program_wait(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void program_run(struct outcome *o, const char *folder, char *const argv[])
{
    int out = scratch_file(), err = scratch_file();
    o->exit_status = program_wait(start(folder, argv, out, err));
    o->out = read_all(out);
    o->err = read_all(err);
}

void outcome_done(struct outcome *o)
{
    free(o->out);
    free(o->err);
}

void tree_make(char path[256])
{
    const char *top = getenv("TMPDIR");
    snprintf(path, 256, "%s/trowel-XXXXXX", top && top[0] ? top : "/tmp");
    assert_non_null(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    (void)type;
    (void)f;
    return remove(path);
}

void tree_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* nftw has no user pointer: the walk of one test at a time lives here. */
static struct {
    char **line;
    size_t count, skip;
    const char *without, *ending;
} walk;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int hash_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)f;
    if (type != FTW_F || !S_ISREG(s->st_mode))
        return 0;
    if (walk.without && strstr(path + walk.skip, walk.without))
        return 0;
    char hex[65], *line = malloc(strlen(path) + 70);
    assert_int_equal(sha256_file(path, hex, NULL), 0);
    sprintf(line, "%s %s\n", path + walk.skip, hex);
    walk.line = realloc(walk.line, (walk.count + 1) * sizeof *walk.line);
    walk.line[walk.count++] = line;
    return 0;
}

char *tree_hash(const char *path, const char *without)
{
    walk.line = NULL;
    walk.count = 0;
    walk.skip = strlen(path);
    walk.without = without;
    nftw(path, hash_one, 16, FTW_PHYS);
    qsort(walk.line, walk.count, sizeof *walk.line, by_text);
    size_t bytes = 1;
    for (size_t i = 0; i < walk.count; i++)
        bytes += strlen(walk.line[i]);
    char *all = calloc(1, bytes), *end = all;
    for (size_t i = 0; i < walk.count; i++) {
        end = stpcpy(end, walk.line[i]);
        free(walk.line[i]);
    }
    free(walk.line);
    return all;
}

static int count_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    (void)f;
    size_t n = strlen(path), m = strlen(walk.ending);
    if (type == FTW_F && n >= m && strcmp(path + n - m, walk.ending) == 0)
        walk.count++;
    return 0;
}

int tree_count(const char *path, const char *ending)
{
    walk.count = 0;
    walk.ending = ending;
    nftw(path, count_one, 16, FTW_PHYS);
    return (int)walk.count;
}

bool text_has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}
