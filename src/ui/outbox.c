#if defined(__linux__)
#define _GNU_SOURCE /* memfd_create */
#endif
#include "ui/outbox.h"

#include "core/array.h"
#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

enum { FLUSH_S = 1, LINE_HOLDS = 1 << 16, BITS_A_BYTE = 10 };
enum { QUICK_BAUD = 38400 };
#define CANCEL "\030" /* ends a control sequence that was cut in two */
static const double told_from_s = 0.5, told_to_s = 20, share = 4;

static int nameless_file(void)
{
#if defined(__linux__)
    return memfd_create("screen", MFD_CLOEXEC);
#else
    char name[] = "/tmp/trowel-screen-XXXXXX";
    int fd = mkstemp(name);
    if (fd >= 0)
        unlink(name);
    return fd;
#endif
}

/* The same terminal with an open file description of our own. */
static int open_again(int fd)
{
    enum { FLAGS = O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC };
    char name[256];
    int again = ttyname_r(fd, name, sizeof name) == 0 ? open(name, FLAGS) : -1;
    return again >= 0 ? again : open("/dev/tty", FLAGS);
}

bool outbox_open(struct outbox *o, int slot, int baud)
{
    bool slow = baud > 0 && baud < QUICK_BAUD;
    *o = (struct outbox){.slot = -1,
                         .terminal = open_again(slot),
                         .declared = slow ? (double)baud / BITS_A_BYTE : 0,
                         .opened = clock_s()};
    o->rate = o->declared;
    int file = nameless_file();
    if (o->terminal >= 0 && file >= 0 && dup2(file, slot) == slot)
        o->slot = slot;
    else if (o->terminal >= 0)
        close(o->terminal);
    if (file >= 0)
        close(file);
    if (o->slot >= 0)
        fcntl(slot, F_SETFD, FD_CLOEXEC);
    return o->slot >= 0;
}

static bool make_room(struct outbox *o, size_t bytes)
{
    if (o->sent == o->used)
        o->sent = o->used = 0;
    return array_grow(&o->text, &o->room, o->used + bytes, 1);
}

/* What curses wrote since the last time. Without memory it is lost, and ^L draws anew. */
static void collect(struct outbox *o)
{
    off_t end = lseek(o->slot, 0, SEEK_CUR);
    if (end <= 0)
        return;
    o->frame = (size_t)end;
    if (make_room(o, (size_t)end)) {
        ssize_t n = pread(o->slot, o->text + o->used, (size_t)end, 0);
        o->used += n > 0 ? (size_t)n : 0;
    }
    if (ftruncate(o->slot, 0) == 0)
        lseek(o->slot, 0, SEEK_SET);
}

/* --- the line's pace --- */

static void took(struct outbox *o, size_t bytes)
{
    double now = clock_s();
    o->total += bytes;
    o->since_stuck += bytes;
    if (o->rate <= 0)
        return;
    o->free_at = (o->free_at > now ? o->free_at : now) + (double)bytes / o->rate;
    /* more than it can hold and let out went in: it is faster than it was */
    double most = LINE_HOLDS + o->rate * (now - o->stuck_at);
    if (o->declared <= 0 && (double)o->since_stuck > most)
        outbox_forget_pace(o);
}

/* From full to full it let out what it took in; it lets out a few kB at a time. */
static void stuck(struct outbox *o)
{
    double now = clock_s(), since = now - o->stuck_at;
    bool again = o->stuck_at > 0;
    if (again && (o->since_stuck == 0 || since < told_from_s))
        return; /* still, or too soon to tell */
    if (again && since < told_to_s) {
        o->rate = (double)o->since_stuck / since;
        double held = (double)o->total - o->rate * (now - o->opened);
        held = held < 0 ? 0 : held > LINE_HOLDS ? LINE_HOLDS : held;
        o->free_at = now + held / o->rate;
    }
    o->stuck_at = now;
    o->since_stuck = 0;
}

double outbox_rest(const struct outbox *o)
{
    if (o->slot < 0 || o->rate <= 0)
        return 0;
    double rest = o->free_at + (share - 1) * (double)o->frame / o->rate - clock_s();
    return rest > 0 ? rest : 0;
}

void outbox_forget_pace(struct outbox *o)
{
    o->rate = o->declared;
    o->stuck_at = o->free_at = 0;
    o->opened = clock_s();
    o->total = 0;
}

static void push(struct outbox *o)
{
    while (o->sent < o->used) {
        ssize_t n = write(o->terminal, o->text + o->sent, o->used - o->sent);
        if (n > 0) {
            o->sent += (size_t)n;
            took(o, (size_t)n);
        } else if (n < 0 && errno == EAGAIN) {
            stuck(o);
            return;
        } else if (n == 0 || errno != EINTR)
            o->sent = o->used; /* the terminal is gone: SIGHUP tells the loop */
    }
}

void outbox_send(struct outbox *o, const char *more)
{
    if (o->slot < 0)
        return;
    collect(o);
    size_t n = more ? strlen(more) : 0;
    if (n > 0 && make_room(o, n)) {
        memcpy(o->text + o->used, more, n);
        o->used += n;
    }
    push(o);
}

bool outbox_waits(const struct outbox *o)
{
    return o->slot >= 0 && o->sent < o->used;
}

int outbox_fd(const struct outbox *o)
{
    return outbox_waits(o) ? o->terminal : -1;
}

bool outbox_flush(struct outbox *o)
{
    double end = clock_s() + FLUSH_S;
    outbox_send(o, NULL);
    for (double left = FLUSH_S; outbox_waits(o) && left > 0; left = end - clock_s()) {
        struct pollfd p = {o->terminal, POLLOUT, 0};
        poll(&p, 1, (int)(left * 1000) + 1);
        push(o);
    }
    bool all = !outbox_waits(o);
    o->sent = o->used = 0;
    if (!all && tcflush(o->terminal, TCOFLUSH) == 0)
        outbox_send(o, CANCEL);
    return all;
}

void outbox_close(struct outbox *o)
{
    if (o->slot < 0)
        return;
    close(o->terminal);
    free(o->text);
    *o = (struct outbox){.slot = -1, .terminal = -1};
}
