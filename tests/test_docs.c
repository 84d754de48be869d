/* The committed texts say what the tables say. `test_docs --write` renews them. */
#include "checks.h"
#include "documents.h"

#include "core/journal.h"
#include "core/pipelines.h"
#include "core/status.h"
#include "io/config.h"
#include "io/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void committed_texts_are_those_of_the_tables(void **state)
{
    int different = 0;
    for (int i = 0; i < document_count(); i++) {
        const struct document *d = document_at(i);
        FREED char *made = d->make(), *file = document_read(SOURCE_DIR, d->path);
        size_t n = 0;
        const char *part = file ? document_part(d, file, &n) : NULL;
        assert_non_null(made);
        if (!part || strlen(made) != n || memcmp(made, part, n) != 0) {
            print_error("%s differs from the tables (%s)\n", d->path,
                        d->mark ? d->mark : "all of it");
            different++;
        }
    }
    if (different)
        fail_msg("%d texts are behind: run %s/tests/test_docs --write", different,
                 BUILD_DIR);
}

static bool has(const char *text, const char *before, const char *word, const char *after)
{
    FREED const char *wanted = text_of("%s%s%s", before, word, after);
    return strstr(text, wanted) != NULL;
}

/* Columns, statuses and shipped themes are described by hand: none may be left out. */
static void nothing_is_left_out_of_the_readme(void **state)
{
    FREED char *readme = document_read(SOURCE_DIR, "README.md");
    assert_non_null(readme);
    for (int i = 0; i < manifest_column_count(MANIFEST_PLAIN); i++)
        if (!has(readme, "`", manifest_column(i), "`"))
            fail_msg("README.md does not explain the column %s", manifest_column(i));
    for (int code = 0; code < ST_COUNT; code++) {
        FREED const char *number = text_of("%d", status_exit_code((enum status)code));
        if (!has(readme, "\n| ", number, " |"))
            fail_msg("README.md does not explain the exit status %s", number);
    }
    for (int p = 0; p < PIPE_COUNT; p++)
        if (!has(readme, "| `", pipeline_name((enum pipeline)p), "` |"))
            fail_msg("README.md does not list %s", pipeline_name((enum pipeline)p));
}

/* The words of the decision file, and the columns of a record. */
static void formats_are_described(void **state)
{
    FREED char *decisions = document_read(SOURCE_DIR, "docs/decision-file.md");
    FREED char *formats = document_read(SOURCE_DIR, "docs/file-formats.md");
    assert_non_null(decisions);
    assert_non_null(formats);
    for (int i = 0; i < FIELD_COUNT; i++)
        if (!has(decisions, "| `", event_word((enum event_field)i), "` |"))
            fail_msg("docs/decision-file.md does not describe %s",
                     event_word((enum event_field)i));
    for (int i = manifest_column_count(MANIFEST_PLAIN);
         i < manifest_column_count(MANIFEST_RECORD); i++)
        if (!has(formats, "`", manifest_column(i), "`"))
            fail_msg("docs/file-formats.md does not describe %s", manifest_column(i));
}

static const char *option_at_end(const char *at, size_t n, char name[64])
{
    snprintf(name, 64, "%.*s", (int)n, at);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
    return name;
}

static bool known_option(const char *name)
{
    struct option_info o;
    if (strcmp(name, "no_audio") == 0 || strcmp(name, "batch") == 0 ||
        strcmp(name, "version") == 0 || strcmp(name, "demo") == 0)
        return true;
    for (int p = 0; p < PIPE_COUNT; p++)
        for (int i = 0; pipeline_option((enum pipeline)p, i, &o); i++)
            if (strcmp(o.name, name) == 0)
                return true;
    return false;
}

/* Every line of an example that runs trowel uses options that are there. */
static void examples_use_known_options(void **state)
{
    char *readme = document_read(SOURCE_DIR, "README.md"), *rest = NULL;
    int seen = 0;
    assert_non_null(readme);
    for (char *line = strtok_r(readme, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "trowel --batch", 14) != 0 && strncmp(line, "./run.sh", 8) != 0)
            continue;
        for (char *at = line; (at = strstr(at, " --")); at++) {
            size_t n = strcspn(at + 3, " =");
            char name[64];
            seen++;
            if (!known_option(option_at_end(at + 3, n, name)))
                fail_msg("README.md: no option --%s in: %s", name, line);
        }
    }
    assert_true(seen > 20);
    free(readme);
}

static int write_one(const struct document *d)
{
    char path[4096], *made = d->make(), *file = document_read(SOURCE_DIR, d->path);
    size_t n = 0;
    const char *part = file ? document_part(d, file, &n) : NULL;
    snprintf(path, sizeof path, "%s/%s", SOURCE_DIR, d->path);
    bool fine = made && (part || !d->mark);
    FILE *f = fine ? fopen(path, "wb") : NULL;
    if (f) {
        if (d->mark)
            fwrite(file, 1, (size_t)(part - file), f);
        fputs(made, f);
        if (d->mark)
            fputs(part + n, f);
        fine = fclose(f) == 0;
    }
    printf("%s: %s\n", d->path, f && fine ? "written" : "not written");
    free(made);
    free(file);
    return f && fine ? 0 : 1;
}

int main(int argc, char *argv[])
{
    if (argc > 1 && strcmp(argv[1], "--write") == 0) {
        int failed = 0;
        for (int i = 0; i < document_count(); i++)
            failed += write_one(document_at(i));
        return failed ? 1 : 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_texts_are_those_of_the_tables),
        cmocka_unit_test(nothing_is_left_out_of_the_readme),
        cmocka_unit_test(formats_are_described),
        cmocka_unit_test(examples_use_known_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
