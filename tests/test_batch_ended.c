/* The batch mode killed, interrupted twice and forced: what is on the disk then, and what
 * the next run makes of it. */
#include "batch_rig.h"
#include "checks.h"
#include "core/process.h"
#include "nap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void killed_and_resumed_is_the_same(void **state)
{
    struct place *p = *state;
    char *argv[] = {TROWEL_BIN, "--batch",       "process", "--input-dir",
                    "in",       "--seed",        "7",       "--project-name",
                    "TREE",     "--export_root", "killed",  NULL};
    int kills = 0;
    RUN_WELL(p, "process", "--input-dir", "in", "--seed", "7", "--project-name", "TREE");
    for (double ms = 40; ms < 2000; ms *= 1.5) {
        pid_t pid = program_start(p->path, argv);
        nap_ms(ms);
        kill(pid, SIGKILL);
        kills += program_wait(pid) == 128 + SIGKILL;
    }
    assert_true(kills >= 2);
    struct outcome o;
    program_run(&o, p->path, argv);
    batch_rig_went_well(&o);
    assert_same_trees(p, "killed/TREE", "export/TREE", NULL);
    /* killed after the record but before the list of names went: the list goes, the files
     * it names stay */
    folder_write(p->path, "killed/TREE/.trowel/jam-tape.begun", "manifest.csv\n", 13);
    program_run(&o, p->path, argv);
    batch_rig_went_well(&o);
    assert_same_trees(p, "killed/TREE", "export/TREE", NULL);
}

/* A set of signals of the process: SigCgt those it catches, ShdPnd those that wait. */
static bool has_interrupt(pid_t pid, const char *set)
{
    char line[256];
    unsigned long long signals = 0;
    FREED const char *path = text_of("/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) && strncmp(line, set, strlen(set)) != 0)
        continue;
    assert_int_equal(sscanf(line, "%*s %llx", &signals), 1);
    fclose(f);
    return signals >> (SIGINT - 1) & 1;
}

/* Nobody reads what it has to say, so the first ^C cannot end it; the second does. */
static void second_interrupt_ends_at_once(void **state)
{
#ifdef __SANITIZE_THREAD__
    skip(); /* it holds signals back while a thread is in a call that waits */
#endif
    struct place *p = *state;
    char *argv[] = {TROWEL_BIN, "--batch",       "process", "--input-dir",
                    "tapes",    "--seed",        "7",       "--project-name",
                    "INT",      "--export_root", "int2",    NULL};
    int ends[2], status = 0;
    bool ended = false;
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], "full", 1) > 0)
        continue;
    fcntl(ends[1], F_SETFL, 0);
    pid_t pid = program_start_into(p->path, argv, ends[1]);
    for (int i = 0; i < 3000 && !has_interrupt(pid, "SigCgt"); i++)
        nap_ms(10);
    kill(pid, SIGINT);
    for (int i = 0; i < 3000 && has_interrupt(pid, "ShdPnd"); i++)
        nap_ms(10);
    nap_ms(500);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGINT);
    for (int i = 0; i < 1000 && !ended; i++, nap_ms(10))
        ended = waitpid(pid, &status, WNOHANG) == pid;
    if (!ended)
        kill(pid, SIGKILL);
    close(ends[0]);
    close(ends[1]);
    assert_true(ended && WIFEXITED(status) && WEXITSTATUS(status) == 130);
}

struct interruption {
    atomic_bool asked;
    int ticks_after;
};

static void interrupt_at_once(void *user, const struct news *news)
{
    struct interruption *i = user;
    if (news->kind != NEWS_TICK)
        return;
    i->ticks_after += atomic_load(&i->asked);
    atomic_store(&i->asked, true);
}

/* What is given up was not done: no bar grows by it. */
static void nothing_proceeds_once_interrupted(void **state)
{
    struct place *p = *state;
    char in[1024], out[1024];
    struct config cfg;
    struct err e = {0};
    struct interruption user = {0};
    struct reporter reporter = {interrupt_at_once, &user};
    struct process_result result;
    path_in(in, p, "in");
    path_in(out, p, "given-up");
    config_defaults(&cfg, NULL);
    struct process_input input = {.dir = in, .stages = 1u << STAGE_DRUMS};
    struct process_job job = {.cfg = &cfg,
                              .inputs = &input,
                              .input_count = 1,
                              .export_root = out,
                              .project_name = "P",
                              .jobs = 1,
                              .shard_index = 1,
                              .shard_count = 1,
                              .reporter = &reporter,
                              .interrupted = &user.asked,
                              .wake_fd = -1};
    assert_int_equal(process_run(&job, &result, &e), ST_CANCELLED);
    assert_true(result.done < result.sources);
    assert_int_equal(user.ticks_after, 0);
}

/* A terminal that is closed hangs up again and again: what is done goes on record. */
static void hang_ups_are_one_interrupt(void **state)
{
#ifdef __SANITIZE_THREAD__
    skip(); /* it may hold signals back until all is done */
#endif
    struct place *p = *state;
    char *argv[] = {TROWEL_BIN, "--batch",       "process", "--input-dir",
                    "tapes",    "--seed",        "7",       "--project-name",
                    "HUP",      "--export_root", "hup",     NULL};
    int status = 0;
    pid_t pid = program_start(p->path, argv);
    for (int i = 0; i < 3000 && !there(p, "hup/HUP/config.effective.yaml"); i++)
        nap_ms(5);
    for (int i = 0; i < 30000 && waitpid(pid, &status, WNOHANG) == 0; i++) {
        kill(pid, SIGHUP);
        nap_ms(1);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    assert_true(there(p, "hup/HUP/manifest.csv"));
    assert_true(there(p, "hup/HUP/catalog.db"));
}

static void force_keeps_what_is_not_ours(void **state)
{
    struct place *p = *state;
    char folder[1024];
    RUN_WELL(p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "FORCE",
             "--seed", "1", "--stages", "drums", "--quiet");
    path_in(folder, p, "export/FORCE/jam-tape/drums");
    folder_write(folder, "mine.txt", "precious", 8);
    char first[1024] = "";
    FREED char *listing = tree_hash(folder, NULL);
    sscanf(listing, "/%1000s", first);
    folder_write(folder, first, "edited by hand", 14);
    /* a kill may have left the list of what is complete: it takes nothing along */
    char project[1024], list[1100];
    path_in(project, p, "export/FORCE");
    int n = snprintf(list, sizeof list, "jam-tape/drums/%s\n", first);
    folder_write(project, ".trowel/jam-tape.begun", list, (size_t)n);
    RUN_SAYS(p, 0, err, "was changed since it was written and stays", "process",
             "--input-dir", "in/jam-tape.wav", "--project-name", "FORCE", "--seed", "2",
             "--stages", "drums", "--force");
    char path[FOLDER_BYTES], *content = file_read(folder_path(path, folder, first), NULL);
    assert_string_equal(content, "edited by hand");
    free(content);
    assert_true(there(p, "export/FORCE/jam-tape/drums/mine.txt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_and_resumed_is_the_same),
        cmocka_unit_test(second_interrupt_ends_at_once),
        cmocka_unit_test(nothing_proceeds_once_interrupted),
        cmocka_unit_test(hang_ups_are_one_interrupt),
        cmocka_unit_test(force_keeps_what_is_not_ours),
    };
    return cmocka_run_group_tests_name("batch ended", tests, batch_rig_setup,
                                       batch_rig_teardown);
}
