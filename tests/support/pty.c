#define _XOPEN_SOURCE 600
#include "pty.h"
#include "checks.h"

#include "core/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void set_size(int fd, int rows, int cols)
{
    struct winsize w = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    assert_int_equal(ioctl(fd, TIOCSWINSZ, &w), 0);
}

void pty_start(struct pty *p, const char *term, const char *locale, int rows, int cols,
               int (*run)(void *arg), void *arg)
{
    memset(p, 0, sizeof *p);
    p->fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(p->fd >= 0);
    assert_int_equal(grantpt(p->fd), 0);
    assert_int_equal(unlockpt(p->fd), 0);
    set_size(p->fd, rows, cols);
    const char *name = ptsname(p->fd);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid > 0)
        return;
    setsid();
    int tty = open(name, O_RDWR);
    ioctl(tty, TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++)
        dup2(tty, i);
    close(p->fd);
    if (tty > 2)
        close(tty);
    setenv("TERM", term, 1);
    setenv("LC_ALL", locale, 1);
    unsetenv("NO_COLOR");
    _exit(run(arg));
}

static void take(struct pty *p, const char *bytes, size_t n)
{
    if (p->used + n + 1 > PTY_BYTES) {
        size_t half = PTY_BYTES / 2;
        memmove(p->text, p->text + p->used - half, half);
        p->used = half;
    }
    for (size_t i = 0; i < n; i++) /* so that strstr sees all of it */
        p->text[p->used++] = bytes[i] ? bytes[i] : ' ';
    p->text[p->used] = '\0';
}

/* Wait for output up to `seconds`; false when there was none. */
static bool read_some(struct pty *p, double seconds)
{
    struct pollfd fd = {p->fd, POLLIN, 0};
    char bytes[65536];
    if (poll(&fd, 1, (int)(seconds * 1000) + 1) <= 0)
        return false;
    ssize_t n = read(p->fd, bytes, sizeof bytes);
    if (n <= 0)
        return false;
    take(p, bytes, (size_t)n);
    return true;
}

void pty_send(struct pty *p, const char *keys)
{
    size_t n = strlen(keys);
    while (n > 0) {
        ssize_t wrote = write(p->fd, keys, n);
        assert_true(wrote > 0);
        keys += wrote;
        n -= (size_t)wrote;
    }
}

bool pty_wait_for(struct pty *p, const char *text, double seconds)
{
    double end = clock_s() + seconds;
    while (!strstr(p->text, text)) {
        double left = end - clock_s();
        if (left <= 0)
            return false;
        if (!read_some(p, left < 0.05 ? left : 0.05) && kill(p->pid, 0) != 0)
            return strstr(p->text, text) != NULL;
    }
    return true;
}

void pty_settle(struct pty *p, double quiet)
{
    double end = clock_s() + 10 * quiet; /* a playhead never is quiet */
    while (clock_s() < end && read_some(p, quiet))
        ;
}

void pty_forget(struct pty *p)
{
    p->used = 0;
    p->text[0] = '\0';
}

void pty_resize(struct pty *p, int rows, int cols)
{
    set_size(p->fd, rows, cols); /* the kernel sends SIGWINCH */
}

int pty_end(struct pty *p, double seconds)
{
    double end = clock_s() + seconds;
    int status = 0;
    pid_t gone = 0;
    while ((gone = waitpid(p->pid, &status, WNOHANG)) == 0 && clock_s() < end)
        read_some(p, 0.02);
    if (gone == 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, &status, 0);
        status = -1;
    }
    while (read_some(p, 0))
        ;
    close(p->fd);
    if (status == -1)
        return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

long pty_waits(const struct pty *p)
{
    char path[64], line[128];
    long waits = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", (long)p->pid);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%ld/task/%.20s/status", (long)p->pid,
                 task->d_name);
        FILE *status = task->d_name[0] == '.' ? NULL : fopen(path, "r");
        while (status && fgets(line, sizeof line, status)) {
            long count;
            if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
                waits += count;
        }
        if (status)
            fclose(status);
    }
    closedir(tasks);
    return waits;
}
