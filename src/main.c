/* trowel: picks a front end and hands over to it. */
#include "batch.h"
#include "batch_help.h"
#include "workstation.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char *argv[])
{
    const char *first = argc > 1 ? argv[1] : "";
    if (strcmp(first, "--batch") == 0)
        return batch_main(argc - 2, argv + 2);
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
        help_program();
        return 0;
    }
    if (strcmp(first, "--version") == 0) {
        printf("trowel %s\n", TROWEL_VERSION);
        return 0;
    }
    return workstation_main(argc, argv);
}
