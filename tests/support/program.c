#include "program.h"
#include "checks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* What is run here goes by its own settings, not by those of whoever runs the tests. */
__attribute__((constructor)) static void leave_home(void)
{
    unsetenv("HOME");
    unsetenv("XDG_CONFIG_HOME");
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

bool text_has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

int lines_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}
