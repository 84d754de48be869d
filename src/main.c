/* trowel: picks a front end and hands over to it. */
#include "batch.h"
#include "batch_help.h"
#include "core/status.h"
#include "workstation.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
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

/* Each worker keeps four dozen samples open until one flush brings them to the disk: with
 * many cores more than the usual limit. */
static void allow_many_files(void)
{
    enum { PLENTY = 65536 };
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= PLENTY)
        return;
    files.rlim_cur = files.rlim_max < PLENTY ? files.rlim_max : PLENTY;
    setrlimit(RLIMIT_NOFILE, &files);
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
    allow_many_files();
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
