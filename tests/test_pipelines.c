/* core/pipelines: the command line of the batch mode. */
#include "checks.h"

#include "core/pipelines.h"
#include "core/recipe.h"

#include <stdio.h>
#include <string.h>

#define ARGS(...)                                                                        \
    (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[])                  \
    {                                                                                    \
        __VA_ARGS__                                                                      \
    }

static void dashes_and_underscores_are_one(void **state)
{
    struct request r;
    struct err e;
    assert_int_equal(request_parse(&r,
                                   ARGS("process", "--input-dir", "a", "--project_name=b",
                                        "--jobs", "3", "--set", "x.y=1", "--set=z.w=2"),
                                   &e),
                     ST_OK);
    assert_int_equal(r.pipeline, PIPE_PROCESS);
    assert_string_equal(r.text[OPT_INPUT_DIR], "a");
    assert_string_equal(r.text[OPT_PROJECT_NAME], "b");
    assert_int_equal(r.number[OPT_JOBS], 3);
    assert_int_equal(r.sets, 2);
    assert_string_equal(r.set[1], "z.w=2");
    assert_false(r.given[OPT_FORCE]);
}

static void defaults_are_the_table(void **state)
{
    struct request r;
    assert_int_equal(request_parse(&r, ARGS("all"), NULL), ST_OK);
    assert_string_equal(r.text[OPT_PROJECT_NAME], "BATCH_01");
    assert_int_equal(r.number[OPT_TOP], 10);
    assert_false(r.given[OPT_TOP]);
    assert_int_equal(r.shard_count, 1);
    assert_null(r.text[OPT_CONFIG]);
}

static void wrong_words_are_named_with_the_nearest(void **state)
{
    struct request r;
    struct err e;
    assert_int_equal(request_parse(&r, ARGS("proces"), &e), ST_USAGE);
    assert_non_null(strstr(e.msg, "did you mean process?"));
    assert_int_equal(request_parse(&r, ARGS("process", "--inptu_dir", "x"), &e),
                     ST_USAGE);
    assert_non_null(strstr(e.msg, "did you mean --input_dir?"));
    assert_int_equal(request_parse(&r, ARGS("--input_dir", "x", "process"), &e),
                     ST_USAGE);
    assert_non_null(strstr(e.msg, "needs a pipeline first, then --input_dir ("));
    char many[201];
    memset(many, 'a', 200);
    many[200] = '\0';
    assert_int_equal(request_parse(&r, ARGS(many), &e), ST_USAGE);
    assert_null(strstr(e.msg, "did you mean")); /* none is near */
    assert_int_equal(request_parse(&r, ARGS("curate", "--project-name=x"), &e), ST_USAGE);
    assert_non_null(
        strstr(e.msg, "--project-name is not an option of curate, but of process"));
    static const char *const begun[][3] = {{"process", "--input", "input_dir"},
                                           {"process", "--project", "project_name"},
                                           {"curate", "--output=x", "output_root"},
                                           {"all", "--kit", "kit_name"}};
    for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
        char *line[] = {(char *)begun[i][0], (char *)begun[i][1], "x"}, wanted[64];
        assert_int_equal(request_parse(&r, 3, line, &e), ST_USAGE);
        snprintf(wanted, sizeof wanted, "did you mean --%s?", begun[i][2]);
        assert_non_null(strstr(e.msg, wanted));
    }
    assert_int_equal(request_parse(&r, ARGS("drums"), &e), ST_USAGE);
    assert_non_null(strstr(e.msg, "drums needs --source FILE"));
    assert_int_equal(request_parse(&r, ARGS("drums", "--source"), &e), ST_USAGE);
    assert_int_equal(request_parse(&r, ARGS("process", "extra"), &e), ST_USAGE);
    assert_string_equal(
        e.msg, "process: extra is not an option; did you mean --input_dir extra?");
    assert_int_equal(request_parse(&r, ARGS("analyze", "a b.wav"), &e), ST_USAGE);
    assert_non_null(strstr(e.msg, "did you mean --source 'a b.wav'?"));
    assert_int_equal(request_parse(&r, ARGS("validate", "a.yaml"), &e), ST_USAGE);
    assert_non_null(strstr(e.msg, "(see trowel --batch validate --help)"));
    assert_int_equal(request_parse(&r, ARGS("process", "-x"), &e), ST_USAGE);
    assert_null(strstr(e.msg, "did you mean"));
    assert_int_equal(request_parse(&r, ARGS("process", "--force=1"), &e), ST_USAGE);
}

static void bad_values_are_refused(void **state)
{
    char *const bad[][2] = {{"--jobs", "0"},    {"--jobs", "-1"},
                            {"--jobs", "two"},  {"--jobs", "999"},
                            {"--shard", "0/3"}, {"--shard", "4/3"},
                            {"--shard", "1/"},  {"--shard", "x"},
                            {"--seed", "1.5"},  {"--seed", "99999999999999999999999"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct request r;
        struct err e = {0};
        assert_int_equal(request_parse(&r, ARGS("process", bad[i][0], bad[i][1]), &e),
                         ST_USAGE);
        assert_non_null(strstr(e.msg, bad[i][0] + 2));
    }
    struct request r;
    assert_int_equal(request_parse(&r, ARGS("curate", "--top", "4294967297"), NULL),
                     ST_USAGE); /* no int, and was taken for 1 */
    static const struct {
        const char *pipeline, *option, *least, *most, *more;
    } counts[] = {
        {"curate", "--top", "0", "1000000", "1000001"},
        {"process", "--jobs", "1", "256", "257"},
        {"process", "--seed", "0", "18446744073709551615", "18446744073709551616"}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const char *given[] = {counts[i].least, counts[i].most, counts[i].more};
        for (int k = 0; k < 3; k++) {
            char *line[] = {(char *)counts[i].pipeline, (char *)counts[i].option,
                            (char *)given[k]};
            assert_int_equal(request_parse(&r, 3, line, NULL), k < 2 ? ST_OK : ST_USAGE);
        }
    }
    assert_int_equal(request_parse(&r, ARGS("process", "--shard", "2/3"), NULL), ST_OK);
    assert_int_equal(r.shard_index, 2);
    assert_int_equal(r.shard_count, 3);
    assert_int_equal(request_parse(&r, ARGS("process", "--force", "--resume"), NULL),
                     ST_USAGE);
}

static void every_option_of_every_pipeline_is_described(void **state)
{
    for (int p = 0; p < PIPE_COUNT; p++) {
        struct option_info o;
        int n = 0, shared = 0;
        for (; pipeline_option((enum pipeline)p, n, &o); n++) {
            assert_true(o.help[0] != '\0');
            assert_true(o.flag || o.metavar[0]);
            shared += o.common;
        }
        assert_int_equal(shared, 11);
    }
}

static void stages_are_listed_with_and_without_blanks(void **state)
{
    static const char *const lists[] = {"drums,silences", "drums, silences",
                                        " silences ,drums ,", "silences,drums, ",
                                        "drums,drums,silences"};
    static const char *const wrong[] = {"",     ",",    " , ",    "drums silences",
                                        "drum", "dust", ",drums", "drums, ,hiss"};
    unsigned stages;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        assert_int_equal(stages_parse(lists[i], &stages, NULL), ST_OK);
        assert_int_equal(stages, 1u << STAGE_DRUMS | 1u << STAGE_SILENCES);
    }
    struct err e;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(stages_parse(wrong[i], &stages, &e), ST_USAGE);
        assert_null(strstr(e.msg, "stage  (")); /* no name is no name to quote */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dashes_and_underscores_are_one),
        cmocka_unit_test(defaults_are_the_table),
        cmocka_unit_test(wrong_words_are_named_with_the_nearest),
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(every_option_of_every_pipeline_is_described),
        cmocka_unit_test(stages_are_listed_with_and_without_blanks),
    };
    return cmocka_run_group_tests_name("pipelines", tests, NULL, NULL);
}
