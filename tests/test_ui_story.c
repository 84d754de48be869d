/* A whole session with the real program: open a folder of recordings, mine, hear, accept,
 * reject, undo, look for similar ones, fill a kit, export it: a kit lies on the disk. */
#include "checks.h"
#include "folder.h"
#include "nap.h"
#include "pty.h"

#include "dsp/synth.h"
#include "io/paths.h"
#include "tone.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RATE = 44100, SECONDS = 10 };

static struct pty pty;
static const char *folder;

/* Four seconds of a held chord, then a drummer. */
static void write_recording(void)
{
    struct rng r = rng_derive(3, 0, "story", 0);
    OWN(audio) a = tone_frames((size_t)RATE * SECONDS, 1, RATE);
    struct synth_pad pad = {220, 0.12, 1500, 8, 0.5, 0.5};
    for (int i = 0; i < 3; i++) {
        static const double chord[] = {220, 261.63, 329.63};
        pad.freq_hz = chord[i];
        synth_pad(&pad, &r, a.data, (size_t)RATE * 5, RATE);
    }
    synth_noise(0.001, 50, 8000, &r, a.data, a.frames, RATE);
    for (int i = 0; i < 12; i++)
        synth_drum((enum synth_drum)(i % SYNTH_DRUM_COUNT), 0.7, 1, &r,
                   a.data + (size_t)(RATE * (5.2 + 0.38 * i)), (size_t)(RATE * 0.36),
                   RATE);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = a.data[i] > 0.98F ? 0.98F : a.data[i] < -0.98F ? -0.98F : a.data[i];
    folder_wav(folder, "tapes/evening.wav", &a, 16);
    /* few makers: the story is about the keys */
    static const char config[] =
        "drones: {pitch_shift_semitones: [0], pad_variants: [warm],\n"
        "         time_stretch_factors: [1], enable_reversal: false}\n"
        "clouds: {clouds_per_source: 1}\n"
        "hiss: {hiss_loops_per_source: 1, flicker_count: 1}\n";
    folder_write(folder, "config.yaml", config, sizeof config - 1);
}

static int trowel_in(const char *below, const char *what)
{
    char path[FOLDER_BYTES];
    if (chdir(folder_path(path, folder, below)) != 0)
        return 98;
    setenv("HOME", folder, 1);
    unsetenv("XDG_CONFIG_HOME");
    execl(TROWEL_BIN, "trowel", "--no-audio", what, (char *)NULL);
    return 99;
}

static int trowel(void *arg)
{
    return trowel_in("", arg);
}

static int trowel_in_bare(void *arg)
{
    return trowel_in("bare", arg);
}

static size_t files(const char *pattern)
{
    glob_t found;
    FREED const char *path = text_of("%s/%s", folder, pattern);
    size_t n = glob(path, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return n;
}

/* A session, from its first whole screen on. */
static void begin(char *what)
{
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, what);
    assert_true(pty_wait_for(&pty, "near misses", 20));
}

/* Look at the whole screen anew (only what changes is sent otherwise) until `answer` is
 * on it: ^L behind the keys clears the screen when they are done. */
static bool shows(const char *keys, const char *answer, int looks)
{
    static const char clear[] = "\033[H\033[2J", again[] = "\x0c";
    pty_forget(&pty);
    pty_send(&pty, keys);
    for (int i = 0; i < looks; i++) {
        pty_send(&pty, again);
        if (!pty_wait_for(&pty, clear, 10))
            return false;
        const char *frame = strstr(pty.text, clear);
        pty.used -= (size_t)(frame - pty.text);
        memmove(pty.text, frame, pty.used + 1);
        /* a busy machine may need longer to draw it */
        if (pty_wait_for(&pty, answer, 0.1 * (1 + i / 10)))
            return true;
        pty_forget(&pty);
    }
    return false;
}

static void type(const char *keys, const char *answer)
{
    if (shows(keys, answer, 100))
        return;
    kill(pty.pid, SIGKILL);
    pty_end(&pty, 1);
    fail_msg("typed %s, but '%s' did not come", keys, answer);
}

/* On the jobs screen: wait until no job runs or waits, not even one that does not count;
 * the whole screen then stands in pty.text. Twice in a row: what ended just now may ask
 * for more. */
static void wait_for_jobs(void)
{
    static const char none[] = "jobs   0 running or waiting";
    int idle = 0;
    for (int i = 0; i < 3000 && idle < 2; i++) { /* minutes under sanitizers */
        if (!shows("", none, 1) || !pty_wait_for(&pty, "help", 10)) {
            idle = 0;
            continue;
        }
        const char *rest = strstr(pty.text, none) + strlen(none);
        bool now = !strstr(rest, "running") && !strstr(rest, "waiting");
        idle = now ? idle + 1 : 0;
        if (!now)
            pty_settle(&pty, 0.02);
    }
    assert_int_equal(idle, 2);
}

static void leave(void)
{
    pty_forget(&pty);
    pty_send(&pty, "Q");
    assert_int_equal(pty_end(&pty, 30), 0);
    assert_non_null(strstr(pty.text, "\033[?1049l"));
}

static void from_tape_to_kit(void **state)
{
    begin("tapes");
    /* candidates appear while it is mining; the jobs screen says when it is over */
    type("w", "evening");
    wait_for_jobs();
    type("q", "near misses");
    type("f", "filter");
    type("cat:drums\r", "cat:drums");
    type(" ", "once"); /* a hit does not loop */
    type("a", "accepted");
    type("x", "rejected");
    type("u", "undone");
    type("s", "most like");
    type("S", "by score");
    type("F", "no filter");
    type(":filter !cat:drums\r", "filter !cat:drums");
    type("\"e", "into the kit"); /* an extra, neither accepted nor on a slot */
    type("F", "no filter");
    type("K", "next best");
    type("F", "filled the kit");
    type(":kit NIGHTBUS\r", "NIGHTBUS");
    type("E", "Enter writes it");
    assert_int_equal(files("export/kits/*"), 0); /* a dry run writes nothing */
    type("\r", "wrote"); /* and what to do with it, on the smallest screen, too */
    pty_forget(&pty);
    pty_resize(&pty, 24, 80);
    assert_true(pty_wait_for(&pty, "Copy the folder ROLAND", 5));
    assert_true(pty_wait_for(&pty, "Listen to it in a browser", 5));
    leave();
    assert_int_equal(files("export/kits/NIGHTBUS/ROLAND/TR-8S/SAMPLE/NIGHTBUS/BD_*"), 1);
    assert_true(files("export/kits/NIGHTBUS/ROLAND/TR-8S/SAMPLE/NIGHTBUS/*") >= 5);
    assert_int_equal(
        files("export/kits/NIGHTBUS/ROLAND/TR-8S/SAMPLE/NIGHTBUS/[A-Z][A-Z][A-Z]01*"), 1);
    assert_int_equal(files("export/kits/NIGHTBUS/ASSIGN.txt"), 1);
    assert_int_equal(files("export/kits/NIGHTBUS/report.html"), 1);
    assert_int_equal(files("export/tapes/catalog.db"), 1);
}

static void run(const char *what)
{
    FREED const char *command = text_of("cd '%s' && %s", folder, what);
    assert_int_equal(system(command), 0);
}

/* A sample that is longer than the machine takes, and nothing else: no empty kit is
 * offered, and none replaces what lies there. */
static void what_fits_nowhere_is_not_written(void **state)
{
    run("export HOME=. && \"" TROWEL_BIN "\" --batch process --input_dir tapes "
        "--project_name LONG --stages clouds --set clouds.cloud_duration_sec=185 --seed "
        "1 "
        "--quiet && touch before");
    begin("export/LONG");
    type(":filter cat:clouds\r", "cloud_");
    type("a", "accepted cloud_");
    type(":kit NIGHTBUS\r", "kit named NIGHTBUS");
    type("E", "no sample of this kit fits the machine: there is nothing to write");
    assert_true(shows("", "at most 180 s", 20)); /* and why */
    assert_true(shows("", " q closes ", 20));
    type("\r", "near misses"); /* writes nothing */
    leave();
    run("test -z \"$(find export/kits -newer before)\" && rm -r export/LONG before");
}

/* The decision of the first session is there in the next one. */
static void the_next_session_remembers(void **state)
{
    begin("export/tapes");
    type("fis:accepted\r", "is:accepted");
    type("K", "NIGHTBUS");
    type("E", "The kit already there is replaced"); /* at the top, before Enter */
    type("q", "next best");
    leave();
}

/* What was accepted comes out as plain files, and with a number the best beside it. A set
 * that is there is not replaced unasked. */
static void the_set_is_written_from_here(void **state)
{
    begin("export/tapes");
    type(":curate\r", "1 sample is in ");
    assert_int_equal(files("export/tapes/best_of/*/*.wav"), 1);
    assert_int_equal(files("export/tapes/best_of/drums/*.wav"), 1);
    assert_int_equal(files("export/tapes/best_of/manifest.csv"), 1);
    leave();
    begin("export/tapes");
    type(":curate 2\r", "replace the best-of set of 1 sample?");
    type("n", "near misses");
    assert_int_equal(files("export/tapes/best_of/*/*.wav"), 1);
    type(":curate 2\r", "replace the best-of set of 1 sample?");
    type("y", "of them new");
    size_t all = files("export/tapes/best_of/*/*.wav");
    assert_in_range(all, 4, 12);
    assert_int_equal(files("export/tapes/best_of/drums/*.wav"), 2);
    leave();
    begin("export/tapes");
    type(":curate\r", "replace the best-of set of");
    type("y", "0 of them new");
    assert_int_equal(files("export/tapes/best_of/*/*.wav"), 1);
    run("mv export/tapes/evening/drums away");
    type(":curate\r", "replace the best-of set of");
    type("y", "missing");
    assert_non_null(strstr(pty.text, "0 samples are in "));
    run("mv away export/tapes/evening/drums");
    leave();
    run("rm -r export/tapes/best_of");
}

/* Without a folder: the one project there was, and the choice once there are two. */
static void without_a_folder_it_asks(void **state)
{
    char command[7 * FOLDER_BYTES];
    begin(NULL);
    leave();
    snprintf(command, sizeof command,
             "cp -a %s/export/tapes %s/other && "
             "echo %s/gone >> %s/.config/trowel/projects && "
             "echo %s/other >> %s/.config/trowel/projects",
             folder, folder, folder, folder, folder, folder);
    assert_int_equal(system(command), 0);
    pty_start(&pty, "xterm-256color", "C.UTF-8", 24, 80, trowel, NULL);
    assert_true(pty_wait_for(&pty, "which project?", 20));
    assert_true(pty_wait_for(&pty, "the current folder", 5));
    assert_null(strstr(pty.text, "/gone"));
    type("\x1a",
         "which project?"); /* given back and taken again, as nobody else is here */
    type("j", "the current folder");
    type("\r", "near misses");
    leave();
    assert_int_equal(files("other/catalog.db"), 1);
    pty_start(&pty, "xterm-256color", "C.UTF-8", 24, 80, trowel, NULL);
    assert_true(pty_wait_for(&pty, "1 other", 20)); /* newest first now */
    pty_send(&pty, "q");
    assert_int_equal(pty_end(&pty, 30), 0);
}

/* Open the project and wait until nothing is mined any more; the jobs screen stays. */
static void open_and_wait(void)
{
    begin("export/tapes");
    type("w", "look for recordings");
    wait_for_jobs();
}

/* What is saved of sound and screen is the user's: it holds at the next start and in
 * other projects, and the question at the end saves it, too. */
static void saved_settings_hold(void **state)
{
    open_and_wait();
    type(":theme day\r", ":save keeps it");
    type("Q", "Save them?");
    pty_send(&pty, "y");
    assert_int_equal(pty_end(&pty, 30), 0);
    run("printf 'interface:\\n  theme: day\\n' | "
        "cmp - .config/trowel/workstation.yaml");
    open_and_wait();
    type(":theme\r", "theme day");
    type(":theme dusk\r", ":save keeps it");
    type(":save\r", "settings saved");
    leave();
    run("test ! -s .config/trowel/workstation.yaml");
}

/* A key of the config that is none is told when the first screen stands, and by the log;
 * of a config with errors every one is told instead of a screen. */
static void what_is_wrong_with_a_config_is_told(void **state)
{
    run("mv config.yaml kept.yaml && mkdir -p .config/trowel && "
        "printf 'pad_miner: {min_rms_dbb: -50}\\n' > .config/trowel/config.yaml");
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 200, trowel, "export/tapes");
    assert_true(pty_wait_for(
        &pty, "config.yaml:1: unknown key pad_miner.min_rms_dbb is ignored", 20));
    assert_null(strstr(pty.text, "trowel/config.yaml:1")); /* not the way there */
    type("w", "did you mean pad_miner.min_rms_db?");
    leave();
    run("printf 'pad_miner: {min_rms_db: 50, max_rms_db: loud}\\n' > "
        ".config/trowel/config.yaml");
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "export/tapes");
    assert_int_equal(pty_end(&pty, 30), 2);
    assert_non_null(strstr(pty.text, "pad_miner.min_rms_db is 50; expected"));
    assert_non_null(strstr(pty.text, "pad_miner.max_rms_db is loud; expected"));
    assert_non_null(strstr(pty.text, "has 2 errors"));
    run("rm .config/trowel/config.yaml && mv kept.yaml config.yaml");
}

/* What failed is tried again when its file is another one, or when somebody asks. */
static void what_failed_is_not_tried_at_every_start(void **state)
{
    run("echo no sound > tapes/noise.wav");
    open_and_wait();
    assert_non_null(strstr(pty.text, "mine noise"));
    assert_non_null(strstr(pty.text, "failed"));
    leave();
    open_and_wait();
    assert_null(strstr(pty.text, "mine noise"));
    type("m", "mine noise");
    wait_for_jobs();
    leave();
    run("cp tapes/evening.wav tapes/noise.wav");
    open_and_wait();
    assert_non_null(strstr(pty.text, "mine noise"));
    assert_null(strstr(pty.text, "mine evening"));
    type(":mine nothing\r", "there is no recording nothing");
    leave();
    assert_true(files("export/tapes/noise/drums/*.wav") > 0);
}

static void mining_all_again_asks(void **state)
{
    open_and_wait();
    type(":mine all\r", "again? Decisions stay");
    pty_send(&pty, "n");
    wait_for_jobs();
    assert_null(strstr(pty.text, "mine evening"));
    leave();
}

/* A batch run on the project that is open: its finds come up by themselves. */
static void what_a_batch_run_finds_comes_up(void **state)
{
    open_and_wait();
    type("q", "near misses");
    pty_forget(&pty);
    run("cp tapes/evening.wav tapes/late.wav && export HOME=. && \"" TROWEL_BIN "\""
        " --batch process --input_dir tapes --project_name tapes --recursive --quiet");
    assert_true(pty_wait_for(&pty, "\033[", 5)); /* nobody typed */
    type("", "3 sources");
    type(":filter src:late\r", "late_d"); /* among the drums, as before */
    type("a", "accepted late_d");
    leave();
}

/* A terminal that is closed: the shell passes its hang-up on, the kernel sends one, too.
 * All that a session saves at its end is saved, and nothing half lies about. */
static void a_closed_terminal_leaves_nothing_half(void **state)
{
    for (int i = 0; i < 4; i++) {
        int status = 0;
        open_and_wait();
        FREED const char *line = text_of(":note hung up %d\r", i);
        type(line, "noted ");
        for (int n = 0; n < 2000 && waitpid(pty.pid, &status, WNOHANG) == 0; n++) {
            kill(pty.pid, SIGHUP);
            nap_ms(1);
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 130);
        close(pty.fd);
        FREED const char *kept =
            text_of("grep -q 'hung up %d' .config/trowel/history", i);
        run(kept);
        run("test -z \"$(find .config/trowel -name '.trowel-*')\"");
    }
}

/* A session that was killed before it joined: the next one makes up for it. */
static void joining_is_made_up_for(void **state)
{
    run("rm export/tapes/manifest.csv");
    open_and_wait();
    assert_non_null(strstr(pty.text, "manifest and stacks"));
    leave();
    assert_int_equal(files("export/tapes/manifest.csv"), 1);
    open_and_wait();
    assert_null(strstr(pty.text, "manifest and stacks"));
    leave();
    /* or one whose catalog was not copied along: the finds are there, and nothing to mine
     */
    run("rm export/tapes/catalog.db && touch export/tapes/manifest.csv");
    open_and_wait();
    assert_null(strstr(pty.text, "mined already"));
    type("q:filter src:evening\r", "evening_");
    leave();
}

/* Nor is a best-of set: what is decided about it is decided in its project. */
static void a_best_of_set_is_not_opened(void **state)
{
    static const char rows[] = "filename,source,type\r\nhit.wav,evening,drum\r\n";
    FREED const char *path = text_of("%s/picks/drums", folder);
    assert_int_equal(path_mkdirs(path, NULL), ST_OK);
    folder_write(folder, "picks/drums/hit.wav", "", 0);
    folder_write(folder, "picks/manifest.csv", rows, sizeof rows - 1);
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "picks");
    assert_int_equal(pty_end(&pty, 30), 2);
    assert_non_null(strstr(pty.text, "picks is a best-of set"));
    assert_int_equal(files("picks/catalog.db"), 0);
}

static void what_is_no_folder_is_told(void **state)
{
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "picks/drums/hit.wav");
    assert_int_equal(pty_end(&pty, 30), 1);
    assert_non_null(strstr(pty.text, "hit.wav is a file; open the folder it lies in"));
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "picks/nowhere");
    assert_int_equal(pty_end(&pty, 30), 1);
    assert_non_null(strstr(pty.text, "there is no folder picks/nowhere"));
}

/* The demo goes where the recordings are, and is not begun where that is nowhere. */
static void without_recordings_there_is_no_place_for_the_demo(void **state)
{
    run("mv tapes away");
    begin("export/tapes");
    type(":demo\r", "recordings to yours");
    type("y", "no recordings at ");
    type("w", "0 running or waiting");
    assert_null(strstr(pty.text, "demo recordings"));
    type(":set paths.source_audio_dir=.\r", "the recordings are in .;");
    type("Q", "Save them?");
    pty_send(&pty, "n");
    assert_int_equal(pty_end(&pty, 30), 0);
    run("mv away tapes");
}

/* The demo's recordings are mined beside one's own; a report shows all of it. */
static void the_demo_and_a_report_are_made_from_here(void **state)
{
    run("mkdir played && cp tapes/evening.wav played");
    begin("played");
    type("w", "evening");
    wait_for_jobs();
    type(":report\r", "a browser shows");
    assert_int_equal(files("export/played/report.html"), 1);
    type(":demo\r", "add 8 demo recordings to yours?");
    assert_true(shows("y", "mine night-pads", 600));
    assert_int_equal(files("played/*.wav"), 1 + 8);
    pty_forget(&pty);
    pty_send(&pty, "Q");
    if (!pty_wait_for(&pty, "\033[?1049l", 1)) /* it asks whether to stop mining */
        pty_send(&pty, "y");
    assert_int_equal(pty_end(&pty, 60), 0);
    run("rm -r played export/played");
}

/* As a shell does it: a job in the foreground that stops gives the terminal back, and is
 * brought to the foreground again. */
static int trowel_under_a_shell(void *arg)
{
    int status = 0;
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        return trowel(arg);
    }
    signal(SIGTTOU, SIG_IGN);
    setpgid(job, job);
    tcsetpgrp(0, job);
    waitpid(job, &status, WUNTRACED);
    if (!WIFSTOPPED(status))
        return 97;
    tcsetpgrp(0, getpgrp());
    printf("the shell again\r\n");
    fflush(stdout);
    tcsetpgrp(0, job);
    kill(-job, SIGCONT);
    waitpid(job, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 96;
}

static void what_was_stopped_comes_back(void **state)
{
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel_under_a_shell, "tapes");
    assert_true(pty_wait_for(&pty, "near misses", 20));
    pty_forget(&pty);
    pty_send(&pty, "\x1a");
    assert_true(pty_wait_for(&pty, "the shell again", 20));
    const char *left = strstr(pty.text, "\033[?1049l");
    assert_true(left && left < strstr(pty.text, "the shell again"));
    assert_true(pty_wait_for(&pty, "\033[?1049h", 20)); /* all of it is drawn anew */
    assert_true(pty_wait_for(&pty, "near misses", 20));
    type("w", "jobs   ");
    leave();
}

/* Whoever wrote in the settings by hand is told, and nothing is done with others. */
static void damaged_settings_are_told(void **state)
{
    run("cd export/tapes && cp config.effective.yaml ../../kept && "
        "sed -i 's/^  min_rms_db: .*/  min_rms_db: banana/' config.effective.yaml");
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "export/tapes");
    assert_int_equal(pty_end(&pty, 30), 2);
    assert_non_null(strstr(pty.text, "config.effective.yaml"));
    assert_non_null(strstr(pty.text, "banana"));
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "tapes");
    assert_int_equal(pty_end(&pty, 30), 2);
    assert_non_null(strstr(pty.text, "banana"));
    run("mv kept export/tapes/config.effective.yaml");
}

/* Samples alone are not mined; recordings that they were written beside are. */
static void samples_among_recordings_are_no_obstacle(void **state)
{
    run("mkdir beside && cp tapes/evening.wav beside && \"" TROWEL_BIN "\""
        " --batch drums --source beside/evening.wav --export beside --seed 1 --quiet && "
        "cp -r beside alone && rm alone/evening.wav");
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "alone");
    assert_int_equal(pty_end(&pty, 30), 2);
    assert_non_null(strstr(pty.text, "alone holds samples of drums"));
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "beside");
    assert_true(pty_wait_for(&pty, "mined 1 recording", 60));
    leave();
    assert_int_equal(files("export/beside/*/drums"), 1);
    run("rm -r beside alone export/beside");
}

/* A kit is no project: nothing is begun in it. */
static void a_kit_is_not_opened(void **state)
{
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "export/kits/NIGHTBUS");
    assert_int_equal(pty_end(&pty, 30), 2);
    assert_non_null(strstr(pty.text, "export/kits/NIGHTBUS is a kit"));
    assert_int_equal(files("export/kits/NIGHTBUS/catalog.db"), 0);
}

/* Nor is the folder that recordings were taken from, when only their project is left. */
static void a_folder_above_a_project_names_it(void **state)
{
    run("mkdir -p gone && cp -r export gone");
    static char *const wish[] = {"gone", "gone/export"};
    for (int i = 0; i < 2; i++) {
        pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, wish[i]);
        assert_int_equal(pty_end(&pty, 30), 2);
        assert_non_null(strstr(pty.text, "holds no recordings; open the project"));
        assert_non_null(strstr(pty.text, "gone/export/tapes"));
    }
    assert_int_equal(files("export/gone"), 0);
    run("rm -r gone");
}

/* A musician's own kits are recordings, too; their project lies beside the kits made. */
static void a_folder_called_kits_is_a_project(void **state)
{
    run("mkdir kits && cp tapes/evening.wav kits/jam.wav");
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "kits");
    assert_true(pty_wait_for(&pty, "KITS_2", 20) || strstr(pty.text, "kits_2"));
    leave();
    run("rm -r kits export/kits_2");
}

/* Another folder of the same name is another project: its evening.wav is another one. */
static void folders_of_one_name_do_not_mix(void **state)
{
    run("mkdir -p year && cp -r tapes year/tapes && cp tapes/evening.wav "
        "year/tapes/b.wav");
    run("sed -i 's/,evening/,morning/g' export/kits/NIGHTBUS/manifest.csv");
    size_t before = files("export/tapes/*/drums/*.wav");
    for (int i = 0; i < 2; i++) { /* and it is found again */
        pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "year/tapes");
        assert_true(pty_wait_for(&pty, "tapes_2", 20));
        assert_true(pty_wait_for(&pty, "near misses", 20));
        type("w", "look for recordings");
        wait_for_jobs();
        type(":kit NIGHTBUS\r", "kit named NIGHTBUS"); /* the other project's */
        type("E", "The kit already there, made from other finds, is replaced");
        leave();
        assert_true(files("export/tapes_2/evening/drums/*.wav") > 0);
        assert_true(files("export/tapes_2/b/drums/*.wav") > 0);
        assert_int_equal(files("export/*/catalog.db"), 2);
        assert_int_equal(files("export/tapes/*/drums/*.wav"), before);
    }
    /* recordings that were moved keep their project */
    run("mkdir decade && mv year/tapes decade/tapes");
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel, "decade/tapes");
    assert_true(pty_wait_for(&pty, "tapes_2", 20));
    leave();
    begin("tapes");
    type("w", "look for recordings");
    assert_null(strstr(pty.text, "tapes_2"));
    wait_for_jobs();
    leave();
    assert_int_equal(files("export/*/catalog.db"), 2);
}

/* Looking into a folder leaves nothing behind, and takes nothing away. */
static void folders_that_were_there_stay(void **state)
{
    run("mkdir -p bare/export bare/mute");
    for (int i = 0; i < 2; i++) {
        pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel_in_bare, "mute");
        assert_true(pty_wait_for(&pty, "near misses", 20));
        leave();
        assert_int_equal(files("bare/export"), i == 0);
        assert_int_equal(files("bare/export/*"), 0);
        run("rm -rf bare/export");
    }
    run("mkdir -p bare/export/mute");
    pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel_in_bare, "mute");
    assert_true(pty_wait_for(&pty, "near misses", 20));
    leave();
    assert_int_equal(files("bare/export/mute"), 1);
    assert_int_equal(files("bare/export/mute/*"), 0);
    run("rm -r bare");
}

/* Settings that were saved are something, though not one find is: they stay, also when
 * the next one only looks. */
static void saved_settings_stay_without_finds(void **state)
{
    run("mkdir -p bare/mute");
    for (int i = 0; i < 2; i++) {
        pty_start(&pty, "xterm-256color", "C.UTF-8", 40, 140, trowel_in_bare, "mute");
        assert_true(pty_wait_for(&pty, "near misses", 20));
        if (i == 0) {
            type(":set drum_miner.min_peak_db=-41\r", "min_peak_db");
            type(":save\r", "settings saved");
        }
        leave();
        run("grep -q 'min_peak_db: -41' bare/export/mute/config.effective.yaml");
        assert_int_equal(files("bare/export/mute/*"), 1);
    }
    run("rm -r bare");
}

static int set_up(void **state)
{
    folder_setup(state);
    folder = *state;
    write_recording();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_tape_to_kit),
        cmocka_unit_test(what_fits_nowhere_is_not_written),
        cmocka_unit_test(the_next_session_remembers),
        cmocka_unit_test(the_set_is_written_from_here),
        cmocka_unit_test(a_kit_is_not_opened),
        cmocka_unit_test(a_folder_above_a_project_names_it),
        cmocka_unit_test(a_best_of_set_is_not_opened),
        cmocka_unit_test(what_is_no_folder_is_told),
        cmocka_unit_test(what_failed_is_not_tried_at_every_start),
        cmocka_unit_test(mining_all_again_asks),
        cmocka_unit_test(what_a_batch_run_finds_comes_up),
        cmocka_unit_test(a_closed_terminal_leaves_nothing_half),
        cmocka_unit_test(joining_is_made_up_for),
        cmocka_unit_test(saved_settings_hold),
        cmocka_unit_test(what_is_wrong_with_a_config_is_told),
        cmocka_unit_test(without_a_folder_it_asks),
        cmocka_unit_test(a_folder_called_kits_is_a_project),
        cmocka_unit_test(folders_of_one_name_do_not_mix),
        cmocka_unit_test(without_recordings_there_is_no_place_for_the_demo),
        cmocka_unit_test(the_demo_and_a_report_are_made_from_here),
        cmocka_unit_test(what_was_stopped_comes_back),
        cmocka_unit_test(damaged_settings_are_told),
        cmocka_unit_test(samples_among_recordings_are_no_obstacle),
        cmocka_unit_test(folders_that_were_there_stay),
        cmocka_unit_test(saved_settings_stay_without_finds),
    };
    return cmocka_run_group_tests_name("ui story", tests, set_up, folder_teardown);
}
