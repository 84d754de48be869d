#include "ui_rig.h"
#include "checks.h"

#include "folder.h"

#include "core/rng.h"
#include "dsp/drum_class.h"
#include "io/paths.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ui_rig rig;
const struct ui_rig_size two_tapes = {2, 30, 112}, four_tapes = {4, 30, 112},
                         small_screen = {2, 24, 80};

static const char *const tapes[] = {"rehearsal-3", "night-train", "kitchen", "tape4",
                                    "jam",         "harbour",     "attic",   "glasswork"};

static void name_it(struct candidate *c, const char *stem, int item)
{
    static const char *const tones[] = {"dark", "mid", "bright"};
    snprintf(c->brightness, sizeof c->brightness, "%s", tones[item % 3]);
    switch (c->kind) {
    case KIND_PAD:
        snprintf(c->filename, sizeof c->filename, "%.60s_pad%02d_%s.wav", stem, item + 1,
                 c->brightness);
        break;
    case KIND_DRUM:
        snprintf(c->hit_class, sizeof c->hit_class, "%s",
                 drum_class_name((enum drum_class)(item / 3 % DRUM_CLASS_COUNT)));
        snprintf(c->filename, sizeof c->filename, "%.60s_drum_%03d_%s.wav", stem,
                 item + 1, c->hit_class);
        break;
    default:
        snprintf(c->filename, sizeof c->filename, "%.60s_%s_%03d.wav", stem,
                 kind_type(c->kind), item + 1);
    }
}

static void measure_it(struct candidate *c, struct rng *r, int item)
{
    static const char keys[][3] = {"Am", "F#", "C", "Dm", "G"};
    bool drum = c->kind == KIND_DRUM;
    struct measures *m = &c->m;
    m->start_sec = item * 7.25 + rng_range(r, 0, 5);
    m->duration_sec = drum ? rng_range(r, 0.05, 0.8) : rng_range(r, 1.5, 4.5);
    m->end_sec = m->start_sec + m->duration_sec;
    m->channels = 1;
    m->rms_db = rng_range(r, -32, -12);
    m->peak_dbfs = -1;
    m->crest_factor = rng_range(r, 2, 9);
    m->centroid_hz = rng_range(r, 300, 6000);
    m->flatness = rng_range(r, 0, 0.5);
    m->score = rng_range(r, 0.3, 0.99);
    c->start_frame = (int64_t)(m->start_sec * 44100);
    c->end_frame = (int64_t)(m->end_sec * 44100);
    c->source_rate_hz = 44100;
    c->grade = "AAB"[item % 3];
    if (drum) {
        static const char *const parts[] = {"isolation", "attack", "decay",
                                            "clean",     "level",  "drum"};
        m->hit_confidence = rng_range(r, 0.4, 0.99);
        for (int i = 0; i < 6; i++)
            parts_add(&c->parts, parts[i], m->hit_confidence);
        return;
    }
    m->lufs = m->rms_db - 1;
    m->seam_error_db = rng_range(r, -60, -20);
    m->key_confidence = rng_range(r, 0.3, 0.9);
    snprintf(c->key, sizeof c->key, "%s", keys[item % 5]);
    parts_add(&c->parts, "steady", rng_uniform(r));
    parts_add(&c->parts, "tonal", rng_uniform(r));
    parts_add(&c->parts, "calm", rng_uniform(r));
    parts_add(&c->parts, "seam", rng_uniform(r));
    c->loop_count = 3;
    for (int i = 0; i < 3; i++)
        c->loop[i] = (struct loop_choice){c->start_frame + i * 441,
                                          c->end_frame - i * 882, 0.9, -43 + i};
    m->loop_start = 0;
    m->loop_end = m->duration_sec * 44100;
}

void ui_rig_fill(struct session *s, int sources, int per_source)
{
    struct err e;
    FREED struct candidate *c = calloc((size_t)per_source, sizeof *c);
    assert_non_null(c);
    for (int k = 0; k < sources; k++) {
        struct catalog_source src = {
            .rate_hz = 44100, .channels = 2, .frames = (int64_t)per_source * 8 * 44100};
        snprintf(src.stem, sizeof src.stem, k < 8 ? "%s" : "%s-%d", tapes[k % 8], k);
        snprintf(src.path, sizeof src.path, "%.90s.flac", src.stem);
        struct rng r = rng_derive(1, (uint64_t)k, "rig", 0);
        for (int i = 0; i < per_source; i++) {
            static const enum kind kinds[] = {
                KIND_PAD,   KIND_DRUM, KIND_DRUM,      KIND_DRUM,    KIND_SWELL,
                KIND_CLOUD, KIND_DRUM, KIND_HISS_LOOP, KIND_SILENCE, KIND_DRUM};
            candidate_clear(&c[i]);
            c[i].kind = kinds[i % 10];
            snprintf(c[i].source, sizeof c[i].source, "%s", src.stem);
            snprintf(c[i].source_path, sizeof c[i].source_path, "%s", src.path);
            snprintf(c[i].algorithm_version, sizeof c[i].algorithm_version, "1");
            name_it(&c[i], src.stem, i);
            measure_it(&c[i], &r, i);
            c[i].saved = true;
            if (i % 20 == 10) {
                snprintf(c[i].missed_by, sizeof c[i].missed_by,
                         "level 1.2 dB below the gate");
                c[i].saved = false;
            }
            c[i].cluster = c[i].kind == KIND_DRUM && i % 4 < 2 ? 1 + k * 1000 + i / 8 : 0;
        }
        if (session_add(s, &src, c, (size_t)per_source, NULL, &e) != ST_OK)
            fail_msg("%s", e.msg);
        session_announce(s);
    }
}

void ui_rig_add(struct ui_rig *r, const struct catalog_source *source,
                const struct candidate *finds, size_t count)
{
    struct err e;
    if (session_add(r->session, source, finds, count, NULL, &e) != ST_OK)
        fail_msg("%s", e.msg);
    session_announce(r->session);
}

size_t ui_rig_rejected(const char *project)
{
    struct err e;
    OWN(session) *s = NULL;
    assert_int_equal(session_open(&s, project, &e), ST_OK);
    return session_tallies(s)->all.rejected;
}

void ui_rig_init(struct ui_rig *r, int sources, int per_source, int rows, int cols,
                 enum tier tier)
{
    struct err e;
    memset(r, 0, sizeof *r);
    setlocale(LC_CTYPE, "C.UTF-8");
    folder_make(r->folder);
    strcat(r->folder, "/TAPES_2019");
    assert_int_equal(session_open(&r->session, r->folder, &e), ST_OK);
    if (sources > 0)
        ui_rig_fill(r->session, sources, per_source);
    assert_int_equal(jobs_new(&r->jobs, 0, NULL, &e), ST_OK);
    assert_int_equal(logbook_new(&r->logbook, &e), ST_OK);
    config_defaults(&r->config, NULL);
    r->setup = (struct app_setup){.session = r->session,
                                  .jobs = r->jobs,
                                  .logbook = r->logbook,
                                  .config = &r->config,
                                  .input_dir = "",
                                  .theme_dirs = SOURCE_DIR "/themes",
                                  .user_dir = ""};
    assert_int_equal(app_init(&r->app, &r->setup, &e), ST_OK);
    view_set_scope(r->app.view, SCOPE_ALL);
    r->app.canvas.tier = tier;
    r->app.now = 1;
    theme_builtin(&r->app.theme);
    assert_int_equal(canvas_resize(&r->app.canvas, rows, cols, &e), ST_OK);
}

void ui_rig_done(struct ui_rig *r)
{
    app_done(&r->app);
    jobs_free(r->jobs);
    session_close(r->session);
    logbook_free(r->logbook);
    *strrchr(r->folder, '/') = '\0';
    folder_remove(r->folder);
}

int ui_rig_setup(void **state)
{
    const struct ui_rig_size *size = *state;
    ui_rig_init(&rig, size->sources, 40, size->rows, size->cols, TIER_BRAILLE);
    return 0;
}

int ui_rig_teardown(void **state)
{
    ui_rig_done(&rig);
    return 0;
}

void ui_rig_keys(struct ui_rig *r, const char *keys)
{
    struct keyseq seq;
    while (keyseq_next(&keys, &seq, NULL))
        for (int i = 0; i < seq.count; i++) {
            r->app.now += 0.1;
            app_key(&r->app, seq.key[i]);
            app_tick(&r->app);
        }
}

void ui_rig_type(struct ui_rig *r, const char *text)
{
    while (*text) {
        uint32_t code;
        text += utf8_decode(text, strlen(text), &code);
        app_key(&r->app, code);
    }
}

void ui_rig_enter(struct ui_rig *r, const char *key, const char *text)
{
    ui_rig_keys(r, key);
    ui_rig_type(r, text);
    ui_rig_keys(r, "Enter");
}

static size_t dump_row(const struct canvas *c, int row, char *out)
{
    size_t used = 0, end = 0;
    for (int x = 0; x < c->cols; x++) {
        const struct cell *cell = &c->cell[row * c->cols + x];
        if (cell->ch == 0)
            continue;
        used += (size_t)utf8_encode(out + used, cell->ch);
        for (int m = 0; m < CLUSTER_MARKS && cell->mark[m]; m++)
            used += (size_t)utf8_encode(out + used, cell->mark[m]);
        if (cell->ch != ' ')
            end = used;
    }
    out[end] = '\n';
    return end + 1;
}

char *canvas_dump(const struct canvas *c)
{
    size_t room = (size_t)c->rows * ((size_t)c->cols * 4 * (1 + CLUSTER_MARKS) + 2) + 8;
    char *out = malloc(room);
    assert_non_null(out);
    size_t used = 0;
    for (int r = 0; r < c->rows; r++)
        used += dump_row(c, r, out + used);
    out[used] = '\0';
    return out;
}

char *ui_rig_screen(struct ui_rig *r)
{
    int row, col;
    jobs_wait(r->app.quick);
    app_draw(&r->app, &row, &col);
    jobs_wait(r->app.quick);
    app_draw(&r->app, &row, &col);
    return canvas_dump(&r->app.canvas);
}

bool ui_rig_shows(struct ui_rig *r, const char *part)
{
    FREED char *screen = ui_rig_screen(r);
    bool does = strstr(screen, part) != NULL;
    if (!does)
        fprintf(stderr, "no '%s' in\n%s\n", part, screen);
    return does;
}

bool ui_rig_shows_at(struct ui_rig *r, int rows, int cols, const char *part)
{
    assert_int_equal(canvas_resize(&r->app.canvas, rows, cols, NULL), ST_OK);
    FREED char *screen = ui_rig_screen(r);
    return strstr(screen, part) != NULL;
}

bool ui_rig_said(const struct ui_rig *r, const char *part)
{
    bool does = strstr(r->app.echo, part) != NULL;
    if (!does)
        fprintf(stderr, "said '%s' instead of '%s'\n", r->app.echo, part);
    return does;
}

void check_text_file(const char *path, const char *text)
{
    if (getenv("TROWEL_REGENERATE")) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
        return;
    }
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing; TROWEL_REGENERATE=1 writes it", path);
    size_t n = strlen(text), room = n + 65536;
    FREED char *old = calloc(1, room);
    assert_non_null(old);
    size_t got = fread(old, 1, room - 1, f);
    fclose(f);
    if (got != n || memcmp(old, text, n) != 0) {
        size_t at = 0;
        while (at < n && at < got && old[at] == text[at])
            at++;
        int line = 1;
        for (size_t i = 0; i < at; i++)
            line += text[i] == '\n';
        print_error("%s differs at line %d; now it is:\n%s\n", path, line, text);
        free(old);
        fail();
    }
}

void ui_rig_golden(struct ui_rig *r, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/%s.txt", name);
    FREED char *text = ui_rig_screen(r);
    check_text_file(path, text);
}
