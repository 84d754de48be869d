/* journal: events as plain text, one a line, for export, hand editing and replay.
 *
 *     # trowel decisions 1
 *     decision accepted night-train/pad/night-train_pad01_mid.wav
 *     rating 4 night-train/pad/night-train_pad01_mid.wav
 *     note "lovely tail" night-train/pad/night-train_pad01_mid.wav
 *     slot BD tape4/drum/tape4_drum_031_kick.wav
 *
 * UTF-8. `#` starts a comment line, empty lines are passed over. The words and what they
 * take are in events.def. A value with blanks, or an empty one, stands in double quotes;
 * the path is the rest of the line. In both, `\\`, `\"`, `\n` and `\xHH` are escapes (a
 * path escapes control characters, backslashes and blanks at its ends). `accepted PATH`
 * and `rejected PATH` are short for `decision …`, and a file name alone will do for a
 * path where the project knows just one such file.
 * Thread: pure functions and one file at a time. */
#ifndef TROWEL_CORE_JOURNAL_H
#define TROWEL_CORE_JOURNAL_H

#include "core/status.h"
#include "io/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct candidate;

enum event_field {
#define EVENT(id, word, subject, help) FIELD_##id,
#include "core/events.def"
#undef EVENT
    FIELD_COUNT
};

enum event_subject { SUBJECT_CANDIDATE, SUBJECT_SLOT, SUBJECT_PROJECT };

const char *event_word(enum event_field f);
enum event_subject event_subject(enum event_field f);
int event_find(const char *word); /* or -1 */

enum { EVENT_VALUE_BYTES = 400, EVENT_KEY_BYTES = 16, CANDIDATE_PATH_BYTES = 400 };

/* One thing to say. `candidate` is 0 unless the subject is a candidate; `key` is the slot
 * ("BD") or "". An empty value takes back whatever was said before. */
struct change {
    enum event_field field;
    uint64_t candidate;
    char key[EVENT_KEY_BYTES];
    char value[EVENT_VALUE_BYTES];
};

/* Whose it is frees `at`. */
struct change_list {
    struct change *at;
    size_t count, room;
};
enum status change_list_add(struct change_list *l, const struct change *c, struct err *e);

/* "source/type/file name" of a candidate, and back (id 0 when it is no such path). */
void candidate_path(const struct candidate *c, char path[CANDIDATE_PATH_BYTES]);
uint64_t candidate_path_id(const char *path);

/* Bring a change to its canonical form ("undecided", 0 stars, tag 0 become the empty
 * value, numbers lose zeros) or say in one sentence what is wrong with it (ST_USAGE). */
enum status change_check(struct change *c, struct err *e);

/* "100 2400", the value of edges and loops: false when it is no two frame numbers, the
 * smaller first, that a recording may have. */
bool change_frames(const char *value, int64_t *start, int64_t *end);

/* Its line; path is the candidate's (ignored for other subjects). */
void journal_add(struct text *t, const struct change *c, const char *path);

/* Every event of a file in order. What `fn` returns ends the reading unless ST_OK. Lines
 * that are wrong are counted and the first is described in `report` (may be NULL); they
 * do not stop the rest. ST_NOT_FOUND; ST_UNREADABLE, also where no line is an event and
 * some line is wrong, or one has no end; ST_NO_MEMORY. After events, a later line may
 * fail: whoever gets an error takes back what `fn` did. */
struct journal_report {
    size_t bad;
    struct err first_bad; /* with "FILE:LINE: " */
};
enum status journal_read(const char *file,
                         enum status (*fn)(void *user, const struct change *c,
                                           const char *path, struct err *e),
                         void *user, struct journal_report *report, struct err *e);

/* Would journal_read read it? Of a pipe that some program writes to nothing is taken:
 * what it holds is not known. As journal_read. */
enum status journal_check(const char *file, struct err *e);

#endif
