#include "manual.h"

#include "core/pipelines.h"
#include "io/config.h"
#include "ui/state.h"

#include <stdio.h>
#include <string.h>

/* --- the man page --- */

/* troff: backslashes, and hyphens that are minus signs. */
static void roff(struct text *t, const char *s)
{
    static const char *const with[] = {"\\e", "\\-", "\\(aq", "\\(ga", "\\(ha", "\\(dq"};
    text_replaced(t, s, "\\-'`^\"", with);
}

static void add_option(struct text *t, const struct option_info *o)
{
    text_add(t, ".TP\n\\fB\\-\\-");
    roff(t, o->name);
    text_add(t, "\\fR");
    if (!o->flag) {
        text_add(t, " \\fI");
        roff(t, o->metavar);
        text_add(t, "\\fR");
    }
    text_add(t, "\n\\&");
    roff(t, o->help);
    if (o->initial[0]) {
        text_add(t, " (default: ");
        roff(t, o->initial);
        text_add(t, ")");
    }
    text_add(t, ".\n");
}

static void add_options(struct text *t, enum pipeline p, bool common)
{
    struct option_info o;
    for (int i = 0; pipeline_option(p, i, &o); i++)
        if (o.common == common)
            add_option(t, &o);
}

static void add_pipelines(struct text *t)
{
    text_add(t, ".SH PIPELINES\n"
                "In option names, \\fB\\-\\fR and \\fB_\\fR are interchangeable.\n");
    for (int p = 0; p < PIPE_COUNT; p++) {
        text_add(t, ".SS ");
        roff(t, pipeline_name((enum pipeline)p));
        text_add(t, "\n\\&");
        roff(t, pipeline_help((enum pipeline)p));
        text_add(t, ".\n");
        add_options(t, (enum pipeline)p, false);
    }
    text_add(t, ".SS options of every pipeline\n");
    add_options(t, PIPE_PROCESS, true);
}

static void add_commands(struct text *t)
{
    const char *name, *takes, *help;
    text_add(t, ".SH COMMANDS\nTyped after \\fB:\\fR, with completion and history.\n");
    for (int i = 0; (help = app_command_help(i, &name, &takes)); i++) {
        text_addf(t, ".TP\n\\fB:%s\\fR %s\n\\&", name, takes);
        roff(t, help);
        text_add(t, ".\n");
    }
}

static const char head[] =
    ".\\\" Made from the tables by test_docs --write.\n"
    ".TH TROWEL 1 \"\" trowel \"User Commands\"\n"
    ".SH NAME\n"
    "trowel \\- dig through recordings for sounds worth keeping\n"
    ".SH SYNOPSIS\n"
    ".B trowel\n[\\fB\\-\\-no\\-audio\\fR] [\\fIPROJECT\\fR|\\fIFOLDER\\fR]\n.br\n"
    ".B trowel \\-\\-batch\n\\fIPIPELINE\\fR [\\fIoptions\\fR]\n.br\n"
    ".B trowel \\-\\-help\n|\n.B \\-\\-version\n"
    ".SH DESCRIPTION\n"
    "trowel mines recordings for pads, swells, clouds, hiss, drum hits and room tone, "
    "lets you hear and judge the finds, and exports a kit for the Roland TR\\-8S.\n"
    ".PP\n"
    "Without \\fB\\-\\-batch\\fR it opens the workstation on a project. A folder of "
    "recordings becomes a project below the export root and is mined in the background. "
    "Without an argument, trowel opens the current folder if it is a project or holds "
    "recordings, otherwise the project you had open before; if there were several, you "
    "choose.\n"
    ".PP\n"
    "With \\fB\\-\\-batch\\fR it runs a pipeline without a terminal and without sound. "
    "Results go to standard output, progress and messages to standard error.\n"
    ".PP\n"
    "Recordings are only ever read. Rejecting a find deletes no file.\n"
    ".SH OPTIONS\n"
    ".TP\n\\fB\\-\\-no\\-audio\\fR\n"
    "Open no audio device; everything but hearing works.\n"
    ".TP\n\\fB\\-\\-help\\fR, \\fB\\-\\-version\\fR\nPrint a short help text, or the "
    "version.\n";

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n\\fB0\\fR\nAll done.\n"
    ".TP\n\\fB1\\fR\nSome sources failed, or there were none.\n"
    ".TP\n\\fB2\\fR\nWrong usage, an invalid config, or a name that leads out of the "
    "output folder.\n"
    ".TP\n\\fB3\\fR\nNothing was found or picked.\n"
    ".TP\n\\fB4\\fR\nThe output exists and \\fB\\-\\-force\\fR was not given.\n"
    ".TP\n\\fB5\\fR\nThe disk, a permission or another trowel at work there prevented "
    "writing.\n"
    ".TP\n\\fB130\\fR\nInterrupted.\n"
    ".SH FILES\n"
    ".TP\n\\fI./config.yaml\\fR, \\fI~/.config/trowel/config.yaml\\fR\n"
    "Settings; the first that exists is used, unless \\fB\\-\\-config\\fR names "
    "another.\n"
    ".TP\n\\fI~/.config/trowel/workstation.yaml\\fR\n"
    "What \\fB:save\\fR keeps of \\fIaudio\\fR and \\fIinterface\\fR.\n"
    ".TP\n\\fI~/.config/trowel/keys.yaml\\fR\n"
    "Keys of your own: lines \\fIaction\\fR: \\fIkeys\\fR, and "
    "\\fBkit.\\fR\\fIaction\\fR: \\fIkeys\\fR for the kit screen.\n"
    ".TP\n\\fI~/.config/trowel/themes/\\fR\nThemes of your own.\n"
    ".TP\n\\fIexport/PROJECT/\\fR\n"
    "A folder for each recording, \\fImanifest.csv\\fR, \\fIcatalog.db\\fR with every "
    "decision, and \\fIconfig.effective.yaml\\fR with the settings and the seed in use.\n"
    ".TP\n\\fIexport/kits/KIT/\\fR\n"
    "A kit: copy its folder \\fIROLAND\\fR to the card; \\fIASSIGN.txt\\fR says what "
    "goes "
    "where.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBXDG_CONFIG_HOME\\fR\nInstead of \\fI~/.config\\fR.\n"
    ".TP\n\\fBNO_COLOR\\fR\nNo colours; state is always shown by a glyph too.\n"
    ".SH EXAMPLES\n.EX\n"
    "trowel ~/tapes\n"
    "trowel \\-\\-batch all \\-\\-input_dir ~/tapes \\-\\-project_name TAPES\n"
    "trowel \\-\\-batch drums \\-\\-source jam.flac \\-\\-export hits/\n"
    "trowel \\-\\-batch analyze \\-\\-source jam.flac \\-\\-onsets\n"
    ".EE\n";

static void add_keys(struct text *t)
{
    for (int g = 0; g < GROUP_COUNT_OF; g++) {
        text_addf(t, ".SS %s\n", action_group_title((enum action_group)g));
        for (int a = 1; a < ACT_COUNT_OF; a++) {
            const struct action_info *i = action_info((enum action)a);
            if (i->group != (enum action_group)g)
                continue;
            text_add(t, ".TP\n\\&\\fB");
            roff(t, i->keys);
            if (i->kit_keys[0]) {
                text_add(t, i->keys[0] ? "\\fR, in the kit \\fB" : "");
                roff(t, i->kit_keys);
            }
            text_add(t, "\\fR\n\\&");
            roff(t, i->help);
            text_add(t, ".\n");
        }
    }
}

static void add_settings(struct text *t)
{
    char section[CONFIG_KEY_BYTES] = "", expected[256];
    for (int i = 0; i < config_key_count(); i++) {
        const struct config_key *k = config_key(i);
        size_t n = strcspn(k->name, ".");
        if (strncmp(section, k->name, n) != 0 || section[n]) {
            snprintf(section, sizeof section, "%.*s", (int)n, k->name);
            text_addf(t, ".SS %s\n", section);
            roff(t, config_section_help(section));
            text_add(t, "\n");
        }
        config_expected(expected, sizeof expected, k);
        text_addf(t, ".TP\n.B %s\n", k->name);
        roff(t, k->help);
        text_add(t, ": ");
        roff(t, expected);
        text_add(t, " [");
        roff(t, k->default_text);
        text_add(t, "]\n");
    }
}

char *manual_page(void)
{
    struct text t = {0};
    text_add(&t, head);
    add_pipelines(&t);
    text_add(&t,
             ".SH KEYS\nOf the workstation; \\fB?\\fR shows those of the current screen. "
             "On the kit screen the home row plays the slots.\n");
    add_keys(&t);
    add_commands(&t);
    text_add(&t, ".SH SETTINGS\n");
    add_settings(&t);
    text_add(&t, tail);
    return finish(&t);
}

/* --- completions --- */

static void add_names(struct text *t)
{
    for (int p = 0; p < PIPE_COUNT; p++)
        text_addf(t, "%s%s", p ? " " : "", pipeline_name((enum pipeline)p));
}

char *completions_bash(void)
{
    struct text t = {0};
    text_add(&t,
             "# bash completion for trowel; made from the tables by test_docs --write\n"
             "_trowel() {\n"
             "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
             "    local options pipelines='");
    add_names(&t);
    text_add(
        &t,
        "'\n"
        "    COMPREPLY=()\n"
        "    if [ \"${COMP_WORDS[1]}\" != --batch ] || [ \"$COMP_CWORD\" = 1 ]; then\n"
        "        case $cur in\n"
        "        -*) COMPREPLY=($(compgen -W '--batch --no-audio --help --version' -- "
        "\"$cur\")) ;;\n"
        "        *) COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
        "        esac\n"
        "        return\n"
        "    fi\n"
        "    if [ \"$COMP_CWORD\" = 2 ]; then\n"
        "        COMPREPLY=($(compgen -W \"$pipelines --help\" -- \"$cur\"))\n"
        "        return\n"
        "    fi\n"
        "    case ${prev//-/_} in\n"
        "    __*_dir | __*_root | __export | __project)\n"
        "        COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n"
        "    __source | __config | __decisions | __output)\n"
        "        COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
        "    esac\n"
        "    case ${COMP_WORDS[2]} in\n");
    for (int p = 0; p < PIPE_COUNT; p++) {
        struct option_info o;
        text_addf(&t, "    %s) options='", pipeline_name((enum pipeline)p));
        for (int i = 0; pipeline_option((enum pipeline)p, i, &o); i++)
            text_addf(&t, "%s--%s", i ? " " : "", o.name);
        text_add(&t, "' ;;\n");
    }
    text_add(&t, "    esac\n"
                 "    COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                 "}\n"
                 "complete -o filenames -F _trowel trowel\n");
    return finish(&t);
}

/* What stands between brackets of zsh's _arguments: brackets and quotes would end it. */
static void zsh_help(struct text *t, const char *s)
{
    static const char *const with[] = {"'\\''", "\\[", "\\]", "\\:"};
    text_replaced(t, s, "'[]:", with);
}

static const char *zsh_values(const struct option_info *o)
{
    if (strcmp(o->metavar, "DIR") == 0)
        return "_files -/";
    return strcmp(o->metavar, "FILE") == 0 ? "_files" : " ";
}

char *completions_zsh(void)
{
    struct text t = {0};
    text_add(&t, "#compdef trowel\n"
                 "# made from the tables by test_docs --write\n"
                 "local -a pipelines\npipelines=(\n");
    for (int p = 0; p < PIPE_COUNT; p++) {
        text_addf(&t, "  '%s:", pipeline_name((enum pipeline)p));
        zsh_help(&t, pipeline_help((enum pipeline)p));
        text_add(&t, "'\n");
    }
    text_add(&t, ")\n"
                 "if [[ $words[2] != --batch ]] || (( CURRENT == 2 )); then\n"
                 "  _arguments '--batch[a pipeline without a terminal]' "
                 "'--no-audio[no sound]' '--help' '--version' '*:folder:_files -/'\n"
                 "elif (( CURRENT == 3 )); then\n"
                 "  _describe pipeline pipelines\n"
                 "else\n"
                 "  local pipeline=$words[3]\n"
                 "  shift 2 words; (( CURRENT -= 2 ))\n"
                 "  case $pipeline in\n");
    for (int p = 0; p < PIPE_COUNT; p++) {
        struct option_info o;
        text_addf(&t, "  %s) _arguments", pipeline_name((enum pipeline)p));
        for (int i = 0; pipeline_option((enum pipeline)p, i, &o); i++) {
            text_addf(&t, " \\\n    '%s--%s[", strcmp(o.name, "set") == 0 ? "*" : "",
                      o.name);
            zsh_help(&t, o.help);
            text_add(&t, "]");
            if (!o.flag)
                text_addf(&t, ":%s:%s", o.metavar, zsh_values(&o));
            text_add(&t, "'");
        }
        text_add(&t, " ;;\n");
    }
    text_add(&t, "  esac\nfi\n");
    return finish(&t);
}

static void fish_help(struct text *t, const char *s)
{
    static const char *const with[] = {"\\'", "\\\\"};
    text_add(t, " -d '");
    text_replaced(t, s, "'\\", with);
    text_add(t, "'");
}

char *completions_fish(void)
{
    struct text t = {0};
    text_add(&t,
             "# fish completion for trowel; made from the tables by test_docs --write\n"
             "complete -c trowel -n 'not __fish_seen_argument -l batch' -l batch -d 'a "
             "pipeline without a terminal'\n"
             "complete -c trowel -n 'not __fish_seen_argument -l batch' -l no-audio -d "
             "'no sound'\n");
    for (int p = 0; p < PIPE_COUNT; p++) {
        struct option_info o;
        const char *name = pipeline_name((enum pipeline)p);
        text_addf(&t, "complete -c trowel -f -n '__fish_seen_argument -l batch' -a %s",
                  name);
        fish_help(&t, pipeline_help((enum pipeline)p));
        text_add(&t, "\n");
        for (int i = 0; pipeline_option((enum pipeline)p, i, &o); i++) {
            text_addf(&t,
                      "complete -c trowel -n '__fish_seen_subcommand_from %s' -l %s%s",
                      name, o.name, o.flag ? "" : " -r");
            fish_help(&t, o.help);
            text_add(&t, "\n");
        }
    }
    return finish(&t);
}
