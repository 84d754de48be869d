#include "targets.h"

#include "io/config.h"
#include "io/manifest.h"
#include "io/soundfile.h"
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
    config_defaults(&c);
    enum status st = config_parse(&c, (const char *)bytes, n, "fuzz", &report, &e);
    insist(st == ST_OK || (st == ST_CONFIG && e.msg[0]));
    config_report_done(&report);
    if (st)
        return 0;
    char *text;
    insist(config_check(&c, NULL) == ST_OK);
    insist(config_yaml(&c, CONFIG_COMMENTED, &text, NULL) == ST_OK);
    config_defaults(&back);
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

/* Whatever opens gives finite samples, a bounded number of them, and regions. */
int fuzz_soundfile(const uint8_t *bytes, size_t n)
{
    char path[64] = "/tmp/trowel-fuzz-XXXXXX";
    int fd = mkstemp(path);
    insist(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
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
