/* trowel: picks a front end and hands over to it. */
#include "batch.h"
#include "batch_help.h"
#include "core/status.h"
#include "workstation.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A standard stream that was closed must not become the number of a file we write. */
static void occupy_standard_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Words that nobody could read were not said. */
static int said(void)
{
    if (fflush(stdout) == 0)
        return 0;
    perror("trowel: standard output cannot be written");
    return status_exit_code(ST_DISK);
}

int main(int argc, char *argv[])
{
    occupy_standard_streams();
    const char *first = argc > 1 ? argv[1] : "";
    if (strcmp(first, "--batch") == 0)
        return batch_main(argc - 2, argv + 2);
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
        help_program();
        return said();
    }
    if (strcmp(first, "--version") == 0) {
        printf("trowel %s\n", TROWEL_VERSION);
        return said();
    }
    return workstation_main(argc, argv);
}
