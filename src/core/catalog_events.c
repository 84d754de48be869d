#include "core/catalog_internal.h"

#include "core/array.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- the undo and redo stacks ------------------------------------------------------ */

static bool push(struct action_stack *s, int64_t number)
{
    return array_add(&s->number, &s->count, &s->room, &number, sizeof number);
}

static void take(struct action_stack *s, int64_t number)
{
    size_t at = s->count;
    while (at > 0 && s->number[at - 1] != number)
        at--;
    if (at == 0)
        return;
    memmove(s->number + at - 1, s->number + at, (s->count - at) * sizeof *s->number);
    s->count--;
}

/* What an action does to the stacks; `target` is the user's own action it is about. */
static bool history_note(struct catalog_history *h, enum catalog_action_mode mode,
                         int64_t target)
{
    if (mode == ACTION_UNDO) {
        take(&h->undo, target);
        return push(&h->redo, target);
    }
    if (mode == ACTION_REDO)
        take(&h->redo, target);
    else if (mode == ACTION_DO)
        h->redo.count = 0;
    return push(&h->undo, target);
}

void catalog_history_done(struct catalog_history *h)
{
    free(h->undo.number);
    free(h->redo.number);
    memset(h, 0, sizeof *h);
}

static enum status history_load(struct catalog *c, struct err *e)
{
    catalog_look_elsewhere(c); /* forgets the stacks when they may be old */
    if (c->history.loaded)
        return ST_OK;
    enum status st = ST_OK;
    struct query *q = catalog_query(c, Q_ACTIONS, e);
    while (query_next(c, q, &st, e))
        if (!history_note(&c->history, (enum catalog_action_mode)row_int(q, 1),
                          row_int(q, 2)))
            st = err_set(e, ST_NO_MEMORY, "no memory for the history");
    if (st != ST_OK)
        catalog_history_done(&c->history); /* half of it is no history */
    c->history.loaded = st == ST_OK;
    return st;
}

size_t catalog_event_count(struct catalog *c)
{
    int64_t n = 0;
    catalog_simple_number(c, Q_EVENT_COUNT, &n, NULL);
    return (size_t)n;
}

int64_t catalog_last_action(struct catalog *c)
{
    int64_t number = 0;
    catalog_simple_number(c, Q_ACTION_LAST, &number, NULL);
    return number;
}

uint64_t catalog_last_judged(struct catalog *c)
{
    int64_t id = 0;
    enum status st = catalog_simple_number(c, Q_EVENT_JUDGED, &id, NULL);
    return st == ST_OK ? (uint64_t)id : 0;
}

/* --- what others wrote -------------------------------------------------------------- */

bool row_change(struct query *q, struct change *out)
{
    char word[32];
    row_text(q, 0, word, sizeof word);
    int field = event_find(word);
    *out = (struct change){.field = (enum event_field)field,
                           .candidate = (uint64_t)row_int(q, 1)};
    row_text(q, 2, out->key, sizeof out->key);
    row_text(q, 3, out->value, sizeof out->value);
    return field >= 0;
}

bool catalog_look_elsewhere(struct catalog *c)
{
    int64_t version;
    if (catalog_simple_number(c, Q_DATA_VERSION, &version, NULL) == ST_OK &&
        version != c->data_version) {
        c->data_version = version;
        c->changed_elsewhere = true;
        catalog_history_done(&c->history);
    }
    return c->changed_elsewhere;
}

bool catalog_changed_elsewhere(struct catalog *c)
{
    bool changed = catalog_look_elsewhere(c);
    c->changed_elsewhere = false;
    return changed;
}

/* --- what was said about a find ---------------------------------------------------- */

/* One of the ranked alternatives comes to the front and the ones before it go behind the
 * last, so that the next best always stands second; one of the user's own goes before all
 * of them. */
static void overlay_loop(struct catalog_find *f, int64_t start, int64_t end)
{
    struct candidate *c = &f->c;
    struct loop_choice turned[LOOP_CHOICES_MAX];
    int n = c->loop_count, at = 0;
    while (at < n && (c->loop[at].start_frame != start || c->loop[at].end_frame != end))
        at++;
    if (at < n) {
        for (int i = 0; i < n; i++)
            turned[i] = c->loop[(at + i) % n];
        memcpy(c->loop, turned, (size_t)n * sizeof *turned);
        f->loop_at = f->loop_at < 0 ? at - 1 : (f->loop_at + at) % n;
        return;
    }
    c->loop_count += n < LOOP_CHOICES_MAX;
    memmove(c->loop + 1, c->loop, (size_t)(c->loop_count - 1) * sizeof *c->loop);
    c->loop[0] = (struct loop_choice){start, end, (double)NAN, (double)NAN};
    f->loop_at = -1;
}

/* Positions as the user has them; a sample cut there has that length. Times stay what
 * they are for what was made: it was not cut from there. */
static void overlay_span(struct candidate *c, int64_t start, int64_t end)
{
    double was = c->m.duration_sec;
    candidate_place(c, start, end);
    if (c->source_rate_hz <= 0 || !kind_cut(c->kind))
        return;
    c->m.duration_sec = c->m.end_sec - c->m.start_sec;
    if (!isnan(c->m.loop_end) && was > 0) /* all of the sample is the loop */
        c->m.loop_end = round(c->m.loop_end * c->m.duration_sec / was);
}

void catalog_overlay(struct catalog_find *f, enum event_field field, const char *value)
{
    struct candidate *c = &f->c;
    int64_t start, end;
    int found;
    if (value[0] == '\0')
        return;
    switch (field) {
    case FIELD_DECISION:
        if ((found = decision_find(value)) >= 0)
            c->decision = (enum decision)found;
        break;
    case FIELD_RATING:
        c->rating = value[0] >= '0' && value[0] <= '5' ? value[0] - '0' : 0;
        break;
    case FIELD_TAG:
        f->tagged = true;
        break;
    case FIELD_PICK:
        f->picked = true;
        break;
    case FIELD_CATEGORY:
        if ((found = category_find(value)) >= 0)
            f->category = (enum category)found;
        break;
    case FIELD_CLASS:
        snprintf(c->hit_class, sizeof c->hit_class, "%s", value);
        c->m.hit_confidence = 1; /* who names a hit has heard it */
        break;
    case FIELD_EDGES:
        if (change_frames(value, &start, &end)) {
            overlay_span(c, start, end);
            /* a pad is its loop; loop points that were given come after and win */
            if (c->kind == KIND_PAD && c->loop_count > 0)
                overlay_loop(f, start, end);
            f->edited = true;
        }
        break;
    case FIELD_LOOP:
        if (change_frames(value, &start, &end)) {
            overlay_loop(f, start, end);
            if (c->kind == KIND_PAD)
                overlay_span(c, start, end);
            f->edited = true;
        }
        break;
    default:
        break;
    }
}

/* --- recording --------------------------------------------------------------------- */

int64_t catalog_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum status catalog_value(struct catalog *c, enum event_field field, uint64_t candidate,
                          const char *key, char value[EVENT_VALUE_BYTES], struct err *e)
{
    enum status st = ST_OK;
    value[0] = '\0';
    struct query *q = catalog_query_of(c, Q_VALUE, (int64_t)candidate, e);
    query_text(q, 2, event_word(field));
    query_text(q, 3, key);
    if (query_next(c, q, &st, e))
        row_text(q, 0, value, EVENT_VALUE_BYTES);
    query_reset(q);
    return st;
}

static enum status put_event(struct catalog *c, int64_t action,
                             const struct change *change, const char *previous,
                             struct err *e)
{
    struct query *q = catalog_query_of(c, Q_EVENT_PUT, action, e);
    query_text(q, 2, event_word(change->field));
    query_int(q, 3, (int64_t)change->candidate);
    query_text(q, 4, change->key);
    query_text(q, 5, change->value);
    query_text(q, 6, previous);
    enum status st = catalog_run(c, q, e);
    if (st != ST_OK)
        return st;
    q = catalog_query_of(c, Q_VALUE_PUT, (int64_t)change->candidate, e);
    query_text(q, 2, event_word(change->field));
    query_text(q, 3, change->key);
    query_text(q, 4, change->value);
    return catalog_run(c, q, e);
}

/* Is it so, of `what`, and of `other` where that is not 0? */
static enum status ask_of(struct catalog *c, enum catalog_query which, int64_t what,
                          int64_t other, bool *yes, struct err *e)
{
    int64_t answer = 0;
    struct query *q = catalog_query_of(c, which, what, e);
    if (other != 0)
        query_int(q, 2, other);
    enum status st = catalog_number(c, q, &answer, e);
    *yes = answer != 0;
    return st;
}

/* The path by which an event names its candidate for ever after. */
static enum status put_subject(struct catalog *c, uint64_t id, const char *path,
                               struct err *e)
{
    bool known = false;
    enum status st = ask_of(c, Q_SUBJECT_KNOWN, (int64_t)id, 0, &known, e);
    if (st != ST_OK || known)
        return st;
    struct query *q = catalog_query_of(
        c, path != NULL ? Q_SUBJECT_PUT : Q_SUBJECT_FROM_FIND, (int64_t)id, e);
    if (path != NULL)
        query_text(q, 2, path);
    st = catalog_run(c, q, e);
    if (st != ST_OK || path != NULL)
        return st;
    st = ask_of(c, Q_SUBJECT_KNOWN, (int64_t)id, 0, &known, e);
    if (st == ST_OK && !known)
        st = err_set(e, ST_NOT_FOUND, "the catalog %s does not have this find", c->path);
    return st;
}

enum status catalog_action_begin(struct catalog *c, struct catalog_action *a,
                                 enum catalog_action_mode mode, int64_t at_ms,
                                 struct err *e)
{
    int64_t last = 0;
    *a = (struct catalog_action){.mode = mode, .at_ms = at_ms};
    enum status st = catalog_simple_number(c, Q_ACTION_LAST, &last, e);
    if (st == ST_OK)
        st = catalog_simple_number(c, Q_EVENT_LAST, &a->first, e);
    a->first++;
    a->number = a->target = last + 1;
    return st;
}

enum status catalog_action_change(struct catalog *c, struct catalog_action *a,
                                  const struct change *wanted, const char *path,
                                  struct err *e)
{
    char previous[EVENT_VALUE_BYTES];
    struct change change = *wanted;
    enum status st = change_check(&change, e);
    if (st == ST_OK)
        st = catalog_value(c, change.field, change.candidate, change.key, previous, e);
    if (st != ST_OK || strcmp(previous, change.value) == 0)
        return st;
    if (event_subject(change.field) == SUBJECT_CANDIDATE)
        st = put_subject(c, change.candidate, path, e);
    if (st == ST_OK)
        st = put_event(c, a->number, &change, previous, e);
    a->applied += st == ST_OK;
    return st;
}

enum status catalog_action_finish(struct catalog *c, const struct catalog_action *a,
                                  const char *label, struct err *e)
{
    if (a->applied == 0)
        return ST_OK;
    char text[ACTION_LABEL_BYTES];
    snprintf(text, sizeof text, "%s", label != NULL ? label : "");
    struct query *q = catalog_query_of(c, Q_ACTION_PUT, a->number, e);
    query_int(q, 2, a->mode);
    query_int(q, 3, a->target);
    query_int(q, 4, a->first);
    query_int(q, 5, a->first + (int64_t)a->applied - 1);
    query_int(q, 6, a->at_ms);
    query_text(q, 7, text);
    return catalog_run(c, q, e);
}

/* After the commit; without memory the stacks are read anew next time. */
void catalog_action_note(struct catalog *c, const struct catalog_action *a)
{
    c->unsynced |= c->sync_later && a->applied > 0;
    if (a->applied > 0 && c->history.loaded &&
        !history_note(&c->history, a->mode, a->target))
        catalog_history_done(&c->history);
}

bool catalog_wants_flush(struct catalog *c)
{
    bool wants = c->unsynced;
    c->unsynced = false;
    return wants;
}

enum status catalog_record(struct catalog *c, const struct change *changes, size_t count,
                           const char *label, size_t *applied, struct err *e)
{
    struct catalog_action a = {0};
    if (applied != NULL)
        *applied = 0;
    enum status st = catalog_begin(c, e);
    if (st != ST_OK)
        return st;
    st = catalog_action_begin(c, &a, ACTION_DO, catalog_now_ms(), e);
    for (size_t i = 0; i < count && st == ST_OK; i++)
        st = catalog_action_change(c, &a, &changes[i], NULL, e);
    if (st == ST_OK)
        st = catalog_action_finish(c, &a, label, e);
    st = catalog_end(c, st, e);
    if (st != ST_OK)
        return st;
    catalog_action_note(c, &a);
    if (applied != NULL)
        *applied = a.applied;
    return ST_OK;
}

/* --- undo and redo ----------------------------------------------------------------- */

static enum status read_action(struct catalog *c, int64_t number, bool back,
                               struct change_list *l, char label[ACTION_LABEL_BYTES],
                               struct err *e)
{
    enum status st = ST_OK;
    struct change change;
    int64_t first = 1, last = 0;
    struct query *q = catalog_query_of(c, Q_ACTION, number, e);
    if (query_next(c, q, &st, e)) {
        first = row_int(q, 0);
        last = row_int(q, 1);
        row_text(q, 2, label, ACTION_LABEL_BYTES);
    }
    query_reset(q);
    if (st != ST_OK)
        return st;
    q = catalog_query_of(c, back ? Q_ACTION_BACK : Q_ACTION_EVENTS, first, e);
    query_int(q, 2, last);
    while (query_next(c, q, &st, e))
        if (row_change(q, &change))
            st = change_list_add(l, &change, e);
    return st;
}

static enum status put_back(struct catalog *c, struct catalog_action *a,
                            const struct change_list *l, struct err *e)
{
    char previous[EVENT_VALUE_BYTES];
    enum status st = ST_OK;
    for (size_t i = 0; i < l->count && st == ST_OK; i++) {
        const struct change *word = &l->at[i];
        st = catalog_value(c, word->field, word->candidate, word->key, previous, e);
        if (st == ST_OK)
            st = put_event(c, a->number, word, previous, e);
        a->applied += st == ST_OK;
    }
    return st;
}

/* The user's own last action. Decisions that moved with their sounds since stay with
 * them; only where it is about the same recording, and so under names that other sounds
 * have by now, is the moving taken back before it. */
static enum status next_to_undo(struct catalog *c, int64_t *number, struct err *e)
{
    const struct action_stack *done = &c->history.undo;
    size_t last = done->count - 1, at = last;
    bool yes = false;
    enum status st = ask_of(c, Q_ACTION_FOLLOWS, done->number[at], 0, &yes, e);
    while (st == ST_OK && yes && at > 0)
        st = ask_of(c, Q_ACTION_FOLLOWS, done->number[--at], 0, &yes, e);
    if (yes) /* nobody did anything */
        at = last;
    for (size_t above = last; st == ST_OK && above > at; above--) {
        st = ask_of(c, Q_ACTIONS_MEET, done->number[above], done->number[at], &yes, e);
        if (st == ST_OK && yes) {
            at = above;
            above = last + 1;
        }
    }
    *number = done->number[at];
    return st;
}

/* The last that was undone, unless its sounds have other names by now. */
static enum status next_to_redo(struct catalog *c, int64_t *number, struct err *e)
{
    const struct action_stack *done = &c->history.undo;
    enum status st = ST_OK;
    *number = c->history.redo.number[c->history.redo.count - 1];
    for (size_t i = 0; i < done->count && st == ST_OK; i++) {
        bool yes = false;
        if (done->number[i] > *number)
            st = ask_of(c, Q_ACTIONS_MEET, done->number[i], *number, &yes, e);
        if (yes)
            st = err_set(e, ST_NOTHING, "nothing to redo");
    }
    return st;
}

static enum status step_history(struct catalog *c, enum catalog_action_mode mode,
                                struct change_list *changes,
                                char label[ACTION_LABEL_BYTES], struct err *e)
{
    struct catalog_action a = {0};
    *changes = (struct change_list){0};
    label[0] = '\0';
    enum status st = catalog_begin(c, e);
    if (st != ST_OK)
        return st;
    st = history_load(c, e);
    bool back = mode == ACTION_UNDO;
    const struct action_stack *done = back ? &c->history.undo : &c->history.redo;
    if (st == ST_OK && done->count == 0)
        st = err_set(e, ST_NOTHING, back ? "nothing to undo" : "nothing to redo");
    if (st == ST_OK)
        st = catalog_action_begin(c, &a, mode, catalog_now_ms(), e);
    if (st == ST_OK)
        st = back ? next_to_undo(c, &a.target, e) : next_to_redo(c, &a.target, e);
    if (st == ST_OK)
        st = read_action(c, a.target, back, changes, label, e);
    if (st == ST_OK)
        st = put_back(c, &a, changes, e);
    if (st == ST_OK)
        st = catalog_action_finish(c, &a, label, e);
    st = catalog_end(c, st, e);
    if (st != ST_OK) {
        free(changes->at);
        *changes = (struct change_list){0};
        return st;
    }
    catalog_action_note(c, &a);
    return ST_OK;
}

enum status catalog_undo(struct catalog *c, struct change_list *changes,
                         char label[ACTION_LABEL_BYTES], struct err *e)
{
    return step_history(c, ACTION_UNDO, changes, label, e);
}

enum status catalog_redo(struct catalog *c, struct change_list *changes,
                         char label[ACTION_LABEL_BYTES], struct err *e)
{
    return step_history(c, ACTION_REDO, changes, label, e);
}

/* --- reading ----------------------------------------------------------------------- */

enum status catalog_each_current(struct catalog *c,
                                 bool (*fn)(void *user, const struct change *now),
                                 void *user, struct err *e)
{
    enum status st = ST_OK;
    struct change now;
    struct query *q = catalog_query(c, Q_CURRENT, e);
    while (query_next(c, q, &st, e))
        if (row_change(q, &now) && now.value[0] != '\0' && !fn(user, &now)) {
            query_reset(q);
            break;
        }
    return st;
}
