#include "core/recipe.h"

#include "core/rng.h"
#include "core/version.h"
#include "io/content_hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[STAGE_COUNT] = {
    [STAGE_PADS] = "pads", [STAGE_DRONES] = "drones", [STAGE_CLOUDS] = "clouds",
    [STAGE_HISS] = "hiss", [STAGE_DRUMS] = "drums",   [STAGE_SILENCES] = "silences",
    [STAGE_DUST] = "dust",
};

const char *stage_name(enum stage s)
{
    return names[s];
}

static int find_stage(const char *word, size_t n)
{
    if (n == 6 && strncmp(word, "swells", n) == 0)
        return STAGE_DRONES;
    for (int i = 0; i < STAGE_DUST; i++)
        if (strlen(names[i]) == n && strncmp(names[i], word, n) == 0)
            return i;
    return -1;
}

enum status stages_parse(const char *text, unsigned *stages, struct err *e)
{
    unsigned set = 0;
    for (const char *word = text; *word;) {
        word += strspn(word, " ");
        if (*word == '\0')
            break;
        size_t all = strcspn(word, ","), n = all;
        while (n > 0 && word[n - 1] == ' ')
            n--;
        int stage = find_stage(word, n);
        if (n == 0)
            return err_set(e, ST_USAGE, "--stages: there is no stage before a comma");
        if (stage < 0)
            return err_set(
                e, ST_USAGE,
                "unknown stage %.*s (pads, drones, clouds, hiss, drums, silences)",
                (int)n, word);
        set |= 1u << stage;
        word += all + (word[all] == ',');
    }
    if (set == 0)
        return err_set(e, ST_USAGE, "--stages names no stage");
    *stages = set;
    return ST_OK;
}

void stages_tell(unsigned stages, char to[STAGES_BYTES])
{
    size_t n = 0;
    to[0] = '\0';
    for (int i = 0; i < STAGE_COUNT; i++)
        if (stages & 1u << i)
            n += (size_t)snprintf(to + n, STAGES_BYTES - n, "%s%s", n ? "," : "",
                                  names[i]);
}

static bool begins_with_none(const char *key, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(key, words[i], strlen(words[i])) == 0)
            return false;
    return true;
}

/* Settings that change no sample: another theme must not force an excavation anew. */
static bool changes_samples(const char *key)
{
    static const char *const without[] = {"paths.",      "audio.", "interface.",
                                          "similarity.", "kit.",   "curation.diversity"};
    return begins_with_none(key, without, sizeof without / sizeof *without);
}

static enum status hash_hiss(uint64_t *h, const struct recipe *r, struct err *e)
{
    *h = rng_hash(*h, &r->mix_db, sizeof r->mix_db);
    for (size_t i = 0; r->hiss && i < r->hiss->count; i++) {
        uint64_t content;
        enum status st = content_hash_file(r->hiss->items[i].path, &content, e);
        if (st != ST_OK)
            return st;
        *h = rng_hash(*h, &content, sizeof content);
    }
    return ST_OK;
}

enum status recipe_init(struct recipe *r, const struct config *cfg, struct err *e)
{
    r->cfg = *cfg;
    r->seed = cfg->reproducibility.random_seed.value;
    const char *version = TROWEL_ALGORITHM_VERSION;
    uint64_t h = rng_hash(0, version, strlen(version) + 1);
    h = rng_hash(h, &r->stages, sizeof r->stages);
    h = rng_hash(h, &r->whole_pads, sizeof r->whole_pads);
    enum status st = hash_hiss(&h, r, e);
    for (int i = 0; i < config_key_count(); i++) {
        char value[2048];
        const char *name = config_key(i)->name;
        if (!changes_samples(name))
            continue;
        config_get(cfg, i, value, sizeof value);
        h = rng_hash(h, name, strlen(name) + 1);
        h = rng_hash(h, value, strlen(value) + 1);
    }
    r->hash = h;
    return st;
}

/* Of sound and screen the user's own hold; a run has its recordings and its seed. */
static bool is_of_project(const char *key)
{
    static const char *const without[] = {"audio.", "interface.",
                                          "paths.source_audio_dir", "reproducibility."};
    return begins_with_none(key, without, sizeof without / sizeof *without);
}

static bool tell_other(char out[RECIPE_OTHER_BYTES], const struct config *then,
                       const struct config *now, bool (*counts)(const char *key))
{
    enum { TOLD = 2 };
    int differ = 0;
    size_t n = 0;
    for (int i = 0; i < config_key_count(); i++) {
        char was[2048], is[2048];
        const char *name = config_key(i)->name;
        config_get(then, i, was, sizeof was);
        config_get(now, i, is, sizeof is);
        if (!counts(name) || strcmp(was, is) == 0)
            continue;
        if (differ++ < TOLD)
            n += (size_t)snprintf(out + n, RECIPE_OTHER_BYTES - n,
                                  "%s%s %.40s, not %.40s", n ? "; " : "", name, was, is);
    }
    if (differ > TOLD)
        snprintf(out + n, RECIPE_OTHER_BYTES - n, "; and %d more", differ - TOLD);
    return differ > 0;
}

bool recipe_other(char out[RECIPE_OTHER_BYTES], const struct config *then,
                  const struct config *now)
{
    return tell_other(out, then, now, changes_samples);
}

bool recipe_saved_other(char out[RECIPE_OTHER_BYTES], const struct config *saved,
                        const struct config *now)
{
    return tell_other(out, saved, now, is_of_project);
}

uint64_t recipe_draw_seed(void)
{
    uint64_t seed = 0;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, &seed, sizeof seed) : -1;
    if (fd >= 0)
        close(fd);
    if (got != (ssize_t)sizeof seed) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        seed =
            (uint64_t)t.tv_sec * 1000000007u + (uint64_t)t.tv_nsec + (uint64_t)getpid();
    }
    return seed % 1000000000;
}
