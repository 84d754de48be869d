/* no_locks: stands for a disk that keeps no locks, such as some network mounts. Include
 * it in one file of a test only: it defines the fcntl that the program calls. */
#ifndef TROWEL_TESTS_NO_LOCKS_H
#define TROWEL_TESTS_NO_LOCKS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool nothing_locked;

int fcntl64(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (nothing_locked && (command == F_SETLK || command == F_GETLK)) {
        errno = ENOLCK;
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

#endif
