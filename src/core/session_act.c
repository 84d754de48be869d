#include "core/session_internal.h"

#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- into the model ---------------------------------------------------------------- */

/* What an override hides is known to the catalog only. Where that cannot be read now, it
 * is with all the rest. */
static void reread(struct session *s, struct find *f)
{
    struct catalog_find now;
    if (catalog_get(s->catalog, f->id, &now, NULL) != ST_OK) {
        s->reread_due = true;
        return;
    }
    f->category = now.category;
    f->edited = now.edited;
    session_put_measures(s, (size_t)(f - s->find), &now.c.m);
    memcpy(f->hit_class, now.c.hit_class, sizeof f->hit_class);
}

static void set_field(struct session *s, struct find *f, const struct change *c)
{
    int found;
    switch (c->field) {
    case FIELD_DECISION:
        if ((found = decision_find(c->value)) >= 0)
            f->decision = (enum decision)found;
        break;
    case FIELD_RATING:
        f->rating = (int8_t)(c->value[0] != '\0' ? c->value[0] - '0' : 0);
        break;
    case FIELD_TAG:
        f->tagged = c->value[0] != '\0';
        break;
    case FIELD_PICK:
        f->picked = c->value[0] != '\0';
        break;
    case FIELD_CATEGORY:
    case FIELD_CLASS:
    case FIELD_EDGES:
    case FIELD_LOOP:
        reread(s, f);
        break;
    default:
        break;
    }
}

/* Put a recorded change into the model; returns the find, −1 = none. */
static long take(struct session *s, const struct change *c)
{
    if (event_subject(c->field) != SUBJECT_CANDIDATE || c->field == FIELD_EXTRA) {
        long index = session_take_kit(s, c);
        s->version.state++;
        return index;
    }
    long index = session_index_of(s, c->candidate);
    if (index < 0)
        return -1;
    struct find *f = &s->find[index];
    bool picks = s->tallies.picked > 0;
    session_tally(s, f, -1);
    set_field(s, f, c);
    session_tally(s, f, +1);
    session_changed(s, (size_t)index);
    if (picks != (s->tallies.picked > 0)) /* what curate picked comes back, or goes */
        session_forget_changes(s);
    return index;
}

void session_take_changes(struct session *s, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct change canonical = changes[i];
        if (change_check(&canonical, NULL) == ST_OK)
            take(s, &canonical);
    }
    session_relink_kit(s);
}

enum status session_act(struct session *s, const struct change *changes, size_t count,
                        const char *label, size_t *applied, struct err *e)
{
    size_t did = 0;
    enum status st = catalog_record(s->catalog, changes, count, label, &did, e);
    if (applied != NULL)
        *applied = did;
    if (st != ST_OK || did == 0)
        return st;
    session_take_changes(s, changes, count);
    return ST_OK;
}

/* --- actions on finds -------------------------------------------------------------- */

static struct change to_drums(const struct find *f)
{
    struct change c = {.field = FIELD_CATEGORY, .candidate = f->id};
    snprintf(c.value, EVENT_VALUE_BYTES, "%s", category_folder(CAT_DRUMS));
    return c;
}

/* One value for a find. `did` is the past tense: "rejected". */
struct wish {
    enum event_field field;
    const char *value, *did;
};

/* Adds what is not said of its find already; there is room. */
static enum status add_news(struct session *s, struct change *news, size_t *count,
                            struct change c, struct err *e)
{
    char now[EVENT_VALUE_BYTES];
    enum status st = change_check(&c, e);
    if (st == ST_OK)
        st = catalog_value(s->catalog, c.field, c.candidate, c.key, now, e);
    if (st == ST_OK && strcmp(now, c.value) != 0)
        news[(*count)++] = c;
    return st;
}

/* "3 finds", and "2 of 3 finds" where the third was so before. */
static void say_finds(char *to, size_t size, size_t news, size_t finds)
{
    char some[32], all[32];
    text_count(some, sizeof some, news);
    text_count(all, sizeof all, finds);
    if (news > 0 && news < finds)
        snprintf(to, size, "%s of %s finds", some, all);
    else
        snprintf(to, size, "%s finds", all);
}

/* The same for many finds, as one action with its echo. */
static enum status set_all(struct session *s, const size_t *index, size_t count,
                           struct wish w, struct err *e)
{
    char label[ACTION_LABEL_BYTES], finds[80];
    size_t n = 0, said = 0, changed = 0, moved = 0;
    const struct find *f = NULL;
    enum status st = ST_OK;
    if (count == 0) {
        session_say(s, "nothing chosen");
        return ST_OK;
    }
    struct change *news = calloc(2 * count, sizeof *news);
    if (news == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu changes", count);
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        if (index[i] >= s->count)
            continue;
        f = &s->find[index[i]];
        n++;
        size_t before = said;
        struct change c = {.field = w.field, .candidate = f->id};
        snprintf(c.value, EVENT_VALUE_BYTES, "%s", w.value);
        if (w.field == FIELD_CLASS && f->category != CAT_DRUMS) {
            st = add_news(s, news, &said, to_drums(f), e); /* the kit looks there */
            moved++;
        }
        if (st == ST_OK)
            st = add_news(s, news, &said, c, e);
        changed += said > before;
    }
    say_finds(finds, sizeof finds, changed, n);
    snprintf(label, sizeof label, "%s%s %.150s", moved > 0 ? "moved to drums and " : "",
             w.did, n == 1 ? f->name : finds);
    if (st == ST_OK)
        st = session_act(s, news, said, label, NULL, e);
    free(news);
    if (st != ST_OK)
        return st;
    session_say(s, changed > 0 ? "%s · {undo} undoes" : "already %s", label);
    s->last = (struct change){.field = w.field};
    snprintf(s->last.value, EVENT_VALUE_BYTES, "%s", w.value);
    return ST_OK;
}

enum status session_decide(struct session *s, const size_t *index, size_t count,
                           enum decision d, struct err *e)
{
    struct wish w = {FIELD_DECISION, decision_name(d),
                     d == DECISION_NONE ? "undecided" : decision_name(d)};
    return set_all(s, index, count, w, e);
}

enum status session_rate(struct session *s, const size_t *index, size_t count, int rating,
                         struct err *e)
{
    char value[16], did[32];
    snprintf(value, sizeof value, "%d", rating);
    snprintf(did, sizeof did, "rated %d:", rating);
    return set_all(s, index, count, (struct wish){FIELD_RATING, value, did}, e);
}

enum status session_tag(struct session *s, const size_t *index, size_t count, bool on,
                        struct err *e)
{
    struct wish w = {FIELD_TAG, on ? "1" : "", on ? "tagged" : "untagged"};
    return set_all(s, index, count, w, e);
}

enum status session_set_category(struct session *s, const size_t *index, size_t count,
                                 enum category category, struct err *e)
{
    char did[64];
    snprintf(did, sizeof did, "moved to %s:", category_folder(category));
    struct wish w = {FIELD_CATEGORY, category_folder(category), did};
    return set_all(s, index, count, w, e);
}

enum status session_set_class(struct session *s, const size_t *index, size_t count,
                              const char *hit_class, struct err *e)
{
    char did[64];
    snprintf(did, sizeof did, "called %.30s:", hit_class);
    return set_all(s, index, count, (struct wish){FIELD_CLASS, hit_class, did}, e);
}

enum status session_repeat(struct session *s, const size_t *index, size_t count,
                           struct err *e)
{
    int number = s->last.value[0] != '\0' ? s->last.value[0] - '0' : 0;
    switch (s->last.field) {
    case FIELD_DECISION:
        return session_decide(s, index, count,
                              (enum decision)decision_find(s->last.value), e);
    case FIELD_RATING:
        return session_rate(s, index, count, number, e);
    case FIELD_TAG:
        return session_tag(s, index, count, number != 0, e);
    case FIELD_CATEGORY:
        return session_set_category(s, index, count,
                                    (enum category)category_find(s->last.value), e);
    case FIELD_CLASS: {
        char value[EVENT_VALUE_BYTES];
        memcpy(value, s->last.value, sizeof value);
        return session_set_class(s, index, count, value, e);
    }
    default:
        session_say(s, "nothing to repeat");
        return err_set(e, ST_NOTHING, "nothing to repeat");
    }
}

static enum status set_one(struct session *s, size_t index, struct wish w, struct err *e)
{
    struct change last = s->last;
    enum status st = set_all(s, &index, 1, w, e);
    s->last = last; /* `.` does not repeat what belongs to one find */
    return st;
}

enum status session_set_note(struct session *s, size_t index, const char *note,
                             struct err *e)
{
    size_t bytes = strlen(note), most = EVENT_VALUE_BYTES - 1;
    struct wish w = {FIELD_NOTE, note, note[0] ? "noted" : "note removed:"};
    if (bytes > most)
        return err_set(e, ST_USAGE, "the note is too long by %zu bytes", bytes - most);
    return set_one(s, index, w, e);
}

enum status session_set_span(struct session *s, size_t index, enum event_field field,
                             int64_t start_frame, int64_t end_frame, struct err *e)
{
    char value[64] = "";
    const char *said = field == FIELD_LOOP ? "loop moved:" : "edges moved:";
    if (start_frame != end_frame)
        snprintf(value, sizeof value, "%lld %lld", (long long)start_frame,
                 (long long)end_frame);
    return set_one(s, index, (struct wish){field, value, said}, e);
}

/* The member to keep: accepted before undecided before rejected, then the one with most
 * stars, then the best (members come best first). −1: fewer than two members count. */
static long one_to_keep(const struct session *s, const uint32_t *member, size_t n)
{
    static const int preference[] = {
        [DECISION_REJECTED] = 0, [DECISION_NONE] = 1, [DECISION_ACCEPTED] = 2};
    long kept = -1;
    int most = -1, finds = 0;
    for (size_t i = 0; i < n; i++) {
        const struct find *f = &s->find[member[i]];
        int worth = preference[f->decision] * 8 + f->rating;
        finds += find_counts(f);
        if (find_counts(f) && worth > most) {
            most = worth;
            kept = (long)member[i];
        }
    }
    return finds > 1 ? kept : -1;
}

/* The decisions by which each of the stacks asked for, once each, keeps one member. */
struct thinning {
    struct change_list said;
    size_t stacks;
    bool *seen; /* by first member: the stack was looked at */
    long kept;  /* find kept of the last stack */
};

static bool thin_stack(const struct session *s, struct thinning *t,
                       const uint32_t *member, size_t n)
{
    long keep = one_to_keep(s, member, n);
    t->seen[member[0]] = true;
    if (keep < 0)
        return true;
    t->kept = keep;
    t->stacks++;
    bool well = true;
    for (size_t i = 0; i < n && well; i++) {
        const struct find *f = &s->find[member[i]];
        struct change c = {.field = FIELD_DECISION, .candidate = f->id};
        bool keeps = (long)member[i] == keep;
        snprintf(c.value, EVENT_VALUE_BYTES, "%s",
                 decision_name(keeps ? DECISION_ACCEPTED : DECISION_REJECTED));
        well = !find_counts(f) || change_list_add(&t->said, &c, NULL) == ST_OK;
    }
    return well;
}

enum status session_keep_best(struct session *s, const size_t *index, size_t count,
                              struct err *e)
{
    struct thinning t = {.seen = calloc(s->count + 1, sizeof *t.seen)};
    const struct find *f = NULL;
    bool well = t.seen != NULL;
    for (size_t i = 0; i < count && well; i++) {
        size_t n = 0;
        f = session_find(s, index[i]);
        const uint32_t *member = f != NULL ? session_stack(s, f->stack, &n) : NULL;
        if (n > 1 && !t.seen[member[0]])
            well = thin_stack(s, &t, member, n);
    }
    char label[ACTION_LABEL_BYTES], stacks[32], others[32];
    if (t.stacks == 1)
        snprintf(label, sizeof label, "kept %.120s, rejected %zu like it",
                 s->find[t.kept].name, t.said.count - 1);
    else
        snprintf(label, sizeof label, "kept the best of %s stacks, rejected %s",
                 text_count(stacks, sizeof stacks, t.stacks),
                 text_count(others, sizeof others, t.said.count - t.stacks));
    enum status st;
    size_t applied = 0;
    if (!well)
        st = err_set(e, ST_NO_MEMORY, "no memory for a stack");
    else if (t.stacks == 0)
        st = err_set(e, ST_NOTHING, "%s stands alone: nothing here is nearly the same",
                     count == 1 && f != NULL ? f->name : "each of them");
    else
        st = session_act(s, t.said.at, t.said.count, label, &applied, e);
    free(t.said.at);
    free(t.seen);
    if (st == ST_OK)
        session_say(s, applied > 0 ? "%s · {undo} undoes" : "already %s", label);
    return st;
}

/* --- undo -------------------------------------------------------------------------- */

static enum status undo_or_redo(struct session *s, bool back, long *index, struct err *e)
{
    struct change_list changes;
    char label[ACTION_LABEL_BYTES];
    struct err why = {0};
    enum status st = back ? catalog_undo(s->catalog, &changes, label, &why)
                          : catalog_redo(s->catalog, &changes, label, &why);
    if (index != NULL)
        *index = -1;
    if (st != ST_OK) {
        session_say(s, "%.180s", why.msg);
        return err_set(e, st, "%s", why.msg);
    }
    for (size_t i = 0; i < changes.count; i++) {
        long touched = take(s, &changes.at[i]);
        if (touched >= 0 && index != NULL && *index < 0)
            *index = touched;
    }
    free(changes.at);
    session_relink_kit(s);
    if (back)
        session_say(s, "undone: %.170s · {redo} redoes", label);
    else
        session_say(s, "redone: %.170s · {undo} undoes", label);
    return ST_OK;
}

enum status session_undo(struct session *s, long *index, struct err *e)
{
    return undo_or_redo(s, true, index, e);
}

enum status session_redo(struct session *s, long *index, struct err *e)
{
    return undo_or_redo(s, false, index, e);
}

enum status session_tagged(const struct session *s, size_t **out, size_t *count,
                           struct err *e)
{
    *count = 0;
    *out = malloc((s->tallies.tagged + 1) * sizeof **out);
    if (*out == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for the tagged");
    for (size_t i = 0; i < s->count && *count < s->tallies.tagged; i++)
        if (s->find[i].tagged && !s->find[i].gone)
            (*out)[(*count)++] = i;
    return ST_OK;
}
