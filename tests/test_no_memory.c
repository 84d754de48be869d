/* Memory that runs out, once, at every so manieth allocation of our own: what was asked
 * for is there as ever, or a sentence says that it is not; then nothing of it counts, and
 * the same again makes all of it. */
#include "checks.h"
#include "core/curate.h"
#include "core/index.h"
#include "core/kit.h"
#include "core/process.h"
#include "core/report.h"
#include "dsp/stretch.h"
#include "io/text.h"
#include "mined_rig.h"
#include "tone.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_long made;          /* allocations so far */
static atomic_long fails_at = -1; /* the one that fails; −1: none */

static bool fails(void)
{
    return atomic_fetch_add(&made, 1) == fails_at;
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__real_calloc(size_t count, size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

/* Whether it outlasts a power cut is asked elsewhere; here it would be most of the time.
 */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

int __wrap_syncfs(int fd);
int __wrap_syncfs(int fd)
{
    (void)fd;
    return 0;
}

/* --- what is asked for --- */

static void name(const struct mined *m, char to[400], const char *what)
{
    snprintf(to, 400, "%s/%s", m->top, what);
}

/* Everything it writes lies in `made` below the top, or in the project. */
static enum status index_it(struct mined *m, size_t *told, struct err *e)
{
    struct project_totals totals;
    struct index_job job = {.folder = m->project, .cfg = &m->cfg};
    enum status st = index_run(&job, &totals, e);
    *told = totals.finds + totals.misses;
    return st;
}

static enum status curate_it(struct mined *m, size_t *told, struct err *e)
{
    char out[400];
    struct curate_result r;
    name(m, out, "made/best");
    struct curate_job job = {.input_root = m->project,
                             .output_root = out,
                             .options = {.top = 3, .diversity = 0.3},
                             .force = true};
    enum status st = curate_run(&job, &r, e);
    *told = r.chosen + r.considered;
    return st;
}

static enum status export_it(struct mined *m, size_t *told, struct err *e)
{
    char out[400];
    struct kit_result r;
    name(m, out, "made");
    struct kit_job job = {.input_dir = m->project,
                          .output_dir = out,
                          .kit_name = "K",
                          .cfg = &m->cfg,
                          .force = true};
    OWN(text) summary = {0};
    enum status st = kit_run(&job, &r, &summary, e);
    *told = summary.length;
    return st;
}

static enum status report_it(struct mined *m, size_t *told, struct err *e)
{
    char out[400];
    struct report_result r;
    name(m, out, "made/page.html");
    struct report_job job = {.input_dir = m->project, .output = out};
    enum status st = report_run(&job, &r, e);
    *told = r.samples - r.left_out;
    return st;
}

static enum status process_it(struct mined *m, size_t *told, struct err *e)
{
    char from[400], to[400];
    struct process_result r;
    name(m, from, "tapes");
    name(m, to, "made");
    struct process_input input = {.dir = from, .stages = 1u << STAGE_SILENCES};
    struct process_job job = {.cfg = &m->cfg,
                              .inputs = &input,
                              .input_count = 1,
                              .export_root = to,
                              .project_name = "Q",
                              .jobs = 1,
                              .shard_index = 1,
                              .shard_count = 1,
                              .wake_fd = -1};
    enum status st = process_run(&job, &r, e);
    *told = r.done + r.skipped;
    return st;
}

/* --- */

struct outcome {
    enum status st;
    char *project, *made;
    size_t told;
    struct err e;
};

static void take(struct outcome *o, struct mined *m,
                 enum status (*deed)(struct mined *, size_t *, struct err *),
                 long fails_then)
{
    char below[400];
    memset(o, 0, sizeof *o);
    name(m, below, "made");
    folder_write(below, "there", "", 0);
    made = 0;
    fails_at = fails_then;
    o->st = deed(m, &o->told, &o->e);
    fails_at = -1;
    o->project = tree_hash(m->project, "catalog.db");
    o->made = tree_hash(below, "catalog.db");
}

static void outcome_done(struct outcome *o)
{
    free(o->project);
    free(o->made);
}

static void same(const struct outcome *a, const struct outcome *b, long at)
{
    if (strcmp(a->project, b->project) != 0 || strcmp(a->made, b->made) != 0 ||
        a->told != b->told)
        fail_msg("allocation %ld failed untold: %zu for %zu", at, b->told, a->told);
}

static void again_makes_all(struct mined *m,
                            enum status (*deed)(struct mined *, size_t *, struct err *),
                            const struct outcome *whole, long at)
{
    OWN(outcome) again;
    take(&again, m, deed, -1);
    if (again.st != ST_OK)
        fail_msg("after allocation %ld: %s", at, again.e.msg);
    same(whole, &again, at);
}

static void all_or_told(struct mined *m,
                        enum status (*deed)(struct mined *, size_t *, struct err *),
                        int tries)
{
    char below[400];
    struct outcome whole, now;
    name(m, below, "made");
    take(&whole, m, deed, -1);
    assert_int_equal(whole.st, ST_OK);
    long count = made, step = count / tries + 1;
    assert_true(count > 20);
    for (long at = 0, failed = 0; at < count; at += step) {
        folder_remove(below);
        take(&now, m, deed, at);
        if (now.st == ST_OK) {
            same(&whole, &now, at);
        } else {
            assert_true(now.e.msg[0] != '\0');
            if (status_exit_code(now.st) == 2 || now.st == ST_EXISTS)
                fail_msg("allocation %ld: %s", at, now.e.msg);
            if (failed++ % 4 == 0)
                again_makes_all(m, deed, &whole, at);
        }
        outcome_done(&now);
        if (at + step >= count)
            assert_true(failed > 5);
    }
    outcome_done(&whole);
    folder_remove(below);
}

static void a_catalog_is_rebuilt_whole_or_not(void **state)
{
    all_or_told(*state, index_it, 70);
}

static void a_set_is_chosen_with_all_that_is_known(void **state)
{
    all_or_told(*state, curate_it, 90);
}

static void a_kit_is_whole_or_not_there(void **state)
{
    all_or_told(*state, export_it, 60);
}

static void a_page_has_every_picture_and_player(void **state)
{
    all_or_told(*state, report_it, 70);
}

static void a_recording_is_mined_whole_or_again(void **state)
{
    all_or_told(*state, process_it, 40);
}

static void a_stretch_that_fails_leaves_nothing(void **state)
{
    OWN(audio) to;
    OWN(audio) loop = tone_frames(20000, 1, 44100);
    for (size_t i = 0; i < loop.frames; i++)
        loop.data[i] = (float)(i % 100) / 200 - 0.25f;
    long failed = 0;
    for (enum status st = ST_NO_MEMORY; st != ST_OK; failed++) {
        made = 0;
        fails_at = failed;
        st = stretch_time(&to, &loop, 30000, NULL);
        fails_at = -1;
        assert_true(st == ST_OK || (st == ST_NO_MEMORY && !to.data));
    }
    assert_true(failed > 20);
}

static int setup(void **state)
{
    return mined_rig_setup(state,
                           1u << STAGE_PADS | 1u << STAGE_DRUMS | 1u << STAGE_SILENCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_catalog_is_rebuilt_whole_or_not),
        cmocka_unit_test(a_set_is_chosen_with_all_that_is_known),
        cmocka_unit_test(a_kit_is_whole_or_not_there),
        cmocka_unit_test(a_page_has_every_picture_and_player),
        cmocka_unit_test(a_recording_is_mined_whole_or_again),
        cmocka_unit_test(a_stretch_that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, setup, mined_rig_teardown);
}
