#include "settings.h"

#include "io/paths.h"
#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void settings_user_file(char *out, size_t size, const char *name)
{
    const char *config_home = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config_home && config_home[0] == '/')
        snprintf(out, size, "%s/trowel/%s", config_home, name);
    else if (home && home[0])
        snprintf(out, size, "%s/.config/trowel/%s", home, name);
    else
        out[0] = '\0';
}

void settings_program_folder(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
}

static void choose_file(char *out, size_t size, const struct request *r)
{
    if (r && r->text[OPT_CONFIG]) {
        snprintf(out, size, "%s", r->text[OPT_CONFIG]);
        return;
    }
    snprintf(out, size, "config.yaml");
    if (access(out, F_OK) == 0)
        return;
    settings_user_file(out, size, "config.yaml");
    if (out[0] && access(out, F_OK) == 0)
        return;
    char program[4000];
    settings_program_folder(program, sizeof program);
    snprintf(out, size, "%s/../share/trowel/config.yaml", program);
    if (program[0] && access(out, F_OK) == 0)
        return;
    snprintf(out, size, "%s/config.yaml", TROWEL_DATADIR);
    if (access(out, F_OK) != 0)
        out[0] = '\0';
}

/* A lone error is what the run ends with, and said there. */
static void tell_notes(const struct config_report *report, const struct log *log)
{
    for (int i = 0; i < report->count; i++)
        if (!report->notes[i].is_error || report->errors > 1)
            log_write(log, report->notes[i].is_error ? LOG_ERROR : LOG_WARNING, "%s",
                      report->notes[i].text);
}

static enum status apply_options(struct config *cfg, const struct request *r,
                                 struct err *e)
{
    enum status st = ST_OK;
    for (int i = 0; i < r->sets && st == ST_OK; i++)
        st = config_set(cfg, r->set[i], e);
    if (st == ST_OK && r->given[OPT_SEED]) {
        cfg->reproducibility.random_seed.set = true;
        cfg->reproducibility.random_seed.value = r->number[OPT_SEED];
    }
    if (st == ST_OK && r->given[OPT_NORM_DB])
        *(r->pipeline == PIPE_SILENCES ? &cfg->silence_miner.target_peak_dbfs
                                       : &cfg->global.target_peak_dbfs) =
            r->decibel[OPT_NORM_DB];
    return st;
}

/* No shell reads what stands in a config, or behind the = of --set: a folder called "~"
 * would be begun. */
static void paths_at_home(struct config *cfg)
{
    char *const folders[] = {cfg->paths.source_audio_dir, cfg->paths.pad_sources_dir,
                             cfg->paths.drums_dir, cfg->paths.export_dir};
    char written[sizeof cfg->paths.export_dir];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        memcpy(written, folders[i], sizeof written);
        path_from_home(folders[i], sizeof written, written);
    }
}

enum status settings_load(struct config *cfg, const struct request *request,
                          const struct log *log, char *used, size_t used_size,
                          struct err *e)
{
    char path[4096];
    choose_file(path, sizeof path, request);
    if (used)
        snprintf(used, used_size, "%s", path);
    enum status st = config_defaults(cfg, e);
    if (st == ST_OK && path[0]) {
        struct config_report report = {0};
        st = config_load(cfg, path, &report, e);
        tell_notes(&report, log);
        int errors = report.errors;
        config_report_done(&report);
        if (st == ST_NOT_FOUND)
            st = err_set(e, ST_CONFIG, "the config %s does not exist", path);
        else if (st == ST_CONFIG && errors > 1)
            st = err_set(e, ST_CONFIG, "%s has %d errors", path, errors);
        else if (st != ST_OK && st != ST_CONFIG)
            e->code = st = ST_CONFIG;
    }
    if (st == ST_OK && request)
        st = apply_options(cfg, request, e);
    paths_at_home(cfg);
    if (st == ST_OK)
        st = config_check(cfg, e);
    char doubt[320];
    if (st == ST_OK && config_doubt(cfg, doubt, sizeof doubt))
        log_write(log, LOG_WARNING, "%s", doubt);
    return st;
}

/* --- the workstation's own --- */

static const char own_file[] = "workstation.yaml";

enum status settings_load_own(struct config *cfg, const struct log *log, struct err *e)
{
    char path[4096];
    struct config_report report = {0};
    settings_user_file(path, sizeof path, own_file);
    if (!path[0] || access(path, F_OK) != 0)
        return ST_OK;
    enum status st = config_load(cfg, path, &report, e);
    tell_notes(&report, log);
    config_report_done(&report);
    return st == ST_OK ? config_check(cfg, e) : st;
}

static bool is_own(const char *name, const char *section)
{
    size_t n = strlen(section);
    return strncmp(name, section, n) == 0 && name[n] == '.';
}

enum status settings_save_own(const char *user_dir, const struct config *cfg,
                              const struct config *usual, struct err *e)
{
    static const char *const sections[] = {"audio", "interface"};
    struct text out = {0};
    struct root user;
    if (!user_dir[0])
        return ST_OK;
    for (int s = 0; s < 2; s++) {
        bool begun = false;
        for (int i = 0; i < config_key_count(); i++) {
            char value[CONFIG_VALUE_BYTES], was[sizeof value];
            const struct config_key *k = config_key(i);
            if (!is_own(k->name, sections[s]) ||
                !config_get(cfg, i, value, sizeof value) ||
                !config_get(usual, i, was, sizeof was) || strcmp(value, was) == 0)
                continue;
            if (!begun)
                text_addf(&out, "%s:\n", sections[s]);
            begun = true;
            text_addf(&out, "  %s: %s\n", k->key, value);
        }
    }
    enum status st = out.failed ? err_set(e, ST_NO_MEMORY, "no memory for the settings")
                                : root_open(&user, user_dir, true, e);
    if (st == ST_OK) {
        st = root_write_file(&user, own_file, out.at ? out.at : "", out.length, e);
        root_done(&user);
    }
    text_done(&out);
    return st;
}
