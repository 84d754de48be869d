/* targets: the hardware a kit is written for: limits, slots, and what may play where.
 * One table, targets.def. Static storage throughout. Thread: pure. */
#ifndef TROWEL_IO_TARGETS_H
#define TROWEL_IO_TARGETS_H

enum target_id {
#define TARGET(id, ...) TARGET_##id,
#include "io/targets.def"
#undef TARGET
    TARGET_COUNT
};

enum { TARGET_SLOTS_MAX = 16 };

struct target {
    enum target_id id;
    const char *name, *title;
    int rate_hz, bits;
    int name_chars; /* the machine shows so many of a file's stem */
    int files;      /* all samples */
    double seconds; /* of all samples, as mono */
    int sectors, sector_bytes;
    double longest_s; /* one sample, as mono */
    int files_per_folder;
    const char *folder; /* on the card, '/' between */
};

const struct target *target_find(const char *name); /* NULL when unknown */
const struct target *target_get(enum target_id id);

/* The instruments in the machine's order. */
int target_slots(const struct target *t);
const char *target_slot_name(const struct target *t, int slot);
int target_slot(const struct target *t, const char *slot); /* without case; or −1 */

/* How well a drum class suits a slot, 0 (not at all) … 1. */
double target_fit(const struct target *t, int slot, const char *drum_class);

#endif
