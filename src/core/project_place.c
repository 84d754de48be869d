/* Whose folder is it? Every pipeline that writes a manifest.csv would overwrite the one
 * of whatever else lies there. */
#include "core/project.h"

#include "core/project_list.h"
#include "io/discover.h"
#include "io/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum layout { LAYOUT_UNKNOWN, LAYOUT_FOLDERS, LAYOUT_FLAT };

static bool lies(const struct project *p, const struct candidate *c, bool flat)
{
    char relative[PATH_BYTES];
    struct project asked = *p;
    asked.flat = flat;
    project_find_path(&asked, c, relative);
    return root_exists(&p->root, relative);
}

/* The first sample on record that is there tells. */
static enum layout layout_of(const struct project *p, const struct stem_list *stems)
{
    enum layout found = LAYOUT_UNKNOWN;
    for (size_t i = 0; i < stems->count && found == LAYOUT_UNKNOWN; i++) {
        struct catalog_source source;
        struct find_list finds = {0};
        if (project_record(p, stems->at[i], &source, &finds, NULL) != ST_OK)
            continue;
        for (size_t k = 0; k < finds.count && found == LAYOUT_UNKNOWN; k++) {
            const struct candidate *c = &finds.at[k];
            if (c->saved && lies(p, c, false))
                found = LAYOUT_FOLDERS;
            else if (c->saved && lies(p, c, true))
                found = LAYOUT_FLAT;
        }
        find_list_done(&finds);
    }
    return found;
}

/* A manifest without records beside it is somebody else's, or what a copy kept. */
static enum status check_manifest(const struct project *p, struct err *e)
{
    struct candidate *rows;
    size_t count;
    enum status st = manifest_read_in(p->root.path, "manifest.csv", &rows, &count, NULL);
    free(rows);
    if (st == ST_NOT_FOUND || (st == ST_OK && count == 0))
        return ST_OK;
    return err_set(
        e, ST_EXISTS, "%s/manifest.csv does not belong to this run; move it away, or %s",
        p->root.path,
        p->flat ? "name another folder" : "begin another project (--project_name)");
}

/* The folder of records without any: a run that starts afresh has taken them away, and
 * was killed before it had others. Only a kit has such a folder while it is written. */
static bool was_cleared(const struct project *p)
{
    return root_exists(&p->root, ".trowel") && !discover_is_kit(p->root.path);
}

enum status project_check_place(const struct project *p, struct err *e)
{
    struct stem_list stems;
    if (p->flat && root_exists(&p->root, "catalog.db"))
        return err_set(e, ST_EXISTS, "%s is a project; name another folder",
                       p->root.path);
    enum status st = project_stems(p, &stems, e);
    if (st == ST_OK && stems.count == 0) {
        st = was_cleared(p) ? ST_OK : check_manifest(p, e);
    } else if (st == ST_OK) {
        enum layout layout = layout_of(p, &stems);
        if (p->flat && layout == LAYOUT_FOLDERS)
            st = err_set(e, ST_EXISTS, "%s is a project; name another folder",
                         p->root.path);
        else if (!p->flat && layout == LAYOUT_FLAT)
            st = err_set(e, ST_EXISTS,
                         "%s holds samples of drums, silences, clouds or dust, not a "
                         "project; --project_name begins another",
                         p->root.path);
    }
    stem_list_done(&stems);
    return st;
}

/* Without records the samples tell: those of a project lie in the folders of their
 * sources, those of a best-of set in folders of their categories. Where none is there,
 * what only a project has tells. */
static enum folder_kind kind_by_manifest(const struct project *p)
{
    char relative[PATH_BYTES];
    struct candidate *rows = NULL;
    size_t count = 0;
    bool whole = root_exists(&p->root, "catalog.db") ||
                 root_exists(&p->root, "config.effective.yaml");
    if (manifest_read_in(p->root.path, "manifest.csv", &rows, &count, NULL) != ST_OK)
        return whole ? FOLDER_PROJECT : FOLDER_OTHER;
    enum folder_kind kind = whole || count > 0 ? FOLDER_PROJECT : FOLDER_BEST_OF;
    for (size_t i = 0; i < count; i++) {
        snprintf(relative, sizeof relative, "%s/%s",
                 category_folder(kind_category(rows[i].kind)), rows[i].filename);
        if (lies(p, &rows[i], false))
            break;
        if (root_exists(&p->root, relative)) {
            kind = FOLDER_BEST_OF;
            break;
        }
    }
    free(rows);
    return kind;
}

enum folder_kind project_folder_kind(const char *folder)
{
    struct project p = {0};
    struct stem_list stems;
    if (discover_is_kit(folder))
        return FOLDER_KIT;
    if (root_open(&p.root, folder, false, NULL) != ST_OK)
        return FOLDER_OTHER;
    enum folder_kind kind = FOLDER_PROJECT;
    if (project_stems(&p, &stems, NULL) == ST_OK) {
        if (stems.count == 0)
            kind = kind_by_manifest(&p);
        else if (layout_of(&p, &stems) == LAYOUT_FLAT)
            kind = FOLDER_FLAT;
        stem_list_done(&stems);
    }
    root_done(&p.root);
    return kind;
}

enum status project_is_of(const struct project *p, uint64_t recipe_hash, bool *is,
                          struct err *e)
{
    struct catalog_source *sources;
    size_t count;
    enum status st = project_sources(p, &sources, &count, e);
    *is = true;
    for (size_t i = 0; i < count && st == ST_OK; i++)
        *is = *is && (sources[i].failed || sources[i].recipe_hash == recipe_hash);
    free(sources);
    return st;
}

/* Its samples lie in folders of their categories, as those of a best-of set do, and would
 * be taken for the set's own. */
bool project_is_source_folder(const struct root *root)
{
    char up[PATH_BYTES], name[PATH_BYTES], relative[PATH_BYTES];
    struct root above;
    snprintf(name, sizeof name, "%s", root->path);
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/'; n--)
        name[n - 1] = '\0';
    snprintf(relative, sizeof relative, ".trowel/%.200s.source", path_base(name));
    if (path_join(up, sizeof up, name, "..", NULL) != ST_OK ||
        root_open(&above, up, false, NULL) != ST_OK)
        return false;
    bool is = root_exists(&above, relative);
    root_done(&above);
    return is;
}

enum status project_check_none(const struct root *root, struct err *e)
{
    struct stem_list stems;
    struct project p = {.root = *root};
    enum status st = project_stems(&p, &stems, e);
    /* An empty catalog in a best-of set was left there by an earlier version. */
    bool there = st == ST_OK &&
                 (stems.count > 0 || (root_exists(root, "catalog.db") &&
                                      project_folder_kind(root->path) == FOLDER_PROJECT));
    stem_list_done(&stems);
    if (!there && (st != ST_OK || !project_is_source_folder(root)))
        return st;
    return err_set(e, ST_EXISTS, "%s holds what trowel mined; name another folder",
                   root->path);
}
