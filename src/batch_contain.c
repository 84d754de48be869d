#include "batch_contain.h"

#include "io/paths.h"

#include <stdio.h>

/* What is not there yet leads nowhere. */
static enum status check(const char *base, const char *relative, struct err *e)
{
    struct root above, below;
    if (root_open(&above, base, false, NULL) != ST_OK)
        return ST_OK;
    enum status st = root_sub(&below, &above, relative, false, e);
    root_done(&above);
    if (st == ST_OK)
        root_done(&below);
    return st == ST_REFUSED ? st : ST_OK;
}

static enum status check_unless(const struct request *r, enum option chosen,
                                const char *base, const char *relative, struct err *e)
{
    return r->given[chosen] ? ST_OK : check(base, relative, e);
}

/* <stem>/drums of one source. */
static enum status check_single(const struct request *r, const char *stage,
                                const char *export_root, struct err *e)
{
    char stem[STEM_BYTES], relative[PATH_BYTES];
    stem_of_file(stem, r->text[OPT_SOURCE]);
    snprintf(relative, sizeof relative, "%s/%s", stem, stage);
    return check_unless(r, OPT_EXPORT, export_root, relative, e);
}

static enum status check_all(const struct request *r, const char *export_root,
                             struct err *e)
{
    char best[PATH_BYTES];
    snprintf(best, sizeof best, "%.1000s/best_of", r->text[OPT_PROJECT_NAME]);
    enum status st = check_unless(r, OPT_KITS_DIR, export_root, "kits", e);
    return st == ST_OK ? check_unless(r, OPT_OUTPUT_ROOT, export_root, best, e) : st;
}

static enum status check_demo(const char *folder, struct err *e)
{
    static const char *const parts[] = {"recordings", "export/DEMO/best_of", "kits"};
    enum status st = ST_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && st == ST_OK; i++)
        st = check(folder, parts[i], e);
    return st;
}

enum status batch_contained(const struct request *r, const char *export_root,
                            struct err *e)
{
    switch (r->pipeline) {
    case PIPE_DRUMS:
        return check_single(r, "drums", export_root, e);
    case PIPE_SILENCES:
        return check_single(r, "silences", export_root, e);
    case PIPE_CLOUDS:
        return check_unless(r, OPT_CLOUDS_DIR, export_root, "clouds", e);
    case PIPE_DUST:
        return check_unless(r, OPT_DUST_DIR, export_root, "dust", e);
    case PIPE_FORMAT:
        return check_unless(r, OPT_KITS_DIR, export_root, "kits", e);
    case PIPE_CURATE:
        return check_unless(r, OPT_OUTPUT_ROOT,
                            r->given[OPT_INPUT_ROOT] ? r->text[OPT_INPUT_ROOT]
                                                     : export_root,
                            "best_of", e);
    case PIPE_ALL:
        return check_all(r, export_root, e);
    case PIPE_DEMO:
        return check_demo(r->text[OPT_DEMO_DIR], e);
    default: /* a project is opened below the root without following links */
        return ST_OK;
    }
}
