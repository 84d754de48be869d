/* The proposed best-of: chosen on another thread, among all finds of the catalog. */
#include "core/session_internal.h"

#include "core/curate.h"
#include "core/recordings.h"
#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session_best {
    char *database, *folder;
    struct curate_options options;
    uint64_t *ids; /* what was chosen */
    size_t count;
};

static void best_free(struct session_best *b)
{
    free(b->database);
    free(b->folder);
    free(b->ids);
    free(b);
}

struct session_best *session_best_begin(const struct session *s, int top,
                                        const struct target *kit, double diversity)
{
    struct session_best *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->options = (struct curate_options){.top = top, .kit = kit, .diversity = diversity};
    b->database = strdup(s->database);
    b->folder = strdup(s->folder);
    if (b->database == NULL || b->folder == NULL) {
        best_free(b);
        return NULL;
    }
    return b;
}

/* --- on any thread ----------------------------------------------------------------- */

struct samples {
    const char *folder;
    const struct catalog_find *finds;
};

static bool find_file(void *of, size_t entry, char path[PATH_BYTES])
{
    const struct samples *s = of;
    return recordings_sample(path, s->folder, &s->finds[entry].c);
}

static enum status choose(struct session_best *b, const struct catalog_find *finds,
                          const float *vectors, size_t count, struct err *e)
{
    struct curate_pick *picks = NULL;
    size_t picked = 0;
    struct samples samples = {b->folder, finds};
    struct curate_files files = {find_file, NULL, &samples};
    struct curate_options options = b->options;
    options.files = &files;
    struct curate_entry *entries = malloc((count + 1) * sizeof *entries);
    enum status st =
        entries != NULL ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory for the best-of");
    for (size_t i = 0; i < count && st == ST_OK; i++)
        entries[i] =
            (struct curate_entry){finds[i].id, finds[i].category, &finds[i].c,
                                  vectors + i * SIMILARITY_DIM, finds[i].c.cluster};
    if (st == ST_OK)
        st = curate_choose(entries, count, &options, &picks, &picked, e);
    b->ids = malloc((picked + 1) * sizeof *b->ids);
    if (st == ST_OK && b->ids == NULL)
        st = err_set(e, ST_NO_MEMORY, "no memory for the best-of");
    for (size_t i = 0; i < picked && st == ST_OK; i++)
        b->ids[b->count++] = entries[picks[i].entry].id;
    free(picks);
    free(entries);
    return st;
}

enum status session_choose_best(struct session_best *b, struct err *e)
{
    struct catalog *c;
    struct catalog_find *finds = NULL;
    float *vectors = NULL;
    size_t count = 0;
    enum status st = catalog_open(&c, b->database, CATALOG_READ, e);
    if (st != ST_OK)
        return st;
    st = catalog_load(c, &finds, &vectors, &count, e);
    catalog_close(c);
    if (st == ST_OK)
        st = choose(b, finds, vectors, count, e);
    free(vectors);
    free(finds);
    return st;
}

/* --- on the owner's thread --------------------------------------------------------- */

/* Replaces the proposal before by this one, as one action. */
static enum status propose(struct session *s, const struct session_best *b, struct err *e)
{
    char label[ACTION_LABEL_BYTES], finds[32];
    size_t n = 0, applied = 0, before = 0, proposed = 0;
    for (size_t i = 0; i < s->count; i++)
        before += s->find[i].picked;
    struct change *all = calloc(before + b->count + 1, sizeof *all);
    bool *stays = calloc(s->count + 1, sizeof *stays);
    enum status st = all != NULL && stays != NULL
                         ? ST_OK
                         : err_set(e, ST_NO_MEMORY, "no memory for the best-of");
    for (size_t i = 0; i < b->count && st == ST_OK; i++) {
        long index = session_index_of(s, b->ids[i]);
        if (index < 0 || s->find[index].gone ||
            s->find[index].decision == DECISION_REJECTED)
            continue; /* since it was chosen */
        stays[index] = true;
        proposed++;
        all[n++] =
            (struct change){.field = FIELD_PICK, .candidate = b->ids[i], .value = "1"};
    }
    for (size_t i = 0; i < s->count && st == ST_OK; i++)
        if (s->find[i].picked && !stays[i])
            all[n++] = (struct change){.field = FIELD_PICK, .candidate = s->find[i].id};
    snprintf(label, sizeof label, "proposed the best %d of each category, %s find%s",
             b->options.top, text_count(finds, sizeof finds, proposed),
             proposed == 1 ? "" : "s");
    if (st == ST_OK)
        st = session_act(s, all, n, label, &applied, e);
    if (st == ST_OK)
        session_say(s, applied > 0 ? "%s · {undo} undoes" : "already %s", label);
    free(stays);
    free(all);
    return st;
}

enum status session_best_end(struct session *s, struct session_best *b,
                             enum status chosen, struct err *e)
{
    enum status st = chosen == ST_OK ? propose(s, b, e) : chosen;
    best_free(b);
    return st;
}
