#include "targets.h"

#include "core/filter.h"
#include "core/journal.h"
#include "io/config.h"
#include "io/manifest.h"
#include "io/number.h"
#include "io/paths.h"
#include "io/soundfile.h"
#include "io/text.h"
#include "io/theme.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libsndfile 1.2 loses Vorbis's set-up of broken Ogg files; not ours to free. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libvorbis\nleak:libsndfile\nleak:libmpg123\nleak:libFLAC\n";
}

static void insist(int holds)
{
    if (!holds)
        abort();
}

/* A config that loads is valid, can be written, and reads back as the same. */
int fuzz_config(const uint8_t *bytes, size_t n)
{
    static struct config c, back;
    struct config_report report = {0};
    struct err e = {.msg = ""};
    config_defaults(&c, NULL);
    enum status st = config_parse(&c, (const char *)bytes, n, "fuzz", &report, &e);
    insist(st == ST_OK || (st == ST_CONFIG && e.msg[0]));
    config_report_done(&report);
    if (st)
        return 0;
    char *text;
    insist(config_check(&c, NULL) == ST_OK);
    insist(config_yaml(&c, &text, NULL) == ST_OK);
    config_defaults(&back, NULL);
    insist(config_parse(&back, text, strlen(text), "fuzz", NULL, NULL) == ST_OK);
    for (int i = 0; i < config_key_count(); i++) {
        char a[4200], b[4200];
        config_get(&c, i, a, sizeof a);
        config_get(&back, i, b, sizeof b);
        insist(strcmp(a, b) == 0);
    }
    free(text);
    return 0;
}

int fuzz_manifest(const uint8_t *bytes, size_t n)
{
    struct candidate *rows = NULL;
    size_t count = 0;
    struct err e = {.msg = ""};
    enum status st = manifest_parse((const char *)bytes, n, "fuzz", &rows, &count, &e);
    insist(st == ST_OK || (st == ST_CORRUPT && e.msg[0]));
    for (size_t i = 0; !st && i < count; i++) {
        insist(path_check_name(rows[i].filename, "file", NULL) == ST_OK);
        insist(rows[i].kind < KIND_COUNT && rows[i].decision < DECISION_COUNT);
        insist(rows[i].loop_count <= LOOP_CHOICES_MAX &&
               rows[i].parts.count <= PARTS_MAX);
    }
    if (!st)
        free(rows);
    return 0;
}

int fuzz_theme(const uint8_t *bytes, size_t n)
{
    struct theme t;
    struct err e = {.msg = ""};
    enum status st = theme_parse(&t, (const char *)bytes, n, "fuzz", &e);
    insist(st == ST_OK || (st == ST_CONFIG && e.msg[0]));
    for (int i = 0; !st && i < ROLE_COUNT; i++) {
        insist(t.look[THEME_256][i].fg >= -1 && t.look[THEME_256][i].fg <= 255);
        insist(t.look[THEME_16][i].fg >= -1 && t.look[THEME_16][i].fg <= 15);
    }
    return 0;
}

/* A file of exactly these bytes. */
static void put(char path[64], const void *bytes, size_t n)
{
    strcpy(path, "/tmp/trowel-fuzz-XXXXXX");
    int fd = mkstemp(path);
    insist(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

/* As a text that ends where the bytes do, or at a zero among them. */
static char *as_text(const uint8_t *bytes, size_t n)
{
    char *text = malloc(n + 1);
    insist(text != NULL);
    memcpy(text, bytes, n);
    text[n] = '\0';
    return text;
}

/* Whatever opens gives finite samples, a bounded number of them, and regions. */
int fuzz_soundfile(const uint8_t *bytes, size_t n)
{
    char path[64];
    put(path, bytes, n);
    struct soundfile *sf;
    struct err e = {.msg = ""};
    enum status st = soundfile_open(&sf, path, &e);
    insist(st == ST_OK || e.msg[0]);
    if (!st) {
        enum { BLOCK = 256 };
        static float block[BLOCK * SOUNDFILE_MAX_CHANNELS];
        size_t got = 1, total = 0, channels = (size_t)soundfile_info(sf)->channels;
        while (got && total < 1 << 20) {
            insist(soundfile_read(sf, block, BLOCK, &got, &e) == ST_OK && got <= BLOCK);
            for (size_t i = 0; i < got * channels; i++)
                insist(fabsf(block[i]) <= 1000.0f);
            total += got;
        }
        struct audio region;
        if (soundfile_read_region(sf, (int64_t)(total / 2), 100, &region, &e) == ST_OK)
            audio_done(&region);
        soundfile_close(sf);
    }
    unlink(path);
    return 0;
}

static const char *a_source(void *user, uint32_t source)
{
    (void)user;
    (void)source;
    return "tape 4";
}

static int a_stack(void *user, int stack)
{
    (void)user;
    return stack == 1 ? 3 : 1;
}

/* Bit by bit which of two finds it takes. */
static int taken(const struct filter *f)
{
    static const struct find finds[] = {
        {.folded = "tape_4-pad01", .key = "A#m", .grade = 'A', .slot = -1, .rating = 4},
        {.folded = "b", .kind = KIND_DRUM, .category = CAT_DRUMS, .stack = 1}};
    static double value[ME_COUNT][2], *columns[ME_COUNT];
    unsigned char mark[2] = {1, 1};
    for (int m = 0; m < ME_COUNT; m++) {
        columns[m] = value[m];
        value[m][0] = m % 3 ? m : (double)NAN;
        value[m][1] = -m;
    }
    struct filter_finds of = {finds, columns, NULL, a_source, a_stack};
    filter_sift(f, &of, 0, 2, mark);
    return mark[0] | mark[1] << 1;
}

/* A filter or a reason; what it takes, its negation does not; completions are in it. */
int fuzz_filter(const uint8_t *bytes, size_t n)
{
    struct filter *f = NULL, *others = NULL;
    struct err e = {.msg = ""};
    char word[16][FILTER_WORD_BYTES], *text = as_text(bytes, n), folded[40];
    size_t length = strlen(text), from = 0;
    enum filter_result got = filter_parse(&f, text, &e);
    insist(got == FILTER_WRONG ? f == NULL && e.msg[0] : f != NULL);
    char *negated = malloc(length + 4);
    insist(negated != NULL);
    sprintf(negated, "!(%s)", text);
    /* a bracket that closes nothing may be part of a word */
    if (got == FILTER_OK && !filter_is_empty(f) && !strchr(text, ')') &&
        filter_parse(&others, negated, NULL) == FILTER_OK)
        insist(taken(f) == (3 ^ taken(others)));
    int words = filter_complete(text, word, 16, &from);
    insist(words >= 0 && words <= 16 && from <= length);
    filter_fold(folded, sizeof folded, text);
    insist(strlen(folded) < sizeof folded);
    filter_free(others);
    filter_free(f);
    free(negated);
    free(text);
    return 0;
}

/* What was read is written as a line that reads back as the same. */
struct heard {
    struct text lines;
    size_t count;
};

static enum status hear(void *user, const struct change *c, const char *path,
                        struct err *e)
{
    struct heard *h = user;
    struct change again = *c;
    /* the name of a sample alone is looked up later */
    insist(c->field == FIELD_SLOT ||
           (change_check(&again, e) == ST_OK && strcmp(again.value, c->value) == 0));
    journal_add(&h->lines, c, path);
    h->count++;
    return ST_OK;
}

int fuzz_decisions(const uint8_t *bytes, size_t n)
{
    char path[64];
    struct heard once = {{0}, 0}, twice = {{0}, 0};
    struct journal_report report = {0};
    struct err e = {.msg = ""};
    put(path, bytes, n);
    enum status st = journal_read(path, hear, &once, &report, &e);
    unlink(path);
    insist(st == ST_OK || (st == ST_UNREADABLE && e.msg[0]));
    insist(report.bad == 0 || report.first_bad.msg[0]);
    if (once.count > 0) {
        put(path, once.lines.at, once.lines.length);
        st = journal_read(path, hear, &twice, &report, NULL);
        unlink(path);
        insist(st == ST_OK && report.bad == 0 && twice.count == once.count);
        insist(once.lines.length == twice.lines.length &&
               memcmp(once.lines.at, twice.lines.at, once.lines.length) == 0);
    }
    text_done(&once.lines);
    text_done(&twice.lines);
    return 0;
}

/* A number is the same after it was written and read; a name, made safe, is a name, and
 * made safe again the same one. */
int fuzz_words(const uint8_t *bytes, size_t n)
{
    char *text = as_text(bytes, n), safe[STEM_BYTES], again[STEM_BYTES], plain[40];
    double value, back;
    uint64_t whole;
    stem_safe(safe, text);
    stem_safe(again, safe);
    insist(path_check_name(safe, "name", NULL) == ST_OK && strcmp(safe, again) == 0);
    insist(strpbrk(safe, UNPORTABLE) == NULL);
    stem_numbered(again, safe, 17);
    insist(path_check_name(again, "name", NULL) == ST_OK && strstr(again, "_17"));
    insist(stem_same(text, text) && strlen(text_plain(plain, sizeof plain, text)) < 40);
    if (parse_number(text, &value)) {
        char exact[64];
        format_exact(exact, sizeof exact, value);
        insist(parse_number(exact, &back) && back == value);
        format_number(exact, sizeof exact, value, 3);
        insist(!(fabs(value) < 1e12) ||
               (parse_number(exact, &back) && fabs(back - value) < 6e-4));
    }
    insist(parse_leading(text, &value) <= strlen(text));
    if (parse_whole(text, &whole))
        insist(parse_number(text, &value) && fabs(value - (double)whole) <= 0);
    free(text);
    return 0;
}
