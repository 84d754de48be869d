#include "batch_help.h"

#include <stdio.h>
#include <string.h>

void help_program(void)
{
    fputs(
        "trowel digs through recordings for pads, swells, clouds, hiss, drums and room\n"
        "tone, lets you hear and judge the finds, and exports a TR-8S kit.\n"
        "\n"
        "usage: trowel [--no-audio] [PROJECT|FOLDER]   the workstation\n"
        "       trowel --batch PIPELINE [options]      the same without a terminal\n"
        "       trowel --help | --version\n"
        "\n"
        "PROJECT is a folder that trowel made; a FOLDER of recordings becomes a project\n"
        "below ./export and is mined at once. Without either, trowel opens the current\n"
        "folder if it is a project or holds recordings, otherwise the project you had\n"
        "open before; if there were several, you choose.\n"
        "Recordings are only read, never changed.\n"
        "\n"
        "trowel --batch demo          makes demo recordings and mines them\n"
        "trowel --batch --help        lists the pipelines\n"
        "? in the workstation         lists its keys\n",
        stdout);
}

enum { COLUMN = 27, WIDTH = 79 };

/* Words from COLUMN on, broken before WIDTH; the cursor stands at COLUMN. */
static void wrapped(const char *text)
{
    for (int at = COLUMN; *text;) {
        int word = (int)strcspn(text, " ");
        if (at > COLUMN && at + 1 + word > WIDTH) {
            printf("\n%*s", COLUMN, "");
            at = COLUMN;
        } else if (at > COLUMN) {
            putchar(' ');
            at++;
        }
        printf("%.*s", word, text);
        at += word;
        text += word + (text[word] == ' ');
    }
    putchar('\n');
}

static void option_line(const struct option_info *o)
{
    char name[64], help[256];
    snprintf(name, sizeof name, "--%s%s%s", o->name, o->flag ? "" : " ", o->metavar);
    printf("  %-*s", COLUMN - 2, name);
    snprintf(help, sizeof help, "%s%s%s%s", o->help, o->initial[0] ? " (" : "",
             o->initial, o->initial[0] ? ")" : "");
    wrapped(help);
}

static void options(enum pipeline p, bool common)
{
    struct option_info o;
    for (int i = 0; pipeline_option(p, i, &o); i++)
        if (o.common == common)
            option_line(&o);
}

void help_batch(void)
{
    puts("usage: trowel --batch PIPELINE [options]\n\nPipelines:");
    for (int i = 0; i < PIPE_COUNT; i++)
        printf("  %-12s %s\n", pipeline_name((enum pipeline)i),
               pipeline_help((enum pipeline)i));
    puts("\nOptions of every pipeline (in names, - and _ are interchangeable):");
    options(PIPE_PROCESS, true);
    puts(
        "\nExit status:\n"
        "  0    all done\n"
        "  1    some sources failed, or there were none\n"
        "  2    wrong usage, an invalid config, or a name that leads out of the output\n"
        "  3    nothing found or picked\n"
        "  4    the output exists and --force was not given\n"
        "  5    the disk, a permission or another trowel prevented writing\n"
        "  130  interrupted; the same command continues\n"
        "\ntrowel --batch PIPELINE --help describes one. To do it all in one go:\n"
        "  trowel --batch all --input_dir ~/tapes --project_name TAPES --kit_name TAPES");
}

void help_pipeline(enum pipeline p)
{
    printf("usage: trowel --batch %s [options]\n\n%s\n", pipeline_name(p),
           pipeline_help(p));
    struct option_info first;
    if (pipeline_option(p, 0, &first) && !first.common) {
        puts("\nOptions:");
        options(p, false);
    }
    puts("\nOptions of every pipeline:");
    options(p, true);
}
