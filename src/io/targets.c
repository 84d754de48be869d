#include "io/targets.h"

#include "io/paths.h"

#include <string.h>

static const struct target table[TARGET_COUNT] = {
#define TARGET(tid, tname, ttitle, trate, tbits, tchars, tfiles, tseconds, tsectors,     \
               tbytes, tlongest, tper_folder, tfolder)                                   \
    [TARGET_##tid] = {.id = TARGET_##tid,                                                \
                      .name = tname,                                                     \
                      .title = ttitle,                                                   \
                      .rate_hz = trate,                                                  \
                      .bits = tbits,                                                     \
                      .name_chars = tchars,                                              \
                      .files = tfiles,                                                   \
                      .seconds = tseconds,                                               \
                      .sectors = tsectors,                                               \
                      .sector_bytes = tbytes,                                            \
                      .longest_s = tlongest,                                             \
                      .files_per_folder = tper_folder,                                   \
                      .folder = tfolder},
#include "io/targets.def"
#undef TARGET
};

static const struct {
    enum target_id target;
    const char *name;
} slots[] = {
#define SLOT(id, name) {TARGET_##id, name},
#include "io/targets.def"
#undef SLOT
};

static const struct {
    enum target_id target;
    const char *slot, *drum_class;
    double fit;
} fits[] = {
#define FIT(id, slot, drum_class, how_well) {TARGET_##id, slot, drum_class, how_well},
#include "io/targets.def"
#undef FIT
};

const struct target *target_find(const char *name)
{
    for (int i = 0; i < TARGET_COUNT; i++)
        if (stem_same(table[i].name, name))
            return &table[i];
    return NULL;
}

const struct target *target_get(enum target_id id)
{
    return &table[id];
}

int target_slots(const struct target *t)
{
    int n = 0;
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        n += slots[i].target == t->id;
    return n;
}

const char *target_slot_name(const struct target *t, int slot)
{
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        if (slots[i].target == t->id && slot-- == 0)
            return slots[i].name;
    return NULL;
}

int target_slot(const struct target *t, const char *slot)
{
    for (int i = 0; i < target_slots(t); i++)
        if (stem_same(target_slot_name(t, i), slot))
            return i;
    return -1;
}

double target_fit(const struct target *t, int slot, const char *drum_class)
{
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++)
        if (fits[i].target == t->id &&
            strcmp(fits[i].slot, target_slot_name(t, slot)) == 0 &&
            strcmp(fits[i].drum_class, drum_class) == 0)
            return fits[i].fit;
    return 0;
}
