/* The command line: what completes, the screens it goes to, and what it says of arguments
 * that it cannot take. */
#include "checks.h"
#include "ui_rig.h"

/* Types `typed` after the key `opens` and Tab; the prompt then says `whole`. */
static void check_completed(const char *opens, const char *typed, const char *whole)
{
    ui_rig_keys(&rig, opens);
    ui_rig_type(&rig, typed);
    ui_rig_keys(&rig, "Tab");
    assert_string_equal(rig.app.prompt.text, whole);
    ui_rig_keys(&rig, "Esc");
}

static void words_complete(void **state)
{
    check_completed(":", "jo", "jobs");
    check_completed(":", "set audio.dev", "set audio.device=");
    check_completed(":", "set interface.advance=s", "set interface.advance=stay");
    check_completed(":", "theme cont", "theme contrast");
    check_completed(":", "filter !is:acc", "filter !is:accepted");
    check_completed(":", "tag cat:pads len", "tag cat:pads len>");
    check_completed("f", "cat:si", "cat:silences");
    check_completed("f", "tape | (class:sn", "tape | (class:snare");
    check_completed("T", "rat", "rating>=");
    check_completed(":", "device ", "device "); /* there is no sound here */
    check_completed(":", "best s", "best s");
    check_completed("/", "cat:si", "cat:si"); /* a name is searched, not a filter */
}

static void commands_go_to_screens(void **state)
{
    static const struct {
        const char *line;
        enum screen screen;
    } goes[] = {{"kit", SCREEN_KIT},
                {"jobs", SCREEN_JOBS},
                {"settings", SCREEN_SETTINGS},
                {"source", SCREEN_SOURCE},
                {"help", SCREEN_HELP}};
    for (size_t i = 0; i < sizeof goes / sizeof *goes; i++) {
        app_command(&rig.app, goes[i].line);
        assert_int_equal(rig.app.screen, goes[i].screen);
        ui_rig_keys(&rig, "Esc");
        assert_int_equal(rig.app.screen, SCREEN_LIBRARY);
    }
    app_command(&rig.app, "kit");
    app_command(&rig.app, "help"); /* about the screen it is called from */
    assert_true(ui_rig_shows(&rig, "keys of the kit screen"));
}

static void wrong_arguments_are_told(void **state)
{
    static const struct {
        const char *line, *said;
    } told[] = {
        {"goto x", "'x' is not a number"},
        {"goto 0", "there is no row 0; the first is 1"},
        {"goto nan", "'nan' is not a number"},
        {"tempo 5", "a tempo is 20 to 400 bpm, not 5"},
        {"sort loudest", "there is no order 'loudest'; Tab lists them"},
        {"sort similar", "s puts finds like the one under the cursor first"},
        {"source cellar", "there is no recording 'cellar'"},
        {"volume -3", "there is no sound in this session"},
        {"device", "there is no sound in this session"},
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        app_command(&rig.app, told[i].line);
        assert_true(ui_rig_said(&rig, told[i].said));
        assert_int_equal(rig.app.echo_role, ROLE_WARNING);
        assert_int_equal(rig.app.screen, SCREEN_LIBRARY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(words_complete, four_tapes),
        IN_RIG(commands_go_to_screens, four_tapes),
        IN_RIG(wrong_arguments_are_told, four_tapes),
    };
    return cmocka_run_group_tests_name("ui commands", tests, NULL, NULL);
}
