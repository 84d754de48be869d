#include "core/kit_files.h"

#include "io/csv.h"
#include "io/number.h"
#include "io/paths.h"
#include "io/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void kit_folder(char out[64], const char *kit_name, int folder)
{
    size_t n = 0;
    char plain[3];
    while (*kit_name) {
        kit_name += utf8_plain(kit_name, plain);
        for (const char *p = plain; *p && n < 40; p++)
            if (text_alnum(*p) || strchr("_-", *p))
                out[n++] = *p;
            else if (n > 0 && out[n - 1] != '_')
                out[n++] = '_';
    }
    out[n] = '\0';
    if (n == 0)
        strcpy(out, "KIT");
    if (folder > 0)
        snprintf(out + strlen(out), 64 - strlen(out), "_%d", folder + 1);
}

static void number(struct text *t, double value, int decimals)
{
    char text[64];
    format_number(text, sizeof text, value, decimals);
    csv_field(t, text);
}

static const char *slot_name(const struct kit_plan *p, const struct kit_item *i)
{
    return i->slot >= 0 ? target_slot_name(p->target, i->slot) : "";
}

static void row(struct text *t, const struct kit_plan *p, const struct kit_item *i,
                const struct kit_written *k, const char *seed)
{
    const struct candidate *c = &i->c;
    csv_field(t, i->name);
    csv_field(t, i->in ? k->path : "");
    csv_field(t, slot_name(p, i));
    csv_field(t, category_folder(i->category));
    csv_field(t, kind_type(c->kind));
    csv_field(t, c->hit_class);
    csv_field(t, c->key);
    csv_field(t, c->filename);
    csv_field(t, c->source);
    csv_field(t, c->source_path);
    number(t, c->m.start_sec, 6);
    number(t, c->m.end_sec, 6);
    number(t, i->in ? k->seconds : c->m.duration_sec, 6);
    number(t, i->channels, 0);
    number(t,
           i->in ? budget_sectors(p->target, llround(k->seconds * p->target->rate_hz),
                                  i->channels)
                 : (double)NAN,
           0);
    number(t, i->in ? k->gain_db : (double)NAN, 2);
    number(t, c->m.score, 4);
    csv_field(t, decision_name(c->decision));
    csv_field(t, i->in ? k->sha256 : "");
    csv_field(t, c->sha256);
    csv_field(t, i->why_out);
    csv_field(t, i->cut[0] ? i->cut : i->recut ? "anew" : "");
    csv_field(t, seed);
    csv_end(t);
}

void kit_manifest(struct text *t, const struct kit_plan *p,
                  const struct kit_written *written, uint64_t seed)
{
    char drawn[24];
    static const char *const columns[] = {
        "name",      "path",    "slot",         "category", "type",
        "hit_class", "key",     "filename",     "source",   "source_path",
        "start_sec", "end_sec", "duration_sec", "channels", "sectors",
        "gain_db",   "score",   "decision",     "sha256",   "origin_sha256",
        "left_out",  "cut",     "seed"};
    snprintf(drawn, sizeof drawn, "%" PRIu64, seed);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        csv_field(t, columns[i]);
    csv_end(t);
    for (size_t i = 0; i < p->count; i++)
        row(t, p, &p->item[i], &written[i], drawn);
}

static void origin(struct text *t, const struct candidate *c)
{
    char file[512];
    text_add(t, text_plain(file, sizeof file,
                           c->source_path[0] ? c->source_path : c->filename));
    if (isfinite(c->m.start_sec)) {
        text_add(t, " at ");
        text_place(t, c->m.start_sec);
    }
}

static void sheet_line(struct text *t, const char *slot, const struct kit_item *i,
                       const struct kit_written *k)
{
    char seconds[64];
    format_number(seconds, sizeof seconds, k->seconds, 2);
    text_addf(t, "  %-6s %-16s %7s s  ", slot, i->name, seconds);
    origin(t, &i->c);
    if (i->stands_in)
        text_addf(t, " (stand-in: %s)", i->c.hit_class);
    text_add(t, "\n");
}

/* Samples that are on no instrument. */
static bool has_more(const struct kit_plan *p)
{
    bool more = false;
    for (size_t i = 0; i < p->count && !more; i++)
        more = p->item[i].in && p->item[i].slot < 0;
    return more;
}

static bool has_hat(const struct kit_plan *p)
{
    int closed = target_slot(p->target, "CH"), open = target_slot(p->target, "OH");
    return (closed >= 0 && p->slot[closed] >= 0) || (open >= 0 && p->slot[open] >= 0);
}

static void sheet_slots(struct text *t, const struct kit_plan *p,
                        const struct kit_written *written)
{
    text_add(t, "Instruments\n");
    for (int s = 0; s < target_slots(p->target); s++) {
        const char *name = target_slot_name(p->target, s);
        if (p->slot[s] >= 0)
            sheet_line(t, name, &p->item[p->slot[s]], &written[p->slot[s]]);
        else
            text_addf(t, "  %-6s (empty)\n", name);
    }
    if (kit_plan_filled(p) < target_slots(p->target))
        text_addf(
            t,
            "\nNo hit in this kit suits the empty instruments. On the machine they keep\n"
            "the sound they have%s. Or\n"
            "put a find on them in trowel (K opens the kit) and export again.\n",
            has_more(p) ? "; any sample below can be put on them just as well" : "");
}

void kit_assign_sheet(struct text *t, const struct kit_plan *p, const char *kit_name,
                      const struct kit_written *written)
{
    char folder[64], budget[160], file[256];
    kit_folder(folder, kit_name, 0);
    budget_text(&p->budget, p->target, budget);
    text_addf(t, "%s for the %s\n%s\n\n", kit_name, p->target->title, budget);
    sheet_slots(t, p, written);
    bool extras = false;
    int last = 0;
    for (size_t i = 0; i < p->count; i++)
        if (p->item[i].in && p->item[i].slot < 0) {
            text_add(t, extras ? "" : "\nMore samples\n");
            sheet_line(t, "", &p->item[i], &written[i]);
            extras = true;
            last = p->item[i].folder;
        }
    text_addf(
        t,
        "\nHow to get it onto the machine\n"
        "  1. Copy the folder ROLAND to the root of an SD card that the %s has\n"
        "     formatted; what is on the card already stays.\n"
        "  2. On the machine: [UTILITY] > SAMPLE:Import > FOLDER, choose %s,\n"
        "     and wait until it is done. The samples land in the category IMPORT.\n",
        p->target->title, folder);
    for (int i = 1; i <= last; i++) {
        kit_folder(folder, kit_name, i);
        text_addf(t, "     Then the same with %s.\n", folder);
    }
    text_addf(
        t,
        "  3. For each instrument above: press [SAMPLE], choose the instrument, turn\n"
        "     [VALUE] to the sample of that name.\n"
        "  4. %s[WRITE] the kit.\n",
        !has_hat(p) ? ""
        : p->rings  ? "Let CH and OH ring together: no mute group, then "
                    : "Let CH mute OH in the kit's mute groups, then ");
    if (p->left_out > 0) {
        text_addf(t, "\nLeft out (%zu)\n", p->left_out);
        for (size_t i = 0; i < p->count; i++)
            if (!p->item[i].in)
                text_addf(t, "  %s: %s\n",
                          text_plain(file, sizeof file, p->item[i].c.filename),
                          p->item[i].why_out);
    }
}

/* --- what is told of a plan --- */

/* What the kit costs, and what all that was wanted would have cost. */
static void tell_budget(struct text *t, const struct kit_plan *p, const char *kit_name)
{
    char wanted[160], in[160];
    budget_text(&p->wanted, p->target, wanted);
    budget_text(&p->budget, p->target, in);
    text_addf(t, "%s for the %s: %s\n", kit_name, p->target->title, in);
    if (p->left_out == 0)
        return;
    text_addf(t, "wanted: %s", wanted);
    if (p->wanted.longest_s > p->target->longest_s)
        text_addf(t, ", one sample of %.1f s, at most %.0f s",
                  budget_told_s(p->wanted.longest_s), p->target->longest_s);
    text_addf(t, "; %zu left out\n", p->left_out);
}

/* Without the end of its line. `slot` is "" for an extra. */
static void tell_item(struct text *t, const char *slot, const struct kit_item *i)
{
    char file[256];
    text_addf(t, "  %-3s %-17s %s%s", slot, i->name,
              text_plain(file, sizeof file, i->c.filename),
              i->recut ? " (cut anew)" : "");
}

static void tell_slots(struct text *t, const struct kit_plan *p)
{
    for (int s = 0; s < target_slots(p->target); s++) {
        const char *slot = target_slot_name(p->target, s);
        const struct kit_item *i = p->slot[s] >= 0 ? &p->item[p->slot[s]] : NULL;
        if (!i)
            text_addf(t, "  %-3s %-17s (empty)", slot, "-");
        else
            tell_item(t, slot, i);
        if (i && i->stands_in)
            text_addf(t, " (stand-in: %s)", i->c.hit_class);
        text_add(t, "\n");
    }
}

/* Unless `all` only some: the manifest tells the rest. */
static void tell_left_out(struct text *t, const struct kit_plan *p, bool all)
{
    enum { LEFT_OUT_TOLD = 10 };
    size_t out = 0, told = all ? SIZE_MAX : LEFT_OUT_TOLD;
    for (size_t i = 0; i < p->count; i++) {
        char file[256];
        const struct kit_item *item = &p->item[i];
        text_plain(file, sizeof file, item->c.filename);
        if (item->in && item->cut[0])
            text_addf(t, "  as mined: %s (%s)\n", file, item->cut);
        else if (!item->in && ++out <= told)
            text_addf(t, "  left out: %s (%s)\n", file, item->why_out);
    }
    if (out > told)
        text_addf(t, "  and %zu more left out; manifest.csv says why\n", out - told);
}

void kit_summary(struct text *t, const struct kit_plan *p, const struct kit_set *set,
                 const char *kit_name, bool all)
{
    char missed[sizeof set->missed];
    tell_budget(t, p, kit_name);
    tell_slots(t, p);
    for (size_t i = 0; all && i < p->count; i++)
        if (p->item[i].in && p->item[i].slot < 0) {
            tell_item(t, "", &p->item[i]);
            text_add(t, "\n");
        }
    if (set->missing > 0)
        text_addf(t, "  %zu missing (%s%s): the sample or its recording is not there\n",
                  set->missing, text_plain(missed, sizeof missed, set->missed),
                  set->missing > 1 ? ", …" : "");
    if (kit_plan_filled(p) < target_slots(p->target))
        text_add(t, "  no hit among these suits the empty instruments; ASSIGN.txt says "
                    "what to do\n");
    tell_left_out(t, p, all);
}
