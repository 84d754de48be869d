/* mined_rig: a made recording and the project that was mined of it, for tests of what the
 * user says of finds and where it goes. */
#ifndef TROWEL_TESTS_MINED_RIG_H
#define TROWEL_TESTS_MINED_RIG_H

#include "core/catalog.h"
#include "core/recut.h"
#include "folder.h"
#include "own.h"

enum { MINED_RATE = 44100, MINED_SECONDS = 24 };

struct mined {
    char top[FOLDER_NAME_BYTES]; /* "tapes/tape.wav" lies in it */
    char export_root[300], project[320];
    char path[900]; /* whatever was asked for last */
    struct config cfg;
    struct recut_site site;
};

/* Eight seconds each of a slow chord, of hits and of room tone, mined by these stages
 * into the project "P". For a group's setup; *state = struct mined. */
int mined_rig_setup(void **state, unsigned stages);
int mined_rig_teardown(void **state);
/* Another folder of recordings, into a project beside. */
void mined_rig_process(struct mined *m, const char *folder, const char *project,
                       unsigned stages);

/* The file of a find; all finds, which the caller frees. */
struct audio mined_sound(struct mined *m, const struct candidate *c);
struct catalog_find *mined_finds(struct mined *m, size_t *n);

struct catalog *mined_catalog(struct mined *m, enum catalog_mode mode);
/* The first find of a kind, a near-miss or a real one. */
struct catalog_find mined_first(struct mined *m, enum kind kind, bool miss);
void mined_say(struct mined *m, enum event_field field, uint64_t id, const char *value);

#endif
