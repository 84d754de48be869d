#include "ui/signals.h"

#include "ui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* What the handlers may touch. Written while no handler is installed; the bytes of `undo`
 * before their number. */
static struct {
    int fd[2];
    struct termios before;
    char undo[256];
    volatile sig_atomic_t undo_bytes;
    struct sigaction old[NSIG];
} here = {.fd = {-1, -1}};

static const struct {
    int signal;
    char byte;
    unsigned bit;
} watched[] = {{SIGWINCH, 'w', TERM_RESIZED},  {SIGTSTP, 's', TERM_STOP},
               {SIGCONT, 'c', TERM_CONTINUED}, {SIGHUP, 'h', TERM_QUIT},
               {SIGTERM, 't', TERM_QUIT},      {SIGINT, 'i', TERM_QUIT}};
enum { WATCHED = sizeof watched / sizeof *watched };

#ifdef __SANITIZE_ADDRESS__ /* its own handlers say more */
#define CATCH_CRASHES 0
#else
#define CATCH_CRASHES 1
#endif

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
enum { CRASHES = sizeof crashes / sizeof *crashes };

static void on_watched(int number)
{
    int kept = errno;
    for (int i = 0; i < WATCHED; i++)
        if (watched[i].signal == number && write(here.fd[1], &watched[i].byte, 1) < 0)
            break; /* full: the loop has enough to do already */
    errno = kept;
}

static void on_crash(int number)
{
    if (write(STDOUT_FILENO, here.undo, (size_t)here.undo_bytes) >= 0)
        tcsetattr(STDIN_FILENO, TCSANOW, &here.before);
    signal(number, SIG_DFL);
    raise(number);
}

static void catch (int number, void (*handler)(int), int flags)
{
    struct sigaction a = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&a.sa_mask);
    sigaction(number, &a, &here.old[number]);
}

void signals_install(const struct termios *before)
{
    here.undo_bytes = 0;
    here.before = *before;
    if (here.fd[0] >= 0)
        signals_take(); /* meant for another terminal */
    else if (pipe(here.fd) == 0)
        for (int i = 0; i < 2; i++) {
            fcntl(here.fd[i], F_SETFL, O_NONBLOCK);
            fcntl(here.fd[i], F_SETFD, FD_CLOEXEC);
        }
    for (int i = 0; i < WATCHED; i++)
        catch (watched[i].signal, on_watched, SA_RESTART);
    catch (SIGPIPE, SIG_IGN, 0);
    for (int i = 0; i < CRASHES && CATCH_CRASHES; i++)
        catch (crashes[i], on_crash, (int)SA_RESETHAND);
}

void signals_set_undo(const char *undo)
{
    size_t n = strlen(undo) < sizeof here.undo ? strlen(undo) : sizeof here.undo - 1;
    memcpy(here.undo, undo, n);
    here.undo_bytes = (sig_atomic_t)n;
}

void signals_remove(void)
{
    for (int i = 0; i < WATCHED; i++)
        sigaction(watched[i].signal, &here.old[watched[i].signal], NULL);
    sigaction(SIGPIPE, &here.old[SIGPIPE], NULL);
    for (int i = 0; i < CRASHES && CATCH_CRASHES; i++)
        sigaction(crashes[i], &here.old[crashes[i]], NULL);
    /* The pipe stays: a handler may be at work in another thread yet, and without a
     * reader its byte would be SIGPIPE. */
}

int signals_fd(void)
{
    return here.fd[0];
}

unsigned signals_take(void)
{
    unsigned bits = 0;
    char bytes[64];
    for (ssize_t n; (n = read(here.fd[0], bytes, sizeof bytes)) > 0;)
        for (ssize_t k = 0; k < n; k++)
            for (int i = 0; i < WATCHED; i++)
                if (watched[i].byte == bytes[k])
                    bits |= watched[i].bit;
    return bits;
}

void signals_stop(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL}, ours;
    sigemptyset(&plain.sa_mask);
    sigaction(SIGTSTP, &plain, &ours);
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &ours, NULL);
}
