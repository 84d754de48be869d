#include "batch_places.h"

#include "core/curate.h"
#include "core/kit.h"
#include "core/kit_origin.h"
#include "core/report.h"
#include "io/paths.h"

#include <stdio.h>

/* What is not there yet leads nowhere. */
enum status place_inside(const char *base, const char *relative, struct err *e)
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

enum status place_given(char out[PATH_BYTES], const struct request *r, enum option dir,
                        const char *base, const char *below, struct err *e)
{
    bool chosen = r->given[dir];
    int n = snprintf(out, PATH_BYTES, "%s%s%s", chosen ? r->text[dir] : base,
                     chosen ? "" : "/", chosen ? "" : below);
    if (n >= PATH_BYTES)
        return err_set(e, ST_REFUSED, "the path of the output is too long");
    return chosen ? ST_OK : place_inside(base, below, e);
}

const char *place_kit(const struct request *r, const char *kits, char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%.3000s/%.1000s", kits, r->text[OPT_KIT_NAME]);
    return out;
}

enum status places_of(struct places *p, const struct request *r, const char *export_root,
                      struct err *e)
{
    char best[PATH_BYTES];
    const char *name = r->text[OPT_PROJECT_NAME];
    snprintf(best, sizeof best, "%.1000s/best_of", name);
    snprintf(p->project, PATH_BYTES, "%.3000s/%.1000s", export_root, name);
    enum status st = place_given(p->kits, r, OPT_KITS_DIR, export_root, "kits", e);
    if (st == ST_OK)
        st = place_given(p->best_of, r, OPT_OUTPUT_ROOT, export_root, best, e);
    place_kit(r, p->kits, p->kit);
    if (r->given[OPT_OUTPUT])
        snprintf(p->page, PATH_BYTES, "%s", r->text[OPT_OUTPUT]);
    else
        snprintf(p->page, PATH_BYTES, "%.4000s/report.html", p->kit);
    return st;
}

/* A kit of this project, or of these recordings mined before, will be made anew. */
static bool kit_is_ours(const struct places *p, const struct request *r,
                        const struct config *cfg)
{
    const char *input =
        r->given[OPT_INPUT_DIR] ? r->text[OPT_INPUT_DIR] : cfg->paths.source_audio_dir;
    return kit_is_from(p->kit, p->project) || kit_is_of_recordings(p->kit, input);
}

/* What would stop the writing after hours of mining is told before. */
static enum status check_disks(const struct places *p, bool may_try, struct err *e)
{
    enum status st = path_check_writable(p->best_of, may_try, e);
    if (st == ST_OK)
        st = path_check_writable(p->kit, may_try, e);
    return st == ST_OK ? path_check_writable(p->page, may_try, e) : st;
}

enum status places_check(const struct places *p, const struct request *r,
                         const struct config *cfg, struct err *e)
{
    struct curate_job curate = {.output_root = p->best_of,
                                .decisions = r->text[OPT_DECISIONS]};
    struct kit_job kit = {.output_dir = p->kits,
                          .kit_name = r->text[OPT_KIT_NAME],
                          .target = r->given[OPT_TARGET] ? r->text[OPT_TARGET] : NULL,
                          .cfg = cfg};
    struct report_job page = {.output = p->page};
    enum status st = curate_check(&curate, e);
    if (st == ST_OK) {
        kit.force = r->given[OPT_FORCE] || kit_is_ours(p, r, cfg);
        st = kit_check(&kit, e);
    }
    if (st == ST_OK)
        st = report_check(&page, e);
    return st == ST_OK ? check_disks(p, !r->given[OPT_DRY_RUN], e) : st;
}
