#include "batch_help.h"

#include <stdio.h>

void help_program(void)
{
    fputs(
        "trowel digs through recordings for pads, swells, clouds, hiss, drums and room\n"
        "tone, lets you hear and judge the finds, and exports a TR-8S kit.\n"
        "\n"
        "usage: trowel [PROJECT|FOLDER]          the workstation\n"
        "       trowel --batch PIPELINE …        the same without a terminal\n"
        "       trowel --no-audio …              without sound\n"
        "       trowel --help | --version\n"
        "\n"
        "trowel --batch --help lists the pipelines; ? in the workstation lists its "
        "keys.\n",
        stdout);
}

static void option_line(const struct option_info *o)
{
    char name[64];
    snprintf(name, sizeof name, "--%s%s%s", o->name, o->flag ? "" : " ", o->metavar);
    printf("  %-24s %s", name, o->help);
    if (o->initial[0])
        printf(" (%s)", o->initial);
    putchar('\n');
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
    puts("\nOptions of every pipeline (- and _ in names are the same):");
    options(PIPE_PROCESS, true);
    puts("\nExit status: 0 all done; 1 some sources failed; 2 wrong usage or config; 3 "
         "nothing\n"
         "found under --fail-on-empty; 4 the output exists and --force was not given; 5 "
         "the\n"
         "disk or a permission stopped the writing; 130 interrupted.\n"
         "\ntrowel --batch PIPELINE --help describes one.");
}

void help_pipeline(enum pipeline p)
{
    printf("usage: trowel --batch %s [options]\n\n%s\n\nOptions:\n", pipeline_name(p),
           pipeline_help(p));
    options(p, false);
    puts("\nOptions of every pipeline:");
    options(p, true);
}
