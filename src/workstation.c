#include "workstation.h"

#include "errands.h"

#include "audio/hush.h"
#include "audio/transport.h"
#include "core/pipelines.h"
#include "core/recordings.h"
#include "io/discover.h"
#include "known.h"
#include "settings.h"
#include "ui/term.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what to open --- */

/* Right in it: whoever only stands somewhere does not want all below it mined. `beside`:
 * samples were written among them, and they are there to be mined, all the same. */
static bool has_recordings(const char *folder, bool beside)
{
    struct source_list list;
    struct discover_options options = {.skip_projects = beside};
    bool any = discover(&list, folder, &options, NULL) == ST_OK &&
               (beside ? list.samples : list.count) > 0;
    source_list_done(&list);
    return any;
}

/* The project's own settings count, but the interface stays the user's. With others than
 * were written down it would be mined, exported and saved otherwise. */
static enum status take_settings(struct workstation *w, struct err *e)
{
    struct config own;
    enum status st = project_config(&w->project, &own, e);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    own.interface = w->cfg.interface;
    own.audio = w->cfg.audio;
    w->cfg = own;
    return ST_OK;
}

static enum status open_project(struct workstation *w, const char *folder, struct err *e)
{
    enum status st = project_open_folder(&w->project, folder, e);
    if (st == ST_OK)
        st = take_settings(w, e);
    if (st == ST_OK)
        recordings_folder(w->input_dir, w->cfg.paths.source_audio_dir, folder);
    return st;
}

/* Does the project of that name belong to other recordings, which are still there? Names
 * in it would mean sounds of either. */
static bool is_of_others(const struct workstation *w, const char *name, const char *full)
{
    char folder[PATH_BYTES], theirs[PATH_BYTES], real[PATH_BYTES];
    struct project p;
    struct config own;
    if (path_join(folder, sizeof folder, w->export_root, name, NULL) != ST_OK ||
        !known_project(folder) || project_open_folder(&p, folder, NULL) != ST_OK)
        return false;
    bool others = project_config(&p, &own, NULL) == ST_OK &&
                  recordings_folder(theirs, own.paths.source_audio_dir, folder) &&
                  realpath(theirs, real) && strcmp(real, full) != 0;
    project_done(&p);
    return others;
}

/* A folder of recordings becomes a project of its name below the export root; of two of
 * one name the second gets a number, and so does one with a name that none may have. */
static enum status open_recordings(struct workstation *w, const char *folder,
                                   struct err *e)
{
    char full[PATH_BYTES], name[STEM_BYTES], stem[STEM_BYTES];
    if (!realpath(folder, full))
        return err_set(e, ST_NOT_FOUND, "%s does not exist", folder);
    stem_of_file(name, full);
    memcpy(stem, name, sizeof stem);
    for (int n = 2;
         is_of_others(w, stem, full) || project_check_name(stem, NULL) != ST_OK; n++)
        stem_numbered(stem, name, n);
    snprintf(w->input_dir, sizeof w->input_dir, "%s", full);
    w->made_export_root = !path_is_folder(w->export_root);
    w->made_project = !path_has(w->export_root, stem);
    enum status st = project_open(&w->project, w->export_root, stem, e);
    if (st == ST_OK)
        st = take_settings(w, e);
    if (st != ST_OK)
        return st;
    snprintf(w->cfg.paths.source_audio_dir, sizeof w->cfg.paths.source_audio_dir,
             "%.1023s", full);
    return ST_OK;
}

/* Where no project is named: the last one, or the one chosen of several. */
static enum status known_or_here(struct workstation *w, char folder[PATH_BYTES],
                                 struct err *e)
{
    struct known *k = malloc(sizeof *k);
    enum status st = ST_OK;
    if (!k)
        return err_set(e, ST_NO_MEMORY, "no memory for a list of projects");
    known_read(k, w->user_dir);
    snprintf(folder, PATH_BYTES, "%s", k->count == 1 ? k->path[0] : ".");
    if (k->count > 1)
        st = known_ask(k, &w->cfg, w->theme_dirs, folder, e);
    free(k);
    return st;
}

/* What trowel wrote and is no project: a catalog of its own in it would be in the way of
 * who makes it anew. */
static enum status check_openable(const char *folder, enum folder_kind kind,
                                  struct err *e)
{
    switch (kind) {
    case FOLDER_KIT:
        return err_set(e, ST_USAGE,
                       "%s is a kit: listen to it in its report.html, or open the "
                       "project that it was made from",
                       folder);
    case FOLDER_BEST_OF:
        return err_set(e, ST_USAGE,
                       "%s is a best-of set: listen to it with trowel --batch report, or "
                       "open the project that it was chosen from",
                       folder);
    case FOLDER_FLAT:
        if (has_recordings(folder, true))
            return ST_OK;
        return err_set(e, ST_USAGE,
                       "%s holds samples of drums, silences, clouds or dust, not a "
                       "project: listen to them with trowel --batch report",
                       folder);
    default:
        return ST_OK;
    }
}

/* Without recordings, but with projects in it or its export folder: one of those is
 * meant. Only then is all of it looked through: a whole disk may be below. */
static enum status check_no_projects(const struct workstation *w, const char *folder,
                                     struct err *e)
{
    struct source_list list;
    struct discover_options options = {.recursive = true, .skip_projects = true};
    char exports[PATH_BYTES], first[PATH_BYTES], more[48] = "";
    int count = known_below(first, folder);
    if (count == 0 && w->export_root[0] != '/' &&
        path_join(exports, sizeof exports, folder, w->export_root, NULL) == ST_OK)
        count = known_below(first, exports);
    if (count == 0)
        return ST_OK;
    bool any = discover(&list, folder, &options, NULL) != ST_OK || list.count > 0;
    source_list_done(&list);
    if (any)
        return ST_OK;
    if (count > 1)
        snprintf(more, sizeof more, ", or one of %d more", count - 1);
    return err_set(e, ST_USAGE, "%s holds no recordings; open the project %s%s", folder,
                   first, more);
}

/* The one that is named, or the one stood in where there is something to open, else one
 * that is known. ST_CANCELLED when the user chose none. */
static enum status choose(struct workstation *w, const char *wish, struct err *e)
{
    char folder[PATH_BYTES] = ".";
    if (wish && !path_is_folder(wish))
        return err_set(e, ST_NOT_FOUND,
                       path_is_file(wish) ? "%s is a file; open the folder it lies in"
                                          : "there is no folder %s",
                       wish);
    if (wish)
        snprintf(folder, sizeof folder, "%s", wish);
    enum folder_kind kind = project_folder_kind(folder);
    enum status st = check_openable(folder, kind, e);
    if (!wish &&
        (st != ST_OK || (kind != FOLDER_PROJECT && !has_recordings(".", false)))) {
        st = known_or_here(w, folder, e);
        if (st == ST_OK && !folder[0])
            return ST_CANCELLED;
        if (st == ST_OK) {
            kind = project_folder_kind(folder);
            st = check_openable(folder, kind, e);
        }
    }
    if (st == ST_OK && kind != FOLDER_PROJECT)
        st = check_no_projects(w, folder, e);
    if (st != ST_OK)
        return st;
    return kind == FOLDER_PROJECT ? open_project(w, folder, e)
                                  : open_recordings(w, folder, e);
}

/* --- putting it together --- */

/* Themes: the user's, those beside the program (installed or in its build tree). */
static void find_themes(struct workstation *w)
{
    char exe[PATH_BYTES], own[PATH_BYTES];
    settings_program_folder(exe, sizeof exe);
    settings_user_file(own, sizeof own, "themes");
    snprintf(w->theme_dirs, sizeof w->theme_dirs,
             "%.2000s:%.2000s/../share/trowel/themes:%.2000s/../../themes:%s/themes", own,
             exe, exe, TROWEL_DATADIR);
}

static enum status open_parts(struct workstation *w, struct err *e)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct transport_options options = {.backend = w->no_audio ? TRANSPORT_NULL
                                                               : TRANSPORT_PORTAUDIO,
                                        .device = w->cfg.audio.device,
                                        .latency_ms = (int)w->cfg.audio.latency_ms,
                                        .match_lufs = w->cfg.audio.match_lufs};
    enum status st = session_open(&w->session, w->project.root.path, e);
    if (st == ST_CORRUPT)
        return err_set(e, st,
                       "the catalog is damaged; repair it with: trowel --batch index "
                       "--project %s",
                       w->project.root.path);
    if (st != ST_OK)
        return st;
    /* All cores may mine: the miners stand back for keys and sound. */
    st = jobs_new(&w->jobs, cores > 1 ? (int)cores : 1, &w->log, e);
    if (st == ST_OK) {
        jobs_stand_back(w->jobs);
        w->hush = hush_begin();
    }
    return st == ST_OK ? transport_new(&w->transport, &options, e) : st;
}

static void close_parts(struct workstation *w)
{
    jobs_free(w->jobs);
    transport_free(w->transport);
    hush_end(w->hush);
    bool empty = w->session && session_count(w->session) == 0 &&
                 catalog_event_count(session_catalog(w->session)) == 0;
    session_close(w->session);
    /* Looking into a folder leaves nothing behind. */
    if (empty && !path_has(w->project.root.path, "manifest.csv") &&
        !path_has(w->project.root.path, ".trowel")) {
        root_remove(&w->project.root, "catalog.db", NULL);
        if (!w->settings_stay)
            root_remove(&w->project.root, "config.effective.yaml", NULL);
        if (w->made_project)
            rmdir(w->project.root.path);
        if (w->made_export_root)
            rmdir(w->export_root);
    }
    project_done(&w->project);
}

/* What is unknown in the files is told by the first screen; with errors there is none. */
static enum status load_settings(struct workstation *w, struct err *e)
{
    enum status st = settings_load(&w->cfg, NULL, &w->log, NULL, 0, e);
    w->usual = w->cfg;
    if (st == ST_OK)
        st = settings_load_own(&w->cfg, &w->log, e);
    struct logbook_line *lines = calloc(LOGBOOK_LINES, sizeof *lines);
    size_t n = lines && st != ST_OK ? logbook_read(w->logbook, lines, LOGBOOK_LINES) : 0;
    for (size_t i = 0; i < n; i++)
        fprintf(stderr, "trowel: %s\n", lines[i].text);
    free(lines);
    return st;
}

static enum status run(struct workstation *w, const char *wish, struct err *e)
{
    enum status st = term_check(e); /* before a folder is made or a device opened */
    if (st == ST_OK)
        st = logbook_new(&w->logbook, e);
    if (st != ST_OK)
        return st;
    w->log = logbook_log(w->logbook);
    st = load_settings(w, e);
    if (st != ST_OK)
        return st;
    snprintf(w->export_root, sizeof w->export_root, "%s", w->cfg.paths.export_dir);
    find_themes(w);
    st = choose(w, wish, e);
    if (st != ST_OK)
        return st == ST_CANCELLED ? ST_OK : st;
    w->settings_stay = path_has(w->project.root.path, "config.effective.yaml");
    /* Beside the project, wherever it was opened from. */
    snprintf(w->kits_dir, sizeof w->kits_dir, "%.4000s/../kits", w->project.root.path);
    char parent[PATH_BYTES];
    if (realpath(w->project.root.path, parent)) {
        char *slash = strrchr(parent, '/');
        if (slash && slash != parent)
            *slash = '\0';
        snprintf(w->kits_dir, sizeof w->kits_dir, "%.4000s/kits", parent);
    }
    /* The screen catches it. What is saved once that is gone takes no second one: of a
     * terminal that is closed the shell passes one on, and then the kernel sends its own.
     */
    signal(SIGHUP, SIG_IGN);
    st = open_parts(w, e);
    if (st == ST_OK) {
        struct app_setup setup = {.session = w->session,
                                  .jobs = w->jobs,
                                  .transport = w->transport,
                                  .logbook = w->logbook,
                                  .config = &w->cfg,
                                  .input_dir = w->input_dir,
                                  .theme_dirs = w->theme_dirs,
                                  .user_dir = w->user_dir,
                                  .mine_at_start = w->input_dir[0] != '\0',
                                  .ops = errands_of(w)};
        st = app_run(&setup, e);
    }
    close_parts(w);
    return st;
}

/* A pipeline without the --batch before it, where no folder is called so: the line that
 * was meant is said, and true. */
static bool meant_batch(int argc, char *const argv[])
{
    char word[PATH_BYTES];
    int first = argc > 1 && strcmp(argv[1], "batch") == 0 ? 2 : 1;
    bool pipeline = argc > first && pipeline_find(argv[first]) >= 0;
    if (argc < 2 || (first == 1 && !pipeline) || path_is_folder(argv[1]))
        return false;
    fprintf(stderr, "trowel: %s is not a folder; did you mean trowel --batch", argv[1]);
    if (argc == first)
        fputs(" PIPELINE", stderr);
    for (int i = first; i < argc; i++) {
        text_word(word, sizeof word, argv[i]);
        err_tame(word);
        fprintf(stderr, " %s", word);
    }
    fputs("? (see trowel --batch --help)\n", stderr);
    return true;
}

/* What the words of the command line say; the exit status of a wrong one, or 0. */
static int read_words(int argc, char *const argv[], bool *no_audio, const char **wish)
{
    bool options = true;
    struct err wrong = {0};
    if (meant_batch(argc, argv))
        return 2;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool option = options && word[0] == '-' && word[1] != '\0';
        if (option && strcmp(word, "--") == 0) {
            options = false; /* "-tape" may be a folder */
        } else if (option &&
                   (strcmp(word, "--no-audio") == 0 || strcmp(word, "--no_audio") == 0)) {
            *no_audio = true;
        } else if (option) {
            err_set(&wrong, ST_USAGE,
                    "the workstation has no option %.200s (see trowel --help); pipeline "
                    "options come after --batch PIPELINE",
                    word);
        } else if (*wish) {
            err_set(&wrong, ST_USAGE,
                    "%.200s and %.200s: one project or folder at a time "
                    "(see trowel --help)",
                    *wish, word);
        } else {
            *wish = word;
        }
        if (wrong.code != ST_OK) {
            fprintf(stderr, "trowel: %s\n", wrong.msg);
            return 2;
        }
    }
    return 0;
}

int workstation_main(int argc, char *const argv[])
{
    const char *wish = NULL;
    bool no_audio = false;
    int wrong = read_words(argc, argv, &no_audio, &wish);
    struct workstation *w = wrong ? NULL : calloc(1, sizeof *w);
    if (!w)
        return wrong ? wrong : 1;
    w->no_audio = no_audio;
    w->project.root.fd = -1;
    settings_user_file(w->user_dir, sizeof w->user_dir, "");
    size_t n = strlen(w->user_dir);
    if (n > 0 && w->user_dir[n - 1] == '/')
        w->user_dir[n - 1] = '\0';
    struct err e = {0};
    enum status st = run(w, wish, &e);
    if (st != ST_OK && st != ST_CANCELLED)
        fprintf(stderr, "trowel: %s\n", e.msg[0] ? e.msg : status_text(st));
    logbook_free(w->logbook);
    free(w);
    return status_exit_code(st);
}
