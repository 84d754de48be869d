#include "core/pipelines.h"

#include "io/number.h"
#include "io/paths.h"
#include "io/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_FLAG, KIND_TEXT, KIND_NUMBER, KIND_DECIBEL, KIND_PEAK, KIND_SHARD };

static const struct {
    const char *name;
    enum kind kind;
    const char *metavar, *initial, *help;
} options[OPT_COUNT] = {
#define OPTION(id, name, kind, metavar, initial, help)                                   \
    [OPT_##id] = {name, KIND_##kind, metavar, initial, help},
#include "core/pipelines.def"
#undef OPTION
};

/* Inside this file a bare option name in the table means its number. */
enum {
#define OPTION(id, name, kind, metavar, initial, help) id = OPT_##id,
#include "core/pipelines.def"
#undef OPTION
};

enum { OWN_MAX = 20, NO_OPTION = -1 };

static const int common[] = {
#define COMMON(...) __VA_ARGS__, NO_OPTION
#include "core/pipelines.def"
#undef COMMON
};

static const struct {
    const char *name, *help;
    int own[OWN_MAX];
} pipelines[PIPE_COUNT] = {
#define PIPELINE(id, name, help, ...)                                                    \
    [PIPE_##id] = {name, help, {__VA_ARGS__, NO_OPTION}},
#include "core/pipelines.def"
#undef PIPELINE
};

int pipeline_find(const char *name)
{
    for (int i = 0; i < PIPE_COUNT; i++)
        if (strcmp(name, pipelines[i].name) == 0)
            return i;
    return -1;
}

const char *pipeline_name(enum pipeline p)
{
    return pipelines[p].name;
}

const char *pipeline_help(enum pipeline p)
{
    return pipelines[p].help;
}

static bool is_common(int option)
{
    for (int i = 0; common[i] != NO_OPTION; i++)
        if (common[i] == option)
            return true;
    return false;
}

/* The i-th option of a pipeline: its own that are not common, then the common ones. */
static int option_at(enum pipeline p, int index)
{
    for (int i = 0; pipelines[p].own[i] != NO_OPTION; i++)
        if (!is_common(pipelines[p].own[i]) && index-- == 0)
            return pipelines[p].own[i];
    for (int i = 0; common[i] != NO_OPTION; i++)
        if (index-- == 0)
            return common[i];
    return NO_OPTION;
}

bool pipeline_option(enum pipeline p, int index, struct option_info *out)
{
    int option = option_at(p, index);
    if (option == NO_OPTION)
        return false;
    *out = (struct option_info){.name = options[option].name,
                                .metavar = options[option].metavar,
                                .initial = options[option].initial,
                                .help = options[option].help,
                                .flag = options[option].kind == KIND_FLAG,
                                .common = is_common(option)};
    return true;
}

/* `-` and `_` are the same letter of an option. */
static bool begins_option(const char *given, size_t length, const char *name)
{
    for (size_t i = 0; i < length; i++)
        if (text_letter(given[i]) != text_letter(name[i]))
            return false;
    return true;
}

static bool same_option(const char *given, size_t length, const char *name)
{
    return strlen(name) == length && begins_option(given, length, name);
}

static enum status unknown(const char *what, const char *word, const char *near,
                           const char *where, struct err *e)
{
    if (near)
        return err_set(e, ST_USAGE, "unknown %s %s; did you mean %s%s? (%s)", what, word,
                       word[0] == '-' ? "--" : "", near, where);
    return err_set(e, ST_USAGE, "unknown %s %s (%s)", what, word, where);
}

static int find_option(enum pipeline p, const char *word, size_t length)
{
    for (int i = 0, option; (option = option_at(p, i)) != NO_OPTION; i++)
        if (same_option(word, length, options[option].name))
            return option;
    return NO_OPTION;
}

static enum status unknown_pipeline(const char *word, struct err *e)
{
    const char *names[PIPE_COUNT];
    for (int i = 0; i < PIPE_COUNT; i++)
        names[i] = pipelines[i].name;
    return unknown("pipeline", word, text_nearest(word, names, PIPE_COUNT),
                   "see trowel --batch --help", e);
}

/* The first words of one of its own (--input), another pipeline's, or nobody's: then the
 * nearest of its own. */
static enum status unknown_option(enum pipeline p, const char *word, size_t length,
                                  struct err *e)
{
    const char *names[OPT_COUNT], *own = pipeline_name(p), *name = word + 2;
    int count = 0;
    for (int i = 0, option; (option = option_at(p, i)) != NO_OPTION; i++) {
        const char *whole = options[option].name;
        if (strlen(whole) > length && whole[length] == '_' &&
            begins_option(name, length, whole))
            return unknown("option", word, whole, own, e);
    }
    for (int other = 0; other < PIPE_COUNT; other++)
        if (find_option((enum pipeline)other, name, length) != NO_OPTION)
            return err_set(
                e, ST_USAGE,
                "%.*s is not an option of %s, but of %s (see trowel --batch %s "
                "--help)",
                (int)length + 2, word, own, pipelines[other].name, own);
    for (int option; (option = option_at(p, count)) != NO_OPTION; count++)
        names[count] = options[option].name;
    return unknown("option", word, text_nearest(name, names, (size_t)count), own, e);
}

static enum status parse_shard(struct request *r, const char *text, struct err *e)
{
    char *end;
    long index = strtol(text, &end, 10), count = 0;
    if (end != text && *end == '/') {
        const char *second = end + 1;
        count = strtol(second, &end, 10);
        if (end == second)
            count = 0;
    }
    if (*end != '\0' || count < 1 || count > 1000000 || index < 1 || index > count)
        return err_set(e, ST_USAGE, "--shard takes I/N with 1 <= I <= N, not %s", text);
    r->shard_index = (int)index;
    r->shard_count = (int)count;
    return ST_OK;
}

static enum status parse_count(struct request *r, int option, const char *text,
                               struct err *e)
{
    uint64_t value, least = option == OPT_JOBS;
    uint64_t most = option == OPT_SEED ? UINT64_MAX : option == OPT_TOP ? 1000000 : 256;
    if (!parse_whole(text, &value) || value < least || value > most)
        return err_set(e, ST_USAGE,
                       "--%s takes a whole number from %" PRIu64 " to %" PRIu64
                       ", not %s",
                       options[option].name, least, most, text[0] ? text : "nothing");
    r->number[option] = value;
    return ST_OK;
}

static enum status parse_decibel(struct request *r, int option, const char *text, int low,
                                 int high, struct err *e)
{
    double value;
    if (!parse_number(text, &value) || value < low || value > high)
        return err_set(e, ST_USAGE, "--%s takes decibels from %d to %d, not %s",
                       options[option].name, low, high, text);
    r->decibel[option] = value;
    return ST_OK;
}

static enum status take(struct request *r, int option, const char *value, struct err *e)
{
    r->text[option] = value;
    if (option == OPT_SET) {
        if (r->sets == SETS_MAX)
            return err_set(e, ST_USAGE, "--set is given more than %d times", SETS_MAX);
        r->set[r->sets++] = value;
    }
    switch (options[option].kind) {
    case KIND_NUMBER:
        return parse_count(r, option, value, e);
    case KIND_DECIBEL:
        return parse_decibel(r, option, value, -120, 24, e);
    case KIND_PEAK:
        return parse_decibel(r, option, value, -60, 0, e);
    case KIND_SHARD:
        return parse_shard(r, value, e);
    default:
        if (options[option].kind == KIND_TEXT && value[0] == '\0')
            return err_set(e, ST_USAGE, "--%s needs %s", options[option].name,
                           options[option].metavar);
        return ST_OK;
    }
}

static enum status defaults(struct request *r, struct err *e)
{
    r->shard_index = r->shard_count = 1;
    for (int i = 0; i < OPT_COUNT; i++)
        if (options[i].initial[0]) {
            enum status st = take(r, i, options[i].initial, e);
            if (st != ST_OK)
                return st;
        }
    return ST_OK;
}

/* A bare folder or file: most likely what the first option takes. */
static enum status no_option(enum pipeline p, const char *word, struct err *e)
{
    const char *own = pipeline_name(p);
    char quoted[PATH_BYTES];
    int first = option_at(p, 0);
    if (word[0] != '-' && first != NO_OPTION && !is_common(first) &&
        (strcmp(options[first].metavar, "DIR") == 0 ||
         strcmp(options[first].metavar, "FILE") == 0))
        return err_set(e, ST_USAGE, "%s: %.300s is not an option; did you mean --%s %s?",
                       own, word, options[first].name,
                       strlen(word) > 60 ? options[first].metavar
                                         : text_word(quoted, sizeof quoted, word));
    return err_set(e, ST_USAGE, "%s: %s is not an option (see trowel --batch %s --help)",
                   own, word, own);
}

static enum status parse_one(struct request *r, int argc, char *const argv[], int *i,
                             struct err *e)
{
    const char *word = argv[*i];
    if (strcmp(word, "-h") == 0)
        word = "--help";
    if (strncmp(word, "--", 2) != 0 || word[2] == '\0')
        return no_option(r->pipeline, word, e);
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    int option = find_option(r->pipeline, name, length);
    if (option == NO_OPTION)
        return unknown_option(r->pipeline, word, length, e);
    r->given[option] = true;
    if (options[option].kind == KIND_FLAG) {
        if (equals)
            return err_set(e, ST_USAGE, "--%s takes no value", options[option].name);
        return ST_OK;
    }
    if (!equals && *i + 1 >= argc)
        return err_set(e, ST_USAGE, "--%s needs %s", options[option].name,
                       options[option].metavar);
    return take(r, option, equals ? equals + 1 : argv[++*i], e);
}

/* What each pipeline cannot do without. */
static enum status check_required(const struct request *r, struct err *e)
{
    static const struct {
        enum pipeline pipeline;
        int option;
    } required[] = {
        {PIPE_DRUMS, OPT_SOURCE},      {PIPE_SILENCES, OPT_SOURCE},
        {PIPE_ANALYZE, OPT_SOURCE},    {PIPE_FORMAT, OPT_SAMPLES_DIR},
        {PIPE_DUST, OPT_PADS_DIR},     {PIPE_DUST, OPT_HISS_DIR},
        {PIPE_CLOUDS, OPT_SOUNDS_DIR}, {PIPE_REPORT, OPT_KIT_DIR},
        {PIPE_INDEX, OPT_PROJECT},
    };
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (required[i].pipeline == r->pipeline && !r->text[required[i].option])
            return err_set(e, ST_USAGE, "%s needs --%s %s", pipeline_name(r->pipeline),
                           options[required[i].option].name,
                           options[required[i].option].metavar);
    if (r->given[OPT_RESUME] && r->given[OPT_FORCE])
        return err_set(e, ST_USAGE, "--resume and --force exclude each other");
    if (r->given[OPT_QUIET] && r->given[OPT_VERBOSE])
        return err_set(e, ST_USAGE, "--quiet and --verbose exclude each other");
    return ST_OK;
}

enum status request_parse(struct request *r, int argc, char *const argv[], struct err *e)
{
    memset(r, 0, sizeof *r);
    /* Whoever reads JSON also reads what is wrong with the words after it. */
    for (int i = 0; i < argc; i++)
        r->given[OPT_JSON] |= strcmp(argv[i], "--json") == 0;
    if (argc < 1)
        return err_set(e, ST_USAGE,
                       "--batch needs a pipeline (see trowel --batch --help)");
    int found = pipeline_find(argv[0]);
    if (found < 0 && argv[0][0] == '-')
        return err_set(
            e, ST_USAGE,
            "--batch needs a pipeline first, then %s (see trowel --batch --help)",
            argv[0]);
    if (found < 0)
        return unknown_pipeline(argv[0], e);
    r->pipeline = (enum pipeline)found;
    enum status st = defaults(r, e);
    for (int i = 1; i < argc && st == ST_OK; i++)
        st = parse_one(r, argc, argv, &i, e);
    if (st != ST_OK || r->given[OPT_HELP])
        return st;
    return check_required(r, e);
}
