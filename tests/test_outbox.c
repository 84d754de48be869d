/* ui/outbox: what comes by itself leaves the line room for what keys ask for. */
#define _XOPEN_SOURCE 600
#include "checks.h"
#include "core/clock.h"
#include "core/status.h"
#include "nap.h"
#include "ui/outbox.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

struct line {
    int master, slot;
    struct outbox o;
};

static void begin(struct line *l, int baud)
{
    struct termios t;
    l->master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(l->master >= 0 && grantpt(l->master) == 0 && unlockpt(l->master) == 0);
    l->slot = open(ptsname(l->master), O_RDWR | O_NOCTTY);
    assert_true(l->slot >= 0 && tcgetattr(l->slot, &t) == 0);
    t.c_oflag &= (tcflag_t)~OPOST;
    assert_int_equal(tcsetattr(l->slot, TCSANOW, &t), 0);
    assert_true(outbox_open(&l->o, l->slot, baud));
}

static size_t take(struct line *l, size_t most)
{
    static char bytes[1 << 16];
    struct pollfd p = {l->master, POLLIN, 0};
    if (most == 0 || poll(&p, 1, 0) <= 0)
        return 0;
    ssize_t n = read(l->master, bytes, most < sizeof bytes ? most : sizeof bytes);
    return n > 0 ? (size_t)n : 0;
}

static void end(struct line *l)
{
    while (take(l, 1 << 16) > 0)
        continue;
    outbox_close(&l->o);
    close(l->slot);
    close(l->master);
}

static void frame(struct line *l, size_t bytes)
{
    static const char text[8192];
    assert_int_equal(write(l->slot, text, bytes), bytes);
    outbox_send(&l->o, NULL);
}

static void a_declared_speed_is_heeded(void **state)
{
    struct line l;
    begin(&l, 9600);
    assert_true(outbox_rest(&l.o) <= 0);
    frame(&l, 240); /* a quarter of a second on the line, a whole one to itself */
    assert_true(outbox_rest(&l.o) > 0.9 && outbox_rest(&l.o) <= 1);
    frame(&l, 240); /* goes out behind the first */
    assert_true(outbox_rest(&l.o) > 1.05 && outbox_rest(&l.o) <= 1.25);
    end(&l);
    begin(&l, 0); /* a pseudo terminal */
    frame(&l, 240);
    assert_true(outbox_rest(&l.o) <= 0);
    end(&l);
}

/* One that says nothing of it is known when it was full twice, and until it takes more
 * again. */
static void a_slow_line_shows_itself(void **state)
{
    enum { RATE = 8000 };
    struct line l;
    begin(&l, 0);
    double start = clock_s(), read = 0;
    while (clock_s() - start < 10 && l.o.rate <= 0) {
        read += (double)take(&l, (size_t)((clock_s() - start) * RATE - read));
        outbox_send(&l.o, NULL);
        if (!outbox_waits(&l.o))
            frame(&l, 300);
        nap_ms(2);
    }
    assert_true(l.o.rate > RATE / 2 && l.o.rate < RATE * 2);
    assert_true(outbox_rest(&l.o) > 0.3); /* first it takes what it holds */
    while (take(&l, 1 << 16) > 0)
        outbox_send(&l.o, NULL);
    for (int i = 0; i < 100 && outbox_rest(&l.o) > 0; i++) { /* now it is quick */
        frame(&l, 8000);
        while (take(&l, 1 << 16) > 0)
            outbox_send(&l.o, NULL);
    }
    assert_true(outbox_rest(&l.o) <= 0);
    end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_declared_speed_is_heeded),
        cmocka_unit_test(a_slow_line_shows_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
