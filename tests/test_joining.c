/* core/project_assemble with more finds than are held: what another program writes
 * meanwhile is never taken for what was read. */
#include "checks.h"
#include "core/project.h"
#include "folder.h"
#include "io/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As many as are held, all of the first recording: those of the others are read again. */
enum { MANY = (12 << 20) / sizeof(struct candidate), FEW = 2 };

struct desk {
    char folder[FOLDER_BYTES];
    struct project project;
    struct candidate turned[FEW]; /* the second's finds, in the other order */
    int rewritten;
};

static void fill(struct candidate *c, const char *stem, int i)
{
    candidate_clear(c);
    c->kind = KIND_PAD;
    c->m.duration_sec = 1 + i;
    snprintf(c->source, sizeof c->source, "%s", stem);
    snprintf(c->source_path, sizeof c->source_path, "%s.wav", stem);
    snprintf(c->filename, sizeof c->filename, "%s_pad%05d_mid.wav", stem, i);
}

static void put_on_record(struct desk *d, const char *stem, int count)
{
    struct begun b;
    OWN(find_list) finds = {0};
    struct catalog_source source = {.rate_hz = 44100, .channels = 1, .frames = 44100};
    snprintf(source.stem, sizeof source.stem, "%s", stem);
    snprintf(source.path, sizeof source.path, "%s.wav", stem);
    for (int i = 0; i < count; i++) {
        struct candidate find;
        fill(&find, stem, i);
        assert_true(find_list_add(&finds, &find, NULL, NULL));
    }
    assert_int_equal(project_begin(&d->project, stem, &b, NULL), ST_OK);
    assert_int_equal(project_complete(&b, &source, &finds, NULL), ST_OK);
}

/* The catalog is there, and the manifest comes next: another program mines again. */
static void mine_again(void *user, enum log_level level, const char *source,
                       const char *line)
{
    (void)source;
    struct desk *d = user;
    (void)level;
    if (!strstr(line, "added to the catalog"))
        return;
    assert_int_equal(manifest_write(&d->project.root, ".trowel/b.record", d->turned, FEW,
                                    MANIFEST_RECORD, NULL),
                     ST_OK);
    d->rewritten++;
}

static void a_record_that_changes_is_told(void **state)
{
    static const char words[] = "# trowel decisions 1\n"
                                "accepted b/pad/b_pad00001_mid.wav\n";
    struct desk *d = *state;
    char path[FOLDER_BYTES + 16];
    struct err e;
    put_on_record(d, "a", MANY);
    put_on_record(d, "b", FEW);
    put_on_record(d, "c", 1);
    assert_int_equal(project_assemble(&d->project, NULL, NULL, NULL), ST_OK);
    for (int i = 0; i < FEW; i++)
        fill(&d->turned[i], "b", FEW - 1 - i);
    folder_write(d->folder, "words.txt", words, sizeof words - 1);
    snprintf(path, sizeof path, "%s/words.txt", d->folder);
    struct log log = {.user = d, .sink = mine_again, .threshold = LOG_INFO};
    struct assemble_more more = {.decisions = path, .log = &log};
    assert_int_equal(project_assemble(&d->project, &more, NULL, &e), ST_CORRUPT);
    assert_int_equal(d->rewritten, 1);
    assert_non_null(strstr(e.msg, "changed while its finds were joined"));
    more = (struct assemble_more){0}; /* and done again it is as the record has it now */
    assert_int_equal(project_assemble(&d->project, &more, NULL, &e), ST_OK);
    FREED struct candidate *rows;
    size_t count;
    snprintf(path, sizeof path, "%s/P/manifest.csv", d->folder);
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    assert_int_equal(count, MANY + FEW + 1);
    assert_string_equal(rows[MANY].filename, "b_pad00001_mid.wav");
    assert_int_equal(rows[MANY].decision, DECISION_ACCEPTED);
    assert_int_equal(rows[MANY + 1].decision, DECISION_NONE);
}

static void keep_line(void *user, enum log_level level, const char *source,
                      const char *line)
{
    (void)level, (void)source;
    snprintf(user, 200, "%s", line);
}

/* What was accepted and is not found any more does not go in silence. */
static void what_waits_is_told(void **state)
{
    static const char words[] = "# trowel decisions 1\n"
                                "accepted b/pad/b_pad00001_mid.wav\n"
                                "rejected b/pad/b_pad00006_mid.wav\n"
                                "accepted b/pad/b_pad00007_mid.wav\n";
    struct desk *d = *state;
    char told[200] = "";
    const struct log log = {.user = told, .sink = keep_line, .threshold = LOG_INFO};
    put_on_record(d, "b", FEW);
    folder_write(d->folder, "words.txt", words, sizeof words - 1);
    FREED const char *path = text_of("%s/words.txt", d->folder);
    struct assemble_more more = {.log = &log};
    assert_int_equal(project_assemble(&d->project, &more, NULL, NULL), ST_OK);
    assert_string_equal(told, "");
    more.decisions = path;
    assert_int_equal(project_assemble(&d->project, &more, NULL, NULL), ST_OK);
    told[0] = '\0';
    more.decisions = NULL;
    assert_int_equal(project_assemble(&d->project, &more, NULL, NULL), ST_OK);
    assert_string_equal(told, "1 accepted sound is not among the finds; what was said of "
                              "it is kept");
}

static int set_up(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    folder_make(d->folder);
    *state = d;
    return project_open(&d->project, d->folder, "P", NULL) == ST_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    FREED struct desk *d = *state;
    project_done(&d->project);
    folder_remove(d->folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_that_changes_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_is_told, set_up, tear_down)};
    return cmocka_run_group_tests_name("joining", tests, NULL, NULL);
}
