#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

static atomic_bool flag;
static int pipe_fd[2] = {-1, -1};

static void handle(int signal_number)
{
    if (atomic_exchange(&flag, true)) {
        if (signal_number != SIGHUP) /* a closed terminal sends more than one */
            _exit(130);
        return;
    }
    if (pipe_fd[1] >= 0) {
        int kept = errno; /* of whatever call this came in between */
        char byte = 1;
        ssize_t n = write(pipe_fd[1], &byte, 1);
        (void)n;
        errno = kept;
    }
}

void interrupt_catch(void)
{
    if (pipe(pipe_fd) == 0) {
        for (int i = 0; i < 2; i++) {
            fcntl(pipe_fd[i], F_SETFD, FD_CLOEXEC);
            fcntl(pipe_fd[i], F_SETFL, O_NONBLOCK);
        }
    }
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL); /* nohup means it */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error like a full disk */
}

const atomic_bool *interrupt_flag(void)
{
    return &flag;
}

int interrupt_fd(void)
{
    return pipe_fd[0];
}
