/* Mining beside another trowel on the same project: what that one has
 * or has finished is its own, and nothing of it gets lost here. */
#include "checks.h"
#include "folder.h"
#include "mining.h"
#include "nap.h"
#include "own.h"

#include "core/index.h"
#include "core/process.h"
#include "dsp/synth.h"
#include "tone.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RATE = 44100, TAPES = 2 };
static const char *const tapes[TAPES] = {"evening", "morning"};

struct desk {
    char folder[FOLDER_BYTES], input[FOLDER_BYTES + 16];
    struct project project, other; /* another program's */
    struct session *session;
    struct jobs *jobs;
    struct config config;
    struct source_list sources;
    struct recipe recipe;
    struct mining_place place;
    int replies;
    enum status replied;
    char sentence[400];
};

static void write_tape(struct desk *d, int number)
{
    struct rng r = rng_derive(5, (uint64_t)number, "mining", 0);
    OWN(audio) a = tone_frames((size_t)RATE * 3, 1, RATE);
    for (int i = 0; i < 7; i++)
        synth_drum((enum synth_drum)(i % SYNTH_DRUM_COUNT), 0.7, 1, &r,
                   a.data + (size_t)(RATE * (0.2 + 0.38 * i)), (size_t)(RATE * 0.3),
                   RATE);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] *= 0.4F;
    FREED const char *name = text_of("tapes/%s.wav", tapes[number]);
    folder_wav(d->folder, name, &a, 16);
}

static int set_up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    folder_make(d->folder);
    snprintf(d->input, sizeof d->input, "%s/tapes", d->folder);
    for (int i = 0; i < TAPES; i++)
        write_tape(d, i);
    config_defaults(&d->config, NULL);
    d->config.clouds.clouds_per_source = 0;
    d->config.hiss.hiss_loops_per_source = 0;
    d->config.hiss.flicker_count = 1;
    d->config.reproducibility.random_seed.set = true;
    d->config.reproducibility.random_seed.value = 3;
    d->recipe.stages = STAGES_ALL;
    assert_int_equal(recipe_init(&d->recipe, &d->config, NULL), ST_OK);
    struct discover_options options = {0};
    assert_int_equal(discover(&d->sources, d->input, &options, NULL), ST_OK);
    assert_int_equal(d->sources.count, TAPES);
    assert_int_equal(project_open(&d->project, d->folder, "P", NULL), ST_OK);
    assert_int_equal(project_open(&d->other, d->folder, "P", NULL), ST_OK);
    assert_int_equal(session_open(&d->session, d->project.root.path, NULL), ST_OK);
    assert_int_equal(jobs_new(&d->jobs, 1, NULL, NULL), ST_OK);
    d->place = (struct mining_place){.project = &d->project,
                                     .session = d->session,
                                     .jobs = d->jobs,
                                     .input_dir = d->input,
                                     .export_root = d->folder};
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    FREED struct desk *d = *state;
    jobs_free(d->jobs);
    session_close(d->session);
    project_done(&d->project);
    project_done(&d->other);
    source_list_done(&d->sources);
    folder_remove(d->folder);
    return 0;
}

static void reply(void *to, enum status st, const char *sentence, const char *report)
{
    struct desk *d = to;
    (void)report;
    d->replies++;
    d->replied = st;
    snprintf(d->sentence, sizeof d->sentence, "%s", sentence);
}

static void ask(struct desk *d, bool join)
{
    struct mine_request r = {.config = &d->config, .join = join};
    d->replies = 0;
    assert_int_equal(mining_start(&d->place, &r, (struct app_reply){reply, d}, NULL),
                     ST_OK);
}

/* As the loop does it: rows are tidied, what others wrote is taken in. */
static void settle(struct desk *d)
{
    bool more = true;
    jobs_wait(d->jobs);
    while (more) {
        while (session_tidy(d->session))
            continue;
        struct session_news *news = session_reread_begin(d->session);
        more = news != NULL;
        if (more) {
            assert_int_equal(session_reread(news, NULL), ST_OK);
            while (session_reread_step(d->session, news))
                continue;
        }
    }
    session_announce(d->session);
}

static void mine(struct desk *d)
{
    ask(d, false);
    settle(d);
}

static size_t finds(const struct session *s, const char *stem)
{
    size_t n = 0;
    for (size_t i = 0; i < session_count(s); i++) {
        const struct find *f = session_find(s, i);
        const char *its = session_source(s, f->source)->stem;
        n += !f->gone && (stem == NULL || strcmp(its, stem) == 0);
    }
    return n;
}

static size_t in_catalog(const struct desk *d)
{
    OWN(session) *fresh = NULL;
    assert_int_equal(session_open(&fresh, d->project.root.path, NULL), ST_OK);
    size_t n = finds(fresh, NULL);
    for (size_t i = 0; i < session_source_count(fresh); i++)
        assert_false(session_source(fresh, i)->failed);
    return n;
}

/* What `--batch process --force` does, step by step. */
static void other_clears(struct desk *d)
{
    assert_int_equal(project_clear(&d->other, NULL, NULL), ST_OK);
}

static void other_mines(struct desk *d, size_t source)
{
    OWN(find_list) found;
    struct source_job one = {
        .project = &d->other, .recipe = &d->recipe, .file = &d->sources.items[source]};
    assert_int_equal(process_source(&one, NULL, &found, NULL, NULL), ST_OK);
}

static void other_joins(struct desk *d)
{
    assert_int_equal(project_assemble(&d->other, NULL, NULL, NULL), ST_OK);
}

/* As if the recording were not on record yet, and as it was. */
static int rename_record(const struct desk *d, const char *stem, bool back)
{
    FREED const char *from = text_of("%s/P/.trowel/%s.source", d->folder, stem);
    FREED const char *to = text_of("%s/%s.source", d->folder, stem);
    return back ? rename(to, from) : rename(from, to);
}

/* --- a worker that is kept busy ---------------------------------------------------- */

static atomic_bool go_on;

static enum status wait_work(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)arg, (void)ctx, (void)e;
    while (!atomic_load(&go_on))
        nap_ms(1);
    return ST_OK;
}

static void wait_done(void *arg, enum status st, const struct err *e)
{
    (void)arg, (void)st, (void)e;
}

/* Mining has looked for what there is to do, and has not begun with it. */
static void ask_and_look(struct desk *d)
{
    struct job_spec spec = {.title = "busy", .work = wait_work, .done = wait_done};
    struct pollfd fd = {.fd = jobs_fd(d->jobs), .events = POLLIN};
    atomic_store(&go_on, false);
    ask(d, false);
    assert_int_equal(poll(&fd, 1, 10000), 1);
    jobs_submit(d->jobs, &spec);
    jobs_deliver(d->jobs);
    assert_int_equal(jobs_active(d->jobs), 1 + TAPES);
    assert_int_equal(jobs_series(d->jobs), TAPES);
}

/* --- tests ------------------------------------------------------------------------- */

static void what_another_has_begun_is_left_to_it(void **state)
{
    struct desk *d = *state;
    struct begun held;
    mine(d);
    assert_non_null(strstr(d->sentence, "mined 2 recordings"));
    size_t all = finds(d->session, NULL), theirs = finds(d->session, tapes[1]);
    assert_true(theirs > 3 && all > theirs);
    other_clears(d);
    assert_int_equal(project_claim(&d->other, tapes[1], &held, NULL), ST_OK);
    mine(d);
    assert_int_equal(d->replied, ST_OK);
    assert_non_null(strstr(d->sentence, "mined 1 recording: "));
    assert_non_null(strstr(d->sentence, "; another trowel is at work on 1"));
    assert_int_equal(finds(d->session, tapes[1]), theirs);
    assert_false(session_source(d->session, 1)->failed);
    mine(d); /* there is nothing else */
    assert_string_equal(
        d->sentence,
        "another trowel is at work on 1 recording; the finds will appear here");
    struct job_info job[2];
    assert_true(jobs_list(d->jobs, job, 2) > 1);
    int mined = strncmp(job[0].title, "mine ", 5) == 0 ? 0 : 1;
    assert_int_equal(job[mined].state, JOB_ELSEWHERE);
    assert_non_null(strstr(job[mined].error.msg, "come up here by themselves"));
    assert_int_equal(finds(d->session, NULL), all);
    project_abandon(&held);
    other_mines(d, 1);
    other_joins(d);
    settle(d);
    assert_int_equal(finds(d->session, NULL), all);
    assert_int_equal(in_catalog(d), all);
}

/* Between the look and the work another run has mined everything and joined. */
static void what_another_finished_meanwhile_stays(void **state)
{
    struct desk *d = *state;
    mine(d);
    size_t all = finds(d->session, NULL);
    other_clears(d);
    ask_and_look(d);
    for (size_t i = 0; i < TAPES; i++)
        other_mines(d, i);
    other_joins(d);
    atomic_store(&go_on, true);
    settle(d);
    assert_int_equal(d->replies, 1);
    assert_int_equal(d->replied, ST_OK);
    assert_non_null(strstr(d->sentence, "mined 2 recordings: "));
    assert_null(strstr(d->sentence, "failed"));
    assert_int_equal(finds(d->session, NULL), all);
    assert_int_equal(in_catalog(d), all);
}

/* The other joins without what was finished here while it did: its catalog lacks that,
 * and it is written anew. */
static void what_was_finished_here_meanwhile_stays(void **state)
{
    struct desk *d = *state;
    mine(d);
    size_t all = finds(d->session, NULL);
    /* what a run that read the records earlier makes of the catalog */
    assert_int_equal(rename_record(d, tapes[0], false), 0);
    other_joins(d);
    assert_int_equal(rename_record(d, tapes[0], true), 0);
    ask(d, true);
    settle(d);
    assert_string_equal(d->sentence, "the manifest is up to date again");
    assert_int_equal(finds(d->session, NULL), all);
    assert_int_equal(in_catalog(d), all);
    /* also when its catalog was taken in before */
    assert_int_equal(rename_record(d, tapes[0], false), 0);
    other_joins(d);
    assert_int_equal(rename_record(d, tapes[0], true), 0);
    settle(d);
    assert_true(finds(d->session, NULL) < all);
    ask(d, true);
    settle(d);
    assert_int_equal(finds(d->session, NULL), all);
    assert_int_equal(in_catalog(d), all);
}

/* A bounce over the recording that is just being mined. */
static void bounce(void *user, const struct catalog_source *source,
                   const struct find_list *finds_so_far, size_t first)
{
    struct desk *d = user;
    (void)source, (void)finds_so_far, (void)first;
    if (d->replies++ == 0)
        write_tape(d, 0);
}

/* Half of it would be of another sound: it fails, leaves no sample, and the next run
 * mines what is there then. */
static void what_changes_meanwhile_is_mined_again(void **state)
{
    struct desk *d = *state;
    const struct source_file *file = &d->sources.items[0];
    const struct source_job one = {&d->project, &d->recipe, file, bounce, d};
    struct find_list found;
    struct catalog_source source;
    struct err e = {0};
    FREED const char *samples = text_of("%s/P/%s/drums", d->folder, tapes[0]);
    assert_int_equal(process_source(&one, NULL, &found, NULL, &e), ST_CORRUPT);
    assert_non_null(strstr(e.msg, "changed while it was being mined"));
    assert_true(d->replies > 0);
    assert_int_equal(found.count, 0);
    assert_true(folder_count(samples) <= 0);
    assert_int_equal(project_record(&d->project, file->stem, &source, NULL, NULL), ST_OK);
    assert_true(source.failed);
    mine(d);
    assert_non_null(strstr(d->sentence, "mined 2 recordings"));
    assert_true(folder_count(samples) > 3);
}

/* Each of the others would be mined for nothing: it ends there, says why at once, and
 * goes on when the project can be written. */
static void a_project_that_cannot_be_written_ends_it(void **state)
{
    struct desk *d = *state;
    char way[FOLDER_BYTES + 64];
    snprintf(way, sizeof way, "P/.trowel/%s.begun/in the way", tapes[0]);
    folder_write(d->folder, way, "", 0);
    mine(d);
    assert_int_equal(d->replied, ST_DISK);
    assert_non_null(strstr(d->sentence, "mining stopped: "));
    assert_non_null(strstr(d->sentence, "; {mine} continues it"));
    assert_int_equal(finds(d->session, NULL), 0);
    snprintf(way, sizeof way, "%s/P/.trowel/%s.begun", d->folder, tapes[0]);
    folder_remove(way);
    mine(d);
    assert_int_equal(d->replied, ST_OK);
    assert_non_null(strstr(d->sentence, "mined 2 recordings: "));
}

/* A recording whose own folder takes no file is no reason to leave the others. */
static void a_folder_that_is_shut_fails_alone(void **state)
{
    struct desk *d = *state;
    char way[FOLDER_BYTES + 32];
    snprintf(way, sizeof way, "P/%s", tapes[0]);
    folder_write(d->folder, way, "in the way", 10);
    mine(d);
    assert_int_equal(d->replied, ST_OK);
    assert_non_null(strstr(d->sentence, "mined 1 recording: "));
    assert_non_null(strstr(d->sentence, "; 1 failed, {jobs} says why"));
    assert_int_equal(finds(d->session, tapes[0]), 0);
    assert_true(finds(d->session, tapes[1]) > 3);
    snprintf(way, sizeof way, "%s/P/%s", d->folder, tapes[0]);
    assert_int_equal(unlink(way), 0);
    mine(d);
    assert_int_equal(d->replied, ST_OK);
    assert_non_null(strstr(d->sentence, "mined 1 recording: "));
    assert_null(strstr(d->sentence, "failed"));
    assert_true(finds(d->session, tapes[0]) > 3);
}

/* Whoever holds a recording until the other one is mined, and perhaps a while longer. */
struct holder {
    struct begun held;
    bool holds;
    const char *until; /* a file: told of the first tick, it waits for that */
    int ticks;
    atomic_bool enough;
    char order[80];
};

static void let_go(struct holder *h)
{
    project_abandon(&h->held);
    h->holds = false;
}

static void hear(void *user, const struct news *n)
{
    struct holder *h = user;
    size_t at = strlen(h->order);
    if (n->kind == NEWS_DONE)
        snprintf(h->order + at, sizeof h->order - at, "%s ", n->source);
    if (h->holds && (h->until ? n->kind == NEWS_TICK && at > 0 : n->kind == NEWS_DONE))
        let_go(h);
    if (n->kind != NEWS_TICK)
        return;
    for (int i = 0; h->until && h->ticks == 0 && i < 3000 && access(h->until, F_OK); i++)
        nap_ms(10);
    if (h->until) /* its ticks come without a pause */
        nap_ms(h->ticks == 0 ? 200 : 1);
    if (++h->ticks > (h->until ? 60000 : 2000))
        atomic_store(&h->enough, true);
}

/* A batch run that makes the desk's project, one recording after the other. */
static struct process_job run_of(const struct desk *d, const struct process_input *input,
                                 struct reporter *reporter)
{
    return (struct process_job){.cfg = &d->config,
                                .inputs = input,
                                .input_count = 1,
                                .export_root = d->folder,
                                .project_name = "P",
                                .jobs = 1,
                                .shard_index = 1,
                                .shard_count = 1,
                                .reporter = reporter,
                                .wake_fd = -1};
}

/* A batch run while somebody holds that recording. */
static void run_beside(struct desk *d, struct holder *h, int held)
{
    struct reporter reporter = {hear, h};
    struct process_input input = {.dir = d->input, .stages = 1u << STAGE_DRUMS};
    struct process_job job = run_of(d, &input, &reporter);
    job.interrupted = &h->enough;
    job.wake_fd = h->until ? open("/dev/null", O_RDONLY) : -1;
    struct process_result result;
    h->holds = true;
    assert_int_equal(project_claim(&d->other, tapes[held], &h->held, NULL), ST_OK);
    assert_int_equal(process_run(&job, &result, NULL), ST_OK);
    if (job.wake_fd >= 0)
        close(job.wake_fd);
    assert_false(h->holds);
    assert_int_equal(result.done, TAPES);
}

/* A batch run that finds a recording begun takes the next one meanwhile. */
static void a_run_waits_last_of_all(void **state)
{
    struct holder h = {0};
    run_beside(*state, &h, 0);
    assert_string_equal(h.order, "morning.wav evening.wav ");
}

/* Both workers have ended before the run looks again: the one that was begun elsewhere is
 * no less waited for. */
static void the_last_one_is_waited_for(void **state)
{
    struct desk *d = *state;
    char done[FOLDER_BYTES + 64];
    struct holder h = {.until = done};
    snprintf(done, sizeof done, "%s/P/.trowel/%s.source", d->folder, tapes[0]);
    run_beside(d, &h, 1);
    assert_string_equal(h.order, "evening.wav morning.wav ");
}

struct gone_on {
    struct begun held;
    bool skipped, let_go;
    double fraction; /* told first when an earlier run's recording had been passed */
};

static void hear_gone_on(void *user, const struct news *n)
{
    struct gone_on *g = user;
    g->skipped |= n->kind == NEWS_SKIPPED;
    if (n->kind != NEWS_TICK || !g->skipped || g->let_go)
        return;
    g->fraction = n->fraction;
    g->let_go = true;
    project_abandon(&g->held);
}

/* What an earlier run did took no time in this one, and says nothing of what is left. */
static void what_was_done_before_is_no_progress(void **state)
{
    struct desk *d = *state;
    struct gone_on g = {0};
    struct reporter reporter = {hear_gone_on, &g};
    struct process_input input = {.dir = d->input, .stages = STAGES_ALL};
    struct process_job job = run_of(d, &input, &reporter);
    struct process_result result;
    other_mines(d, 0);
    assert_int_equal(project_claim(&d->other, tapes[1], &g.held, NULL), ST_OK);
    assert_int_equal(process_run(&job, &result, NULL), ST_OK);
    assert_true(result.skipped == 1 && result.done == 1);
    assert_true(g.let_go && g.fraction < 0.05);
}

/* How long mining takes on one core was measured: .32 s of a one-shot, 1.6 s of songs, 5
 * s of an hour that is not packed. */
static void work_is_as_it_was_measured(void **state)
{
    struct desk *d = *state;
    static const struct {
        char *name;
        int64_t bytes;
        double took_s;
    } known[] = {{"hit.flac", 20000, 0.32},     {"hit.ogg", 9000, 0.32},
                 {"song.ogg", 4351090, 1.65},   {"SONG.OGG", 6851438, 2.1},
                 {"song.flac", 16500000, 1.25}, {"song.wav", 38600000, 1.06},
                 {"tape.wav", 955060752, 6.9}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct source_file f = {.relative = known[i].name, .bytes = known[i].bytes};
        double work = process_work(&d->recipe, &f);
        assert_in_range((int)lround(100 * work / known[i].took_s), 75, 125);
    }
}

static enum status stop_work(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)ctx, (void)e;
    nap_ms(100);
    atomic_store((atomic_bool *)arg, true);
    return ST_OK;
}

/* Another trowel joins, and takes its time: who waits for that may leave. */
static void waiting_to_join_can_be_stopped(void **state)
{
    struct desk *d = *state;
    atomic_bool stop = false;
    struct err e = {0};
    struct announced turn;
    struct job_context ctx = {.cancelled = &stop};
    struct project_totals totals;
    struct index_job job = {
        .folder = d->project.root.path, .cfg = &d->config, .ctx = &ctx};
    struct job_spec spec = {.work = stop_work, .done = wait_done, .arg = &stop};
    other_mines(d, 0);
    other_joins(d);
    assert_int_equal(announce_claim(&turn, &d->other.root, ".trowel/joining", NULL),
                     ST_OK);
    jobs_submit(d->jobs, &spec);
    assert_int_equal(index_run(&job, &totals, &e), ST_CANCELLED);
    struct assemble_more more = {.ctx = &ctx}; /* and who was stopped before */
    assert_int_equal(project_assemble(&d->project, &more, &totals, &e), ST_CANCELLED);
    assert_non_null(strstr(e.msg, "cancelled"));
    announce_leave(&turn);
}

static void put_tape(struct desk *d, const char *from, const char *as)
{
    char command[6 * FOLDER_BYTES];
    snprintf(command, sizeof command,
             "cp '%s/tapes/%s.wav' '%s/x' && mv '%s/x' '%s/tapes/%s.wav'", d->folder,
             from, d->folder, d->folder, d->folder, as);
    assert_int_equal(system(command), 0);
}

/* Finds are no longer in the sound that has their recording's name: that is said, and
 * what to do about it; nothing that was found goes by itself. */
static void a_recording_that_changed_is_named(void **state)
{
    struct desk *d = *state;
    mine(d);
    size_t all = finds(d->session, NULL);
    mine(d);
    assert_string_equal(d->sentence, "every recording is mined already");
    put_tape(d, "morning", "morning"); /* another file, the same sound */
    mine(d);
    assert_string_equal(d->sentence, "every recording is mined already");
    assert_int_equal(d->replied, ST_NOTHING);
    put_tape(d, "morning", "evening");
    mine(d);
    assert_string_equal(
        d->sentence,
        "evening has changed since it was mined; :mine evening mines it again");
    assert_int_equal(d->replied, ST_EXISTS);
    assert_int_equal(finds(d->session, NULL), all);
    struct mine_request r = {.config = &d->config, .source = "evening", .force = true};
    assert_int_equal(mining_start(&d->place, &r, (struct app_reply){reply, d}, NULL),
                     ST_OK);
    settle(d);
    assert_non_null(strstr(d->sentence, "mined 1 recording: "));
    mine(d);
    assert_string_equal(d->sentence, "every recording is mined already");
}

/* Other settings make nothing again by themselves, and that is said. */
static void other_settings_are_told(void **state)
{
    struct desk *d = *state;
    char told[120];
    mine(d);
    d->config.separation.pads = true;
    mine(d);
    snprintf(told, sizeof told,
             "all are mined, %d with other settings or version; :mine all mines again",
             TAPES);
    assert_string_equal(d->sentence, told);
    d->config.separation.pads = false;
    mine(d);
    assert_string_equal(d->sentence, "every recording is mined already");
}

static void ask_for_all(struct desk *d, struct pollfd *fd)
{
    struct mine_request all = {.config = &d->config, .force = true};
    d->replies = 0;
    assert_int_equal(mining_start(&d->place, &all, (struct app_reply){reply, d}, NULL),
                     ST_OK);
    assert_int_equal(poll(fd, 1, 10000), 1);
    jobs_deliver(d->jobs);
}

static size_t with_settings(const struct desk *d, const struct config *cfg)
{
    struct recipe recipe = {.stages = STAGES_ALL};
    struct catalog_source s;
    size_t n = 0;
    assert_int_equal(recipe_init(&recipe, cfg, NULL), ST_OK);
    for (int i = 0; i < TAPES; i++)
        n += project_record(&d->project, tapes[i], &s, NULL, NULL) == ST_OK &&
             s.recipe_hash == recipe.hash;
    return n;
}

/* Of mining both with the settings of now. */
static double work_in_all(const struct desk *d)
{
    struct recipe recipe = {.stages = STAGES_ALL};
    double work = 0;
    assert_int_equal(recipe_init(&recipe, &d->config, NULL), ST_OK);
    for (size_t i = 0; i < d->sources.count; i++)
        work += process_work(&recipe, &d->sources.items[i]);
    return work;
}

/* Who asks for all with other settings gets all with these: what waits has not begun, and
 * whoever asked for it first hears where it went. */
static void what_waits_takes_the_settings_of_now(void **state)
{
    struct desk *d = *state;
    struct pollfd fd = {.fd = jobs_fd(d->jobs), .events = POLLIN};
    struct config effective;
    double asked, over;
    ask_and_look(d); /* both wait */
    jobs_work(d->jobs, &asked, &over);
    assert_true(fabs(asked - 1 - work_in_all(d)) < 1e-9); /* one keeps the worker busy */
    d->config.separation.pads = true;
    ask_for_all(d, &fd);
    assert_int_equal(d->replies, 1);
    assert_string_equal(d->sentence, "mining continues with the current settings");
    assert_int_equal(jobs_active(d->jobs), 1 + TAPES);
    jobs_work(d->jobs, &asked, &over);
    assert_true(fabs(asked - 1 - work_in_all(d)) < 1e-9 && over == 0);
    atomic_store(&go_on, true);
    settle(d);
    assert_non_null(strstr(d->sentence, "mined 2 recordings: "));
    assert_null(strstr(d->sentence, "other settings"));
    assert_int_equal(with_settings(d, &d->config), TAPES);
    FREED const char *path = text_of("%s/P/config.effective.yaml", d->folder);
    config_defaults(&effective, NULL);
    assert_int_equal(config_load(&effective, path, NULL, NULL), ST_OK);
    assert_true(effective.separation.pads);
}

/* What is on record goes with its files when it is mined otherwise, though what was asked
 * for in between never began. */
static void what_is_taken_over_leaves_nothing_of_before(void **state)
{
    struct desk *d = *state;
    struct pollfd fd = {.fd = jobs_fd(d->jobs), .events = POLLIN};
    struct job_spec busy = {.title = "busy", .work = wait_work, .done = wait_done};
    FREED const char *path = text_of("%s/P", d->folder);
    mine(d);
    int before = tree_count(path, ".wav");
    struct mine_request all = {.config = &d->config, .force = true};
    d->config.hiss.flicker_count = 0; /* one less of each */
    atomic_store(&go_on, false);
    assert_int_equal(mining_start(&d->place, &all, (struct app_reply){reply, d}, NULL),
                     ST_OK);
    assert_int_equal(poll(&fd, 1, 10000), 1);
    jobs_submit(d->jobs, &busy);
    jobs_deliver(d->jobs);
    assert_int_equal(jobs_active(d->jobs), 1 + TAPES);
    ask_for_all(d, &fd);
    atomic_store(&go_on, true);
    settle(d);
    assert_non_null(strstr(d->sentence, "mined 2 recordings: "));
    assert_int_equal(tree_count(path, ".wav"), before - TAPES);
}

/* Who asks for what is not mined yet, with other settings, leaves all that waits to
 * whoever asked first, and the settings on disk are those. */
static void what_waits_is_left_to_who_asked(void **state)
{
    struct desk *d = *state;
    struct pollfd fd = {.fd = jobs_fd(d->jobs), .events = POLLIN};
    struct config first = d->config, effective;
    ask_and_look(d); /* both wait */
    d->config.separation.pads = true;
    ask(d, false);
    assert_int_equal(poll(&fd, 1, 10000), 1);
    jobs_deliver(d->jobs);
    assert_int_equal(d->replied, ST_NOTHING);
    assert_int_equal(jobs_active(d->jobs), 1 + TAPES);
    FREED const char *path = text_of("%s/P/config.effective.yaml", d->folder);
    config_defaults(&effective, NULL);
    assert_int_equal(config_load(&effective, path, NULL, NULL), ST_OK);
    assert_false(effective.separation.pads);
    atomic_store(&go_on, true);
    settle(d);
    assert_int_equal(with_settings(d, &first), TAPES);
}

/* What runs goes on as it began, and that is told. */
static void what_runs_keeps_its_settings(void **state)
{
    struct desk *d = *state;
    struct pollfd fd = {.fd = jobs_fd(d->jobs), .events = POLLIN};
    struct job_spec running = {
        .title = "mine evening", .work = wait_work, .done = wait_done};
    snprintf(running.again, sizeof running.again, "mine %s", tapes[0]);
    mine(d); /* both on record */
    atomic_store(&go_on, false);
    jobs_submit(d->jobs, &running);
    while (jobs_waiting(d->jobs, running.again))
        nap_ms(1);
    d->config.separation.pads = true;
    ask_for_all(d, &fd);
    atomic_store(&go_on, true);
    settle(d);
    assert_int_equal(with_settings(d, &d->config), 1);
    assert_non_null(strstr(d->sentence, "mined 1 recording: "));
    assert_non_null(strstr(d->sentence, "; 1 with other settings or version, :mine all"));
    /* and nothing of it when the settings are the same */
    ask_for_all(d, &fd);
    settle(d);
    assert_non_null(strstr(d->sentence, "mined 2 recordings: "));
    assert_null(strstr(d->sentence, "other settings"));
    /* nor is anything asked of what runs alone */
    atomic_store(&go_on, false);
    jobs_submit(d->jobs, &running);
    while (jobs_waiting(d->jobs, running.again))
        nap_ms(1);
    struct mine_request one = {.config = &d->config, .source = tapes[0], .force = true};
    assert_int_equal(mining_start(&d->place, &one, (struct app_reply){reply, d}, NULL),
                     ST_OK);
    assert_int_equal(poll(&fd, 1, 10000), 1);
    jobs_deliver(d->jobs);
    assert_int_equal(d->replied, ST_NOTHING);
    assert_string_equal(d->sentence,
                        "already being mined with the earlier settings; ask again "
                        "when it is done");
    atomic_store(&go_on, true);
    settle(d);
}

static void keep_count(void *user, enum log_level level, const char *source,
                       const char *line)
{
    (void)source;
    (void)level;
    if (strstr(line, "near-miss"))
        snprintf(user, 100, "%s", line);
}

static void keep_twins(void *user, enum log_level level, const char *source,
                       const char *line)
{
    (void)source;
    if (strstr(line, "the same as"))
        snprintf(user, 200, "%d %s", level == LOG_WARNING, line);
}

/* Its finds are there twice then, and the decisions are with the old ones. */
static void a_renamed_recording_is_told(void **state)
{
    struct desk *d = *state;
    char line[200] = "";
    struct log log = {.user = line, .sink = keep_twins, .threshold = LOG_INFO};
    d->place.log = &log;
    mine(d);
    assert_null(strstr(d->sentence, "same"));
    FREED const char *from = text_of("%s/evening.wav", d->input);
    FREED const char *to = text_of("%s/night.wav", d->input);
    assert_int_equal(rename(from, to), 0);
    mine(d);
    assert_non_null(strstr(d->sentence, "mined 1 recording: "));
    assert_non_null(strstr(d->sentence, "; 1 the same as others, {jobs} says which"));
    assert_string_equal(
        line, "1 night.wav is the same as evening.wav: its finds are there twice");
}

/* A stroke and where the noise begins: of the two one is saved, and one is missed. */
static void one_is_logged_as_one(void **state)
{
    struct desk *d = *state;
    char line[100] = "";
    struct rng r = rng_derive(5, 0, "mining", 0);
    struct log log = {.user = line, .sink = keep_count, .threshold = LOG_INFO};
    d->place.log = &log;
    d->config.drum_miner.max_saved_per_file = 1;
    OWN(audio) a = tone_frames((size_t)RATE, 1, RATE);
    synth_drum(SYNTH_SNARE, 0.7, 1, &r, a.data + RATE / 10, RATE * 2 / 5, RATE);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += 0.2F * (float)(rng_uniform(&r) - 0.5);
    for (int i = 0; i < TAPES; i++) {
        FREED const char *name = text_of("tapes/%s.wav", tapes[i]);
        folder_wav(d->folder, name, &a, 16);
    }
    mine(d);
    assert_string_equal(line, "morning.wav: 1 hiss, 1 drum; 1 near-miss");
    assert_non_null(strstr(d->sentence, "mined 2 recordings: 4 finds"));
}

static void keep_link(void *user, enum log_level level, const char *source,
                      const char *line)
{
    (void)source;
    if (level == LOG_WARNING && strstr(line, "link"))
        snprintf(user, 100, "%.36s", line);
}

static void what_is_not_looked_into_is_told(void **state)
{
    struct desk *d = *state;
    char line[100] = "", path[FOLDER_BYTES];
    struct log log = {.user = line, .sink = keep_link, .threshold = LOG_INFO};
    d->place.log = &log;
    folder_write(d->folder, "disk/notes.txt", "", 0);
    folder_write(d->folder, "machine/notes.txt", "", 0);
    assert_int_equal(symlink("../machine", folder_path(path, d->folder, "disk/on")), 0);
    assert_int_equal(symlink("../disk", folder_path(path, d->folder, "tapes/disk")), 0);
    mine(d);
    assert_string_equal(line, "1 link to a folder, behind a link in");
}

static void hear_waiting(void *user, enum log_level level, const char *source,
                         const char *line)
{
    (void)source;
    atomic_bool *told = user;
    if (level >= LOG_INFO && strstr(line, "waiting, another trowel settles"))
        atomic_store(told, true);
}

/* A run that begins the same new project in the same moment, without a seed either: the
 * one it has drawn when its turn is over is that of both, and who waits says so. */
static void who_begins_together_has_one_seed(void **state)
{
    struct desk *d = *state;
    struct config theirs = d->config;
    struct settling turn = {.project = &d->other};
    struct catalog_source source;
    OWN(find_list) found = {0};
    atomic_bool told = false;
    struct log log = {.user = &told, .sink = hear_waiting, .threshold = LOG_INFO};
    d->place.log = &log;
    theirs.reproducibility.random_seed.set = false;
    d->config.reproducibility.random_seed.set = false;
    assert_int_equal(process_begin_settling(&turn, &theirs, false, NULL), ST_OK);
    ask(d, false);
    for (int i = 0; i < 10000 && !atomic_load(&told); i++)
        nap_ms(1);
    assert_true(atomic_load(&told));
    struct recipe begun = {.stages = STAGES_ALL, .cfg = theirs};
    assert_int_equal(process_end_settling(&turn, &begun, ST_OK, NULL), ST_OK);
    settle(d);
    assert_int_equal(d->replied, ST_OK);
    assert_int_equal(project_record(&d->project, "evening", &source, &found, NULL),
                     ST_OK);
    assert_true(found.count > 0);
    assert_true(found.at[0].seed == theirs.reproducibility.random_seed.value);
}

/* --- stages ------------------------------------------------------------------------ */

enum { DRUMS_ONLY = 1 << STAGE_DRUMS };

/* What `--batch process --stages drums` does at its beginning. */
static void other_begins(struct desk *d, unsigned stages)
{
    struct settling turn = {.project = &d->other};
    struct config theirs = d->config;
    d->recipe.stages = stages;
    assert_int_equal(process_begin_settling(&turn, &theirs, false, NULL), ST_OK);
    assert_int_equal(recipe_init(&d->recipe, &theirs, NULL), ST_OK);
    assert_int_equal(process_end_settling(&turn, &d->recipe, ST_OK, NULL), ST_OK);
}

static size_t of_recipe(const struct desk *d, const struct recipe *recipe)
{
    struct catalog_source s;
    size_t n = 0;
    for (int i = 0; i < TAPES; i++)
        n += project_record(&d->project, tapes[i], &s, NULL, NULL) == ST_OK &&
             s.recipe_hash == recipe->hash;
    return n;
}

static enum status run_stages(const struct desk *d, unsigned stages, int shards,
                              bool force, struct err *e)
{
    struct holder h = {0};
    struct reporter reporter = {hear, &h};
    struct process_input input = {.dir = d->input, .stages = stages};
    struct process_job job = run_of(d, &input, &reporter);
    struct process_result result;
    job.one_recipe = true;
    job.shard_count = shards;
    job.force = force;
    return process_run(&job, &result, e);
}

static void keep_begin(void *user, enum log_level level, const char *source,
                       const char *line)
{
    (void)source, (void)level;
    if (strncmp(line, "mining ", 7) == 0)
        snprintf(user, 200, "%s", line);
}

/* The project of a run that looks for some things only is continued with these, while it
 * is at work, after a :save, and when all are mined again; the run goes on as well. */
static void a_project_keeps_its_stages(void **state)
{
    struct desk *d = *state;
    struct pollfd fd = {.fd = jobs_fd(d->jobs), .events = POLLIN};
    struct begun held;
    char began[200] = "";
    struct log log = {.user = began, .sink = keep_begin, .threshold = LOG_INFO};
    d->place.log = &log;
    other_begins(d, DRUMS_ONLY);
    assert_int_equal(project_claim(&d->other, tapes[0], &held, NULL), ST_OK);
    ask(d, false);
    settle(d);
    project_abandon(&held);
    assert_non_null(strstr(d->sentence, "mined 1 recording for drums only: "));
    assert_non_null(
        strstr(began, "/tapes for drums only, with which the project was begun"));
    assert_int_equal(of_recipe(d, &d->recipe), 1);
    assert_int_equal(run_stages(d, DRUMS_ONLY, 1, false, NULL), ST_OK);
    assert_int_equal(of_recipe(d, &d->recipe), TAPES);
    assert_int_equal(project_save_config(&d->project, &d->config, NULL), ST_OK);
    ask_for_all(d, &fd);
    settle(d);
    assert_non_null(strstr(d->sentence, "mined 2 recordings for drums only: "));
    assert_int_equal(of_recipe(d, &d->recipe), TAPES);
    assert_int_equal(run_stages(d, DRUMS_ONLY, 1, false, NULL), ST_OK);
    assert_int_equal(run_stages(d, STAGES_ALL, 1, true, NULL), ST_OK);
    ask_for_all(d, &fd);
    settle(d);
    assert_non_null(strstr(d->sentence, "mined 2 recordings: "));
}

/* One that pads were made for, as `textures` does, takes each recording for a pad. */
static void a_project_of_pads_keeps_that(void **state)
{
    struct desk *d = *state;
    struct recipe back;
    d->recipe.whole_pads = true;
    other_begins(d, 1u << STAGE_DRONES);
    assert_int_equal(project_stages(&d->project, &back, NULL), ST_OK);
    assert_true(back.whole_pads && back.stages == 1u << STAGE_DRONES);
    ask(d, false);
    settle(d);
    assert_int_equal(of_recipe(d, &d->recipe), TAPES);
    struct recipe mines = d->recipe;
    mines.whole_pads = false;
    assert_int_equal(recipe_init(&mines, &d->config, NULL), ST_OK);
    assert_int_equal(of_recipe(d, &mines), 0);
}

/* Before a first recording is on record, whoever is at work has said what by. */
static void no_run_joins_one_with_other_stages(void **state)
{
    struct desk *d = *state;
    struct begun held;
    struct err e = {0};
    other_begins(d, STAGES_ALL);
    assert_int_equal(project_claim(&d->other, tapes[0], &held, NULL), ST_OK);
    assert_int_equal(run_stages(d, DRUMS_ONLY, 1, false, &e), ST_BUSY);
    assert_non_null(strstr(e.msg, "another trowel is at work in "));
    assert_non_null(
        strstr(e.msg, " with all stages; let it end, or --project_name begins another"));
    assert_int_equal(run_stages(d, DRUMS_ONLY, 2, false, &e), ST_BUSY);
    assert_int_equal(run_stages(d, DRUMS_ONLY, 2, true, &e), ST_BUSY);
    d->config.separation.pads = true;
    assert_int_equal(run_stages(d, STAGES_ALL, 1, false, &e), ST_BUSY);
    assert_non_null(strstr(e.msg, " with separation.pads false, not true; let"));
    project_abandon(&held);
    assert_int_equal(run_stages(d, DRUMS_ONLY, 2, false, &e), ST_OK);
    assert_int_equal(run_stages(d, STAGES_ALL, 1, false, &e), ST_EXISTS);
    assert_non_null(strstr(e.msg, " was made with --stages drums; --force"));
}

/* A seed that was drawn is that of the project, though :save keeps settings without. */
static void saving_keeps_the_seed(void **state)
{
    struct desk *d = *state;
    struct config saved;
    d->config.reproducibility.random_seed.set = false;
    other_begins(d, STAGES_ALL);
    uint64_t drawn = d->recipe.seed;
    assert_int_equal(project_save_config(&d->project, &d->config, NULL), ST_OK);
    assert_int_equal(project_config(&d->project, &saved, NULL), ST_OK);
    assert_true(saved.reproducibility.random_seed.set);
    assert_true(saved.reproducibility.random_seed.value == drawn);
    saved.reproducibility.random_seed.value = drawn + 1; /* unless another is given */
    assert_int_equal(project_save_config(&d->project, &saved, NULL), ST_OK);
    assert_int_equal(project_config(&d->project, &saved, NULL), ST_OK);
    assert_true(saved.reproducibility.random_seed.value == drawn + 1);
}

static void count_failed(void *user, enum log_level level, const char *source,
                         const char *line)
{
    (void)source;
    *(int *)user += level >= LOG_WARNING && strstr(line, "noise.wav") == line;
}

/* Also of one that failed before, and is not tried again: its reason is in the log of
 * every session. */
static void what_failed_before_is_told_again(void **state)
{
    struct desk *d = *state;
    int told = 0;
    struct log log = {.user = &told, .sink = count_failed, .threshold = LOG_INFO};
    struct mine_request start = {.config = &d->config, .at_start = true};
    d->place.log = &log;
    folder_write(d->folder, "tapes/noise.wav", "RIFF", 4);
    mine(d);
    assert_non_null(strstr(d->sentence, "; 1 failed, {jobs} says why"));
    assert_int_equal(told, 1);
    d->replies = 0;
    assert_int_equal(mining_start(&d->place, &start, (struct app_reply){reply, d}, NULL),
                     ST_OK);
    settle(d);
    assert_int_equal(d->replies, 1);
    assert_int_equal(d->replied, ST_EXISTS);
    assert_string_equal(
        d->sentence,
        "1 recording failed when mined, {jobs} says why; {mine} tries again");
    assert_int_equal(told, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        CASE(what_another_has_begun_is_left_to_it),
        CASE(what_another_finished_meanwhile_stays),
        CASE(what_changes_meanwhile_is_mined_again),
        CASE(a_project_keeps_its_stages),
        CASE(a_project_of_pads_keeps_that),
        CASE(no_run_joins_one_with_other_stages),
        CASE(saving_keeps_the_seed),
        CASE(what_was_finished_here_meanwhile_stays),
        CASE(a_project_that_cannot_be_written_ends_it),
        CASE(a_folder_that_is_shut_fails_alone),
        CASE(a_run_waits_last_of_all),
        CASE(the_last_one_is_waited_for),
        CASE(waiting_to_join_can_be_stopped),
        CASE(what_was_done_before_is_no_progress),
        CASE(work_is_as_it_was_measured),
        CASE(a_recording_that_changed_is_named),
        CASE(other_settings_are_told),
        CASE(what_waits_takes_the_settings_of_now),
        CASE(what_is_taken_over_leaves_nothing_of_before),
        CASE(what_waits_is_left_to_who_asked),
        CASE(what_runs_keeps_its_settings),
        CASE(a_renamed_recording_is_told),
        CASE(one_is_logged_as_one),
        CASE(what_is_not_looked_into_is_told),
        CASE(who_begins_together_has_one_seed),
        CASE(what_failed_before_is_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
