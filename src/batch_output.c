#include "batch_output.h"

#include "core/clock.h"
#include "core/why.h"
#include "own_stderr.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 4096 };

/* The first failure is the one to tell. */
static void flush_results(struct output *o)
{
    int problem = fflush(stdout) != 0 ? errno : ferror(stdout) ? EIO : 0;
    if (o->stdout_error == 0)
        o->stdout_error = problem;
}

/* Before anything is said: the open line goes, and in a pipe, too, results stand before
 * the messages that follow them. */
static void close_line(struct output *o)
{
    flush_results(o);
    if (o->line_open)
        fputs("\r\033[K", o->messages);
    o->line_open = false;
}

/* What is longer than the stream's buffer fails here, and leaves nothing to flush. */
static void put_results(struct output *o, const char *text, size_t n)
{
    if (fwrite(text, 1, n, stdout) < n && o->stdout_error == 0)
        o->stdout_error = errno;
}

static void json_begin(struct output *o, const char *event)
{
    text_clear(&o->buffer);
    json_open(&o->buffer, NULL, '{');
    json_string(&o->buffer, "event", event);
}

static void json_end(struct output *o)
{
    json_close(&o->buffer, '}');
    text_add(&o->buffer, "\n");
    if (o->buffer.at)
        put_results(o, o->buffer.at, o->buffer.length);
    flush_results(o);
}

static void sink(void *user, enum log_level level, const char *source, const char *line)
{
    struct output *o = user;
    pthread_mutex_lock(&o->lock);
    if (o->json && level >= LOG_WARNING) {
        json_begin(o, level == LOG_WARNING ? "warning" : "error");
        if (source)
            json_string(&o->buffer, "source", source);
        json_string(&o->buffer, "message", line);
        json_end(o);
    } else {
        close_line(o);
        if (level >= LOG_WARNING)
            fprintf(o->messages, "trowel: %s: %s\n", log_level_name(level), line);
        else
            fprintf(o->messages, "%s\n", line);
    }
    pthread_mutex_unlock(&o->lock);
}

static void json_candidate(struct output *o, const struct news *n)
{
    const struct candidate *c = n->find;
    json_begin(o, "candidate");
    json_string(&o->buffer, "source", n->source);
    json_string(&o->buffer, "filename", c->filename);
    json_string(&o->buffer, "type", kind_type(c->kind));
    for (int i = 0; i < ME_COUNT; i++) {
        double value = measures_get(&c->m, (enum measure_id)i);
        if (!isnan(value))
            json_number(&o->buffer, measure_table[i].column, value,
                        measure_table[i].decimals);
    }
    if (c->key[0])
        json_string(&o->buffer, "key", c->key);
    if (c->hit_class[0])
        json_string(&o->buffer, "hit_class", c->hit_class);
    if (c->grade)
        json_string(&o->buffer, "grade", (char[]){c->grade, '\0'});
    json_bool(&o->buffer, "saved", c->saved);
    json_end(o);
}

static void tell_json(struct output *o, const struct news *n)
{
    if (n->kind == NEWS_FIND)
        json_candidate(o, n);
    if (n->kind == NEWS_FIND || n->kind == NEWS_MISS)
        return;
    if (n->kind == NEWS_TICK && clock_s() - o->told_s < 1)
        return;
    o->told_s = clock_s();
    json_begin(o, n->kind == NEWS_FAILED ? "error"
                  : n->kind == NEWS_PLAN ? "plan"
                                         : "progress");
    if (n->source)
        json_string(&o->buffer, "source", n->source);
    if (n->kind == NEWS_DONE || n->kind == NEWS_SKIPPED || n->done_before)
        json_string(&o->buffer, "state", n->kind == NEWS_DONE ? "done" : "skipped");
    if (n->text)
        json_string(&o->buffer, n->kind == NEWS_FAILED ? "message" : "output", n->text);
    if (n->kind != NEWS_PLAN || !n->source) {
        json_whole(&o->buffer, "finished", n->index);
        json_whole(&o->buffer, "total", n->total);
    }
    if (n->kind == NEWS_TICK)
        json_number(&o->buffer, "fraction", n->fraction, 4);
    if (n->kind == NEWS_DONE) {
        json_whole(&o->buffer, "finds", n->finds);
        json_number(&o->buffer, "audio_s", n->audio_s, 3);
        json_number(&o->buffer, "took_s", n->took_s, 3);
        if (n->near_pad) {
            json_string(&o->buffer, "nearest_pad_missed_by", n->near_pad->missed_by);
            json_string(&o->buffer, "setting", why_setting(n->near_pad));
        }
        json_bool(&o->buffer, "more_hits", n->spare_hit != NULL);
    }
    json_end(o);
}

static void progress_line(struct output *o, const struct news *n)
{
    enum { WIDTH = 24 };
    double elapsed = clock_s() - o->began_s;
    int filled = (int)(n->fraction * WIDTH);
    close_line(o);
    fputs("[", o->messages);
    for (int i = 0; i < WIDTH; i++)
        fputc(i < filled ? '#' : '.', o->messages);
    fprintf(o->messages, "] %zu/%zu files", n->index, n->total);
    if (o->audio_s > 0 && elapsed > 0)
        fprintf(o->messages, "  %.0fx realtime", o->audio_s / elapsed);
    if (n->fraction > 0.02 && elapsed > 1) {
        int left = (int)(elapsed / n->fraction * (1 - n->fraction) + 0.5);
        fprintf(o->messages, "  %d:%02d left", left / 60, left % 60);
    }
    fflush(o->messages);
    o->line_open = true;
}

/* File names may hold anything, also what a terminal obeys. */
static void put_name(FILE *to, const char *name)
{
    char plain[PATH_BYTES];
    fputs(text_plain(plain, sizeof plain, name), to);
}

/* Nobody expects pads of a recording full of drum hits. */
static bool full_of_hits(const struct output *o, const struct news *n)
{
    const double per_second = 0.5;
    size_t hits = o->per_category[CAT_DRUMS];
    return hits > 0 && (double)hits >= per_second * n->audio_s;
}

static void source_line(struct output *o, const struct news *n)
{
    close_line(o);
    fprintf(o->messages, "%zu/%zu ", n->index, n->total);
    put_name(o->messages, n->source);
    putc(':', o->messages);
    if (n->kind == NEWS_SKIPPED) {
        fputs(" done before\n", o->messages);
        return;
    }
    const char *separator = " ";
    for (int i = 0; i < CAT_COUNT; i++) {
        if (o->per_category[i] == 0)
            continue;
        fprintf(o->messages, "%s%zu %s", separator, o->per_category[i],
                category_counted((enum category)i, o->per_category[i]));
        separator = ", ";
    }
    double speed = n->took_s > 0 ? n->audio_s / n->took_s : 0;
    fprintf(o->messages, " (%.*f s in %.1f s, %.*fx realtime)\n", n->audio_s < 10,
            n->audio_s, n->took_s, speed < 10, speed);
    char missed[WHY_MISSED_BYTES];
    bool hits = full_of_hits(o, n);
    o->without_pads += n->near_pad && hits;
    if (n->near_pad && (o->verbose || !hits))
        fprintf(o->messages, "    no pad; the nearest: %s\n",
                why_missed(n->near_pad, missed, sizeof missed));
    if (n->spare_hit)
        fprintf(o->messages, "    there are more hits, %s\n",
                why_missed(n->spare_hit, missed, sizeof missed));
}

/* Why a find was picked: its score, part by part, in plain units. */
static void find_line(struct output *o, const struct candidate *c)
{
    close_line(o);
    fprintf(o->messages, "  %s: score %.2f", c->filename, c->m.score);
    for (int i = 0; i < c->parts.count; i++) {
        char why[64];
        why_part(c, i, why, sizeof why);
        fprintf(o->messages, "%s %s %.2f%s%s%s", i ? "," : ":", c->parts.part[i].name,
                c->parts.part[i].value, *why ? " (" : "", why, *why ? ")" : "");
    }
    putc('\n', o->messages);
}

static void miss_line(struct output *o, const struct candidate *c)
{
    char missed[WHY_MISSED_BYTES];
    close_line(o);
    fprintf(o->messages, "  near-miss: %s at %.2f s: %s\n", kind_type(c->kind),
            c->m.start_sec, why_missed(c, missed, sizeof missed));
}

static void tell_text(struct output *o, const struct news *n)
{
    switch (n->kind) {
    case NEWS_PLAN:
        if (o->dry_run && n->source) {
            put_name(stdout, n->source);
            fputs(" -> ", stdout);
            put_name(stdout, n->text);
            puts(n->done_before ? " (done before)" : "");
        } else if (!o->quiet) {
            fprintf(o->messages, "%zu recording%s into ", n->total,
                    n->total == 1 ? "" : "s");
            put_name(o->messages, n->text);
            putc('\n', o->messages);
        }
        break;
    case NEWS_TICK:
        if (o->terminal && !o->quiet)
            progress_line(o, n);
        break;
    case NEWS_FIND:
        o->per_category[kind_category(n->find->kind)]++;
        if (o->verbose)
            find_line(o, n->find);
        break;
    case NEWS_MISS:
        if (o->verbose)
            miss_line(o, n->find);
        break;
    case NEWS_FAILED:
        close_line(o);
        fprintf(o->messages, "trowel: error: %s\n", n->text);
        break;
    default:
        if (!o->quiet)
            source_line(o, n);
        break;
    }
    if (n->kind == NEWS_DONE || n->kind == NEWS_FAILED)
        memset(o->per_category, 0, sizeof o->per_category);
}

static void tell(void *user, const struct news *n)
{
    struct output *o = user;
    pthread_mutex_lock(&o->lock);
    if (n->kind == NEWS_DONE)
        o->audio_s += n->audio_s;
    if (o->json)
        tell_json(o, n);
    else
        tell_text(o, n);
    pthread_mutex_unlock(&o->lock);
}

void output_init(struct output *o, const struct request *r)
{
    *o = (struct output){.json = r->given[OPT_JSON],
                         .quiet = r->given[OPT_QUIET],
                         .verbose = r->given[OPT_VERBOSE],
                         .messages = own_stderr(),
                         .dry_run = r->given[OPT_DRY_RUN],
                         .terminal = isatty(STDERR_FILENO) == 1,
                         .began_s = clock_s()};
    pthread_mutex_init(&o->lock, NULL);
    o->log = (struct log){.sink = sink,
                          .user = o,
                          .threshold = o->quiet     ? LOG_ERROR
                                       : o->verbose ? LOG_DEBUG
                                                    : LOG_INFO};
    o->reporter = (struct reporter){.tell = tell, .user = o};
}

enum status output_done(struct output *o, enum status st)
{
    close_line(o);
    /* EPIPE: who read has gone, and has what they wanted (`| head`) */
    if (o->stdout_error != 0 && o->stdout_error != EPIPE && st == ST_OK) {
        char reason[128];
        if (strerror_r(o->stdout_error, reason, sizeof reason) != 0)
            snprintf(reason, sizeof reason, "error %d", o->stdout_error);
        fprintf(o->messages,
                "trowel: all is done, but standard output cannot be written: %s\n",
                reason);
        st = ST_DISK;
    }
    text_done(&o->buffer);
    pthread_mutex_destroy(&o->lock);
    return st;
}

void output_line(struct output *o, const char *format, ...)
{
    if (o->json)
        return;
    va_list args;
    va_start(args, format);
    close_line(o);
    text_clear(&o->buffer);
    text_vaddf(&o->buffer, format, args);
    va_end(args);
    for (char *line = o->buffer.at, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        err_tame(line);
        puts(line);
    }
}

void output_text(struct output *o, const struct text *t)
{
    close_line(o);
    if (t->length > 0)
        put_results(o, t->at, t->length);
}

void output_error(struct output *o, enum status st, const struct err *e)
{
    char plain[LINE_BYTES];
    const char *message = e->msg[0] ? e->msg : status_text(st);
    if (o->json) {
        json_begin(o, "error");
        json_string(&o->buffer, "message", message);
        json_whole(&o->buffer, "exit_status", (uint64_t)status_exit_code(st));
        json_end(o);
    }
    close_line(o);
    fprintf(o->messages, "trowel: %s\n", text_plain(plain, sizeof plain, message));
}

void output_counts(struct output *o, enum pipeline p, const char *path,
                   const struct output_count *counts, size_t n)
{
    if (!o->json)
        return;
    json_begin(o, "summary");
    json_string(&o->buffer, "pipeline", pipeline_name(p));
    if (path)
        json_string(&o->buffer, "output", path);
    for (size_t i = 0; i < n; i++)
        json_whole(&o->buffer, counts[i].name, counts[i].value);
    json_end(o);
}

/* One setting in JSON: words and texts quoted, numbers and lists of them as they are. */
static void json_setting(struct text *t, const struct config *cfg, int i)
{
    const struct config_key *k = config_key(i);
    char value[CONFIG_VALUE_BYTES], *rest;
    config_get(cfg, i, value, sizeof value);
    bool null = strcmp(value, "null") == 0;
    if (k->type == CONFIG_TEXT && !null) {
        json_string(t, k->name, (const char *)cfg + k->offset);
    } else if (k->type == CONFIG_WORDS) {
        json_open(t, k->name, '[');
        for (char *w = strtok_r(value, "[, ]", &rest); w;
             w = strtok_r(NULL, "[, ]", &rest))
            json_string(t, NULL, w);
        json_close(t, ']');
    } else if (k->type == CONFIG_CHOICE ||
               (k->null_word && strcmp(value, k->null_word) == 0 && !null)) {
        json_string(t, k->name, value);
    } else {
        json_plain(t, k->name, value);
    }
}

void output_settings(struct output *o, const char *path, const struct config *cfg)
{
    if (!o->json)
        return;
    json_begin(o, "summary");
    json_string(&o->buffer, "pipeline", pipeline_name(PIPE_VALIDATE));
    if (path)
        json_string(&o->buffer, "config", path);
    json_open(&o->buffer, "settings", '{');
    for (int i = 0; i < config_key_count(); i++)
        json_setting(&o->buffer, cfg, i);
    json_close(&o->buffer, '}');
    json_end(o);
}

void output_summary(struct output *o, enum pipeline p, const char *path,
                    const struct process_result *r)
{
    double speed = r->wall_s > 0 ? r->audio_s / r->wall_s : 0;
    if (o->json) {
        json_begin(o, "summary");
        json_string(&o->buffer, "pipeline", pipeline_name(p));
        json_string(&o->buffer, "output", path);
        json_whole(&o->buffer, "sources", r->sources);
        json_whole(&o->buffer, "done", r->done);
        json_whole(&o->buffer, "skipped", r->skipped);
        json_whole(&o->buffer, "failed", r->failed);
        json_whole(&o->buffer, "finds", r->totals.finds);
        json_whole(&o->buffer, "near_misses", r->totals.misses);
        json_whole(&o->buffer, "missing", r->totals.missing);
        json_whole(&o->buffer, "twins", r->totals.twins);
        json_open(&o->buffer, "categories", '{');
        for (int i = 0; i < CAT_COUNT; i++)
            json_whole(&o->buffer, category_folder((enum category)i),
                       r->totals.per_category[i]);
        json_close(&o->buffer, '}');
        json_number(&o->buffer, "audio_s", r->audio_s, 3);
        json_number(&o->buffer, "wall_s", r->wall_s, 3);
        if (!o->dry_run) /* it draws none */
            json_whole(&o->buffer, "seed", r->seed);
        json_end(o);
        return;
    }
    if (o->dry_run)
        return;
    close_line(o);
    if (o->without_pads > 0 && !o->verbose)
        fprintf(o->messages,
                "no pads in %zu recording%s full of hits; the near misses (] in the "
                "workstation) say why%s\n",
                o->without_pads, o->without_pads == 1 ? "" : "s",
                o->hits_taken_off ? "" : ", --set separation.pads=true removes the hits");
    char twins[TWINS_BYTES];
    project_tell_twins(&r->totals, twins, sizeof twins);
    if (twins[0] && r->done > 0 && !o->quiet)
        fprintf(o->messages, "%s\n", twins);
    printf("%zu source%s: %zu done, %zu done before, %zu failed", r->sources,
           r->sources == 1 ? "" : "s", r->done, r->skipped, r->failed);
    printf("; %zu find%s (", r->totals.finds, r->totals.finds == 1 ? "" : "s");
    for (int i = 0; i < CAT_COUNT; i++)
        printf("%s%zu %s", i ? ", " : "", r->totals.per_category[i],
               category_counted((enum category)i, r->totals.per_category[i]));
    printf(") and %zu near-miss%s; ", r->totals.misses,
           r->totals.misses == 1 ? "" : "es");
    if (r->done > 0)
        printf("%.0f s of sound in %.1f s (%.0fx realtime); ", r->audio_s, r->wall_s,
               speed);
    printf("seed %llu\n", (unsigned long long)r->seed);
}
