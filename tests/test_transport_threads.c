/* audio/transport and audio/stream: their threads together, and what the loader keeps and
 * reads first. */
#include "checks.h"
#include "transport_rig.h"

#include "audio/stream.h"
#include "core/clock.h"
#include "core/rng.h"
#include "folder.h"
#include "nap.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>

static void the_end_is_announced(void **state)
{
    struct stage g;
    open_stage(&g, TRANSPORT_NULL);
    struct play_item item = add(&g, 0, 10000, 1, 1);
    transport_play(g.t, &item);
    double from = clock_s();
    do {
        struct pollfd p = {.fd = transport_fd(g.t), .events = POLLIN};
        assert_true(poll(&p, 1, 3000) == 1);
        status(&g);
    } while (g.s.playing && clock_s() - from < 3);
    assert_false(g.s.playing);
    double took = clock_s() - from;
    assert_true(took > 0.2 && took < 1.5);
    close_stage(&g);
}

/* Everything at once, for TSan; and no call ever waits. */
static void all_threads_together(void **state)
{
    struct stage g;
    struct play_item item[6];
    struct rng r = rng_derive(5, 0, "keys", 0);
    int slow = 0;
    struct transport_options o = {.backend = TRANSPORT_NULL, .cache_bytes = 400000};
    memset(&g, 0, sizeof g);
    folder_make(g.folder);
    assert_int_equal(transport_new(&g.t, &o, NULL), ST_OK);
    for (int i = 0; i < 6; i++)
        item[i] = add(&g, i, 3000 + 20000 * (size_t)i, 1 + i % 2, 0.5);
    for (int i = 0; i < 600; i++) {
        const struct play_item *any = &item[rng_below(&r, 6)];
        double before = clock_s();
        switch (rng_below(&r, 14)) {
        case 0:
        case 1:
            transport_play(g.t, any);
            break;
        case 2:
            transport_seam(g.t, any);
            break;
        case 3:
            transport_context(g.t, any, 0.1);
            break;
        case 4:
            transport_flip(g.t, any);
            break;
        case 5:
            transport_toggle(g.t);
            break;
        case 6:
            transport_seek(g.t, rng_range(&r, -1, 1));
            break;
        case 7:
            transport_set_loop(g.t, rng_below(&r, 2));
            break;
        case 8:
            transport_prefetch(g.t, item, 6);
            break;
        case 9:
            transport_kit_slot(g.t, (int)rng_below(&r, KIT_SLOTS), any, 0);
            break;
        case 10:
            transport_kit_hit(g.t, (int)rng_below(&r, KIT_SLOTS));
            break;
        case 11:
            transport_kit_run(g.t, rng_below(&r, 2));
            break;
        case 12:
            transport_forget(g.t, any->path);
            break;
        default:
            transport_set_loop(g.t, rng_below(&r, 2));
            break;
        }
        status(&g);
        slow += clock_s() - before > 0.1;
        nap_ms((int)rng_below(&r, 4));
    }
    assert_true(slow <= 6); /* ≈ 1 ms; a busy machine may keep a few waiting */
    close_stage(&g);
}

static void the_loader_keeps_within_its_memory(void **state)
{
    struct stage g;
    struct play_item item[6];
    float out[2000];
    struct transport_options o = {.backend = TRANSPORT_OFFLINE, .cache_bytes = 300000};
    memset(&g, 0, sizeof g);
    folder_make(g.folder);
    assert_int_equal(transport_new(&g.t, &o, NULL), ST_OK);
    transport_set_matched(g.t, false);
    for (int i = 0; i < 6; i++)
        item[i] = add(&g, i, 30000, 1, 1); /* 120 kB each: two and a half fit */
    transport_prefetch(g.t, item, 6);
    transport_settle(g.t);
    for (int i = 5; i >= 0; i--) { /* whatever is kept, all can be heard */
        transport_play(g.t, &item[i]);
        transport_settle(g.t);
        transport_render(g.t, out, 1000);
        assert_true(out[2 * 900] == sample(&g, i, 900));
    }
    close_stage(&g);
}

static void ready(void *user, int rate_hz)
{
    (void)user;
    (void)rate_hz;
}

/* Which of the wishes came when. */
struct arrivals {
    struct stream *s;
    struct stretch what[4];
    int order[4];
    atomic_int count;
};

static bool is_kept(struct stream *s, const struct stretch *what)
{
    struct sound *sound;
    if (stream_find(s, what, &sound, NULL) != STREAM_READY)
        return false;
    sound_unref(sound);
    return true;
}

/* Wish for one, and wait until it is there. */
static void wish(struct stream *s, const struct stretch *what)
{
    stream_wish(s, what, 1);
    for (int i = 0; i < 5000 && !is_kept(s, what); i++)
        nap_ms(1);
    assert_true(is_kept(s, what));
}

static void what_was_wished_last_is_kept(void **state)
{
    struct stage g;
    struct stream *s;
    struct stretch what[3] = {{0}};
    open_stage(&g, TRANSPORT_OFFLINE);
    for (int i = 0; i < 3; i++)
        what[i].path = add(&g, i, 30000, 1, 1).path; /* 120 kB */
    assert_int_equal(stream_new(&s, 300000, ready, NULL, NULL), ST_OK);
    wish(s, &what[0]);
    wish(s, &what[1]);
    wish(s, &what[0]); /* there already, but wanted again */
    wish(s, &what[2]);
    assert_true(is_kept(s, &what[0]));
    assert_false(is_kept(s, &what[1]));
    stream_free(s);
    close_stage(&g);
}

static void note_arrival(void *user, int rate_hz)
{
    struct arrivals *a = user;
    (void)rate_hz;
    for (int i = 0; i < 4; i++) {
        bool noted = false;
        for (int k = 0; k < a->count; k++)
            noted = noted || a->order[k] == i;
        if (!noted && is_kept(a->s, &a->what[i])) {
            a->order[a->count] = i;
            a->count++;
        }
    }
}

/* What plays comes before the neighbours of the cursor, and near ones before far ones. */
static void the_most_urgent_is_loaded_first(void **state)
{
    struct stage g;
    struct arrivals a = {0};
    open_stage(&g, TRANSPORT_OFFLINE);
    for (int i = 0; i < 4; i++)
        a.what[i].path = add(&g, i, 3 * RATE, 2, 1).path;
    assert_int_equal(stream_new(&a.s, 1 << 26, note_arrival, &a, NULL), ST_OK);
    stream_wish(a.s, a.what, 4);
    for (int i = 0; i < 5000 && atomic_load(&a.count) < 4; i++)
        nap_ms(1);
    stream_stop(a.s);
    assert_int_equal(a.count, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(a.order[i], i);
    stream_free(a.s);
    close_stage(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_announced),
        cmocka_unit_test(all_threads_together),
        cmocka_unit_test(the_loader_keeps_within_its_memory),
        cmocka_unit_test(what_was_wished_last_is_kept),
        cmocka_unit_test(the_most_urgent_is_loaded_first),
    };
    return cmocka_run_group_tests_name("transport threads", tests, NULL, NULL);
}
