/* A project in a temporary folder, with finds that need no sound, for tests of the model.
 */
#ifndef SESSION_RIG_H
#define SESSION_RIG_H

#include "core/rng.h"
#include "core/view.h"
#include "folder.h"
#include "own.h"

struct place {
    char folder[FOLDER_NAME_BYTES], project[FOLDER_NAME_BYTES + 24];
};

int session_rig_setup(void **state); /* *state = struct place */
#define IN_SESSION(test)                                                                 \
    cmocka_unit_test_setup_teardown(test, session_rig_setup, folder_teardown)

struct session *open_session(const struct place *p);
/* `n` finds of one source: pads and drums, every fifth a near-miss, drums in stacks of
 * three whose score falls. The caller frees both arrays. */
struct candidate *make_finds(const char *stem, int n, struct catalog_source *source,
                             float **vectors);
/* Those finds as mining brings them; `replace`: the source has no others any more. */
void deliver(struct session *s, const char *stem, int n, bool replace);
bool take_news(struct session *s);         /* what others wrote; false: nothing */
struct view *open_view(struct session *s); /* what is stacked in it now, open */
void assert_tallies_true(const struct session *s);
/* As the screens have it proposed by another thread. */
enum status pick_best(struct session *s, int top, const struct target *kit);
/* Anything that can be undone: decisions, ratings, tags, categories, classes, notes,
 * edges, loops, stacks, the kit; on one, a few or the tagged. */
void act_at_random(struct session *s, struct rng *r);

#endif
