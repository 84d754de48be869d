#include "core/report.h"

#include "core/array.h"
#include "core/kit_load.h"
#include "core/report_page.h"
#include "dsp/mixdown.h"
#include "io/csv.h"
#include "io/number.h"
#include "io/paths.h"
#include "io/soundfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Players up to so many bytes of sound: a browser must still open the page. */
static const size_t PLAYER_BYTES = 60u << 20;
/* A longer sound is shown without a player. */
static const double LONGEST_S = 120;

struct page {
    struct report_sample *sample;
    size_t count, room;
    size_t failed; /* files in the folder that cannot be used */
};

static struct report_sample *add(struct page *p)
{
    if (!array_grow(&p->sample, &p->room, p->count + 1, sizeof *p->sample))
        return NULL;
    memset(&p->sample[p->count], 0, sizeof *p->sample);
    candidate_clear(&p->sample[p->count].c);
    return &p->sample[p->count++];
}

/* --- a kit's own manifest --- */

static double number(const char *text)
{
    double value;
    return text[0] && parse_number(text, &value) ? value : (double)NAN;
}

static void fill_kit_row(struct report_sample *s, const struct csv_reader *r)
{
#define FIELD(name) csv_value(r, name)
    struct candidate *c = &s->c;
    int kind = kind_find(FIELD("type"));
    c->kind = kind >= 0 ? (enum kind)kind : KIND_DRUM;
    snprintf(s->name, sizeof s->name, "%s", FIELD("name"));
    snprintf(s->label, sizeof s->label, "%s", FIELD("slot"));
    snprintf(s->heading, sizeof s->heading, "%s",
             s->label[0] ? "Instruments" : FIELD("category"));
    snprintf(c->filename, sizeof c->filename, "%s", FIELD("filename"));
    snprintf(c->source_path, sizeof c->source_path, "%s", FIELD("source_path"));
    snprintf(c->key, sizeof c->key, "%s", FIELD("key"));
    snprintf(c->hit_class, sizeof c->hit_class, "%s", FIELD("hit_class"));
    c->m.start_sec = number(FIELD("start_sec"));
    c->m.duration_sec = number(FIELD("duration_sec"));
    c->m.score = number(FIELD("score"));
    int decision = decision_find(FIELD("decision"));
    c->decision = decision > 0 ? (enum decision)decision : DECISION_NONE;
#undef FIELD
}

/* *is_kit tells whether the manifest is one of a kit at all. */
static enum status from_kit(struct page *p, const char *folder, const char *text,
                            size_t n, bool *is_kit, struct err *e)
{
    struct csv_reader r;
    bool more;
    csv_reader_init(&r, text, n);
    enum status st = csv_read_names(&r, &more, e);
    *is_kit = csv_column(&r, "origin_sha256") >= 0;
    while (st == ST_OK && *is_kit) {
        st = csv_read(&r, &more, e);
        if (st != ST_OK || !more)
            break;
        const char *path = csv_value(&r, "path");
        if (!path[0])
            continue;
        /* the page holds the kit's own sounds, wherever it is sent */
        st = path_check_relative(path, e);
        struct report_sample *s = st == ST_OK ? add(p) : NULL;
        if (st == ST_OK && !s)
            st = err_set(e, ST_NO_MEMORY, "no memory for the report");
        if (st == ST_OK)
            st = path_join(s->path, sizeof s->path, folder, path, e);
        if (st == ST_OK)
            fill_kit_row(s, &r);
    }
    csv_reader_done(&r);
    return st;
}

/* --- a project, a best-of set, or plain files --- */

static int by_category(const void *a, const void *b)
{
    const struct report_sample *x = a, *y = b;
    int order = (int)kind_category(x->c.kind) - (int)kind_category(y->c.kind);
    if (order)
        return order;
    double sx = isnan(x->c.m.score) ? 0 : x->c.m.score;
    double sy = isnan(y->c.m.score) ? 0 : y->c.m.score;
    if (sx != sy)
        return sx > sy ? -1 : 1;
    return strcmp(x->path, y->path);
}

static enum status from_set(struct page *p, const struct report_job *job, struct err *e)
{
    struct kit_set set;
    struct config cfg;
    enum status st = config_defaults(&cfg, e);
    if (st == ST_OK)
        st = kit_load(&set, job->input_dir, target_get((enum target_id)0), &cfg, true,
                      job->ctx, e);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; st == ST_OK && i < set.count; i++) {
        struct report_sample *s = add(p);
        if (!s) {
            st = err_set(e, ST_NO_MEMORY, "no memory for the report");
            break;
        }
        s->c = set.item[i].c;
        snprintf(s->name, sizeof s->name, "%s", s->c.filename);
        snprintf(s->path, sizeof s->path, "%s", set.item[i].path);
        snprintf(s->heading, sizeof s->heading, "%s",
                 category_folder(kind_category(s->c.kind)));
    }
    p->failed = set.failed;
    kit_set_done(&set);
    if (p->count > 1)
        qsort(p->sample, p->count, sizeof *p->sample, by_category);
    return st;
}

static enum status load(struct page *p, const struct report_job *job, struct err *e)
{
    char manifest[PATH_BYTES], *text;
    size_t n;
    bool is_kit = false;
    enum status st =
        path_join(manifest, sizeof manifest, job->input_dir, "manifest.csv", e);
    if (st != ST_OK)
        return st;
    st = path_read_file(manifest, 1u << 30, &text, &n, e);
    if (st == ST_OK) {
        st = from_kit(p, job->input_dir, text, n, &is_kit, e);
        free(text);
    } else if (st == ST_NOT_FOUND) {
        st = ST_OK;
    }
    if (st == ST_OK && !is_kit)
        st = from_set(p, job, e);
    if (st == ST_OK && p->count == 0)
        st = err_set(e, ST_NOTHING, "%s holds no samples to report", job->input_dir);
    return st;
}

/* --- writing --- */

/* The file, which has that rate (0: it could not be opened), as a 16-bit mono WAV of at
 * most `room` bytes: of a kit's mono sample, what is on the card. What is too long or
 * large has no player, and ST_OK. */
static enum status make_player(struct report_player *p, const char *path, int rate_hz,
                               size_t room, struct err *e)
{
    struct audio mono;
    *p = (struct report_player){.why = "the file cannot be read"};
    if (rate_hz <= 0)
        return ST_UNREADABLE;
    enum status st = soundfile_load(path, (size_t)(LONGEST_S * rate_hz), &mono, e);
    if (st == ST_UNSUPPORTED)
        p->why = "too long for a player on this page";
    if (st == ST_OK)
        st = mixdown_fold(&mono, e);
    if (st == ST_OK) {
        p->bytes = soundfile_wav16_bytes(&mono);
        p->why = "no player: the page would become too large";
        p->wav = p->bytes <= room ? malloc(p->bytes) : NULL;
        if (p->wav)
            soundfile_wav16(p->wav, &mono);
        else if (p->bytes <= room)
            st = err_set(e, ST_NO_MEMORY, "no memory for the report");
    }
    audio_done(&mono);
    return st == ST_UNSUPPORTED ? ST_OK : st;
}

struct writing {
    const struct report_job *job;
    struct atomic_file *file;
    struct text text;
    struct report_result *result;
    size_t room;
};

static enum status flush(struct writing *w, struct err *e)
{
    if (w->text.failed)
        return err_set(e, ST_NO_MEMORY, "no memory for the report");
    w->result->bytes += w->text.length;
    enum status st =
        atomic_write(w->file, w->text.at ? w->text.at : "", w->text.length, e);
    text_clear(&w->text);
    return st;
}

static enum status write_sample(struct writing *w, const struct report_sample *s,
                                size_t i, struct err *e)
{
    struct picture *picture = malloc(sizeof *picture);
    const atomic_bool *cancelled = w->job->ctx ? w->job->ctx->cancelled : NULL;
    if (!picture)
        return err_set(e, ST_NO_MEMORY, "no memory for the report");
    struct report_player player = {0};
    enum status drawn = picture_make(picture, s->path, 0, 0, cancelled, e);
    enum status st = drawn != ST_NO_MEMORY
                         ? make_player(&player, s->path, picture->rate_hz, w->room, e)
                         : drawn;
    if (st != ST_NO_MEMORY) {
        w->room -= player.wav ? player.bytes : 0;
        w->result->left_out += player.wav == NULL;
        w->result->failed += drawn != ST_OK || st != ST_OK;
        page_sample(&w->text, s, i, drawn == ST_OK ? picture : NULL, &player);
    }
    free(player.wav);
    free(picture);
    return st != ST_NO_MEMORY ? flush(w, e) : st;
}

static const char *title_of(const char *folder)
{
    const char *base = path_base(folder);
    return base[0] && strcmp(base, ".") != 0 ? base : "trowel report";
}

static enum status write_page(struct writing *w, const struct page *p, struct err *e)
{
    page_head(&w->text, title_of(w->job->input_dir), p->count);
    enum status st = flush(w, e);
    for (size_t i = 0; st == ST_OK && i < p->count; i++) {
        st = job_go_on(w->job->ctx, e);
        if (st != ST_OK)
            return st;
        job_progress(w->job->ctx, (double)i / (double)p->count, "writing the report");
        if (i == 0 || strcmp(p->sample[i].heading, p->sample[i - 1].heading) != 0)
            page_heading(&w->text, p->sample[i].heading, i == 0);
        st = write_sample(w, &p->sample[i], i, e);
    }
    page_foot(&w->text);
    return st == ST_OK ? flush(w, e) : st;
}

static bool is_page(const char *path)
{
    const char *ending = path_ending(path);
    return stem_same(ending, "html") || stem_same(ending, "htm");
}

/* A file there that is no report of ours is somebody's: a page of that name may be given
 * up, but nothing replaces a recording. */
static enum status check_output(const struct report_job *job, const char *path,
                                struct err *e)
{
    char start[64];
    int fd;
    struct stat link;
    if (!path_base(path)[0] || path_is_folder(path))
        return err_set(e, ST_USAGE, "%s is a folder; name the HTML file to write", path);
    enum status st = path_open_file(path, &fd, e);
    if (st != ST_OK && lstat(path, &link) != 0)
        return st == ST_NOT_FOUND ? ST_OK : st; /* else no such name can be */
    ssize_t n = st == ST_OK ? read(fd, start, sizeof start) : 0;
    if (st == ST_OK)
        close(fd);
    bool file = st == ST_OK && is_page(path);
    if ((file && job->force) || (n >= (ssize_t)strlen(report_mark) &&
                                 memcmp(start, report_mark, strlen(report_mark)) == 0))
        return ST_OK;
    return err_set(e, ST_EXISTS, "%s is not a report that trowel wrote; %s", path,
                   file ? "report --force replaces it"
                        : "move it away, or name another file that ends with .html");
}

enum status report_check(const struct report_job *job, struct err *e)
{
    return check_output(job, job->output, e);
}

static enum status open_output(struct writing *w, struct root *root, struct err *e)
{
    const char *path = w->result->path, *name;
    enum status st = check_output(w->job, path, e);
    if (st == ST_OK)
        st = path_check_name(path_base(path), "report", e);
    if (st == ST_OK)
        st = root_of_file(root, path, true, &name, e);
    return st == ST_OK ? atomic_begin(&w->file, root, name, e) : st;
}

enum status report_run(const struct report_job *job, struct report_result *result,
                       struct err *e)
{
    struct page page = {0};
    struct root root = {.fd = -1};
    *result = (struct report_result){0};
    snprintf(result->path, sizeof result->path, "%s%s",
             job->output ? job->output : job->input_dir,
             job->output ? "" : "/report.html");
    struct writing w = {.job = job, .result = result, .room = PLAYER_BYTES};
    enum status st = load(&page, job, e);
    result->samples = page.count;
    result->failed = page.failed;
    if (st == ST_OK && job->dry_run)
        st = check_output(job, result->path, e);
    else if (st == ST_OK) {
        st = open_output(&w, &root, e);
        if (st == ST_OK)
            st = write_page(&w, &page, e);
        if (st == ST_OK)
            st = atomic_commit(w.file, e);
        else
            atomic_abort(w.file);
    }
    root_done(&root);
    text_done(&w.text);
    free(page.sample);
    return st;
}
