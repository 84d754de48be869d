#include "batch_places.h"

#include "core/curate.h"
#include "core/kit.h"
#include "core/kit_origin.h"
#include "core/report.h"
#include "io/paths.h"

#include <stdio.h>

const char *place_given(const struct request *r, enum option dir, const char *export_root,
                        const char *below, char out[PATH_BYTES])
{
    if (r->given[dir])
        return r->text[dir];
    snprintf(out, PATH_BYTES, "%.4000s/%s", export_root, below);
    return out;
}

const char *place_kit(const struct request *r, const char *kits, char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%.3000s/%.1000s", kits, r->text[OPT_KIT_NAME]);
    return out;
}

void places_of(struct places *p, const struct request *r, const char *export_root)
{
    char folder[PATH_BYTES];
    snprintf(p->project, PATH_BYTES, "%.3000s/%.1000s", export_root,
             r->text[OPT_PROJECT_NAME]);
    snprintf(p->best_of, PATH_BYTES, "%s",
             place_given(r, OPT_OUTPUT_ROOT, p->project, "best_of", folder));
    snprintf(p->kits, PATH_BYTES, "%s",
             place_given(r, OPT_KITS_DIR, export_root, "kits", folder));
    place_kit(r, p->kits, p->kit);
    snprintf(p->page, PATH_BYTES, "%s",
             place_given(r, OPT_OUTPUT, p->kit, "report.html", folder));
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
