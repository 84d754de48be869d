/* core/kit_names: drum classes from the words of file names. */
#include "core/kit_names.h"
#include "dsp/drum_class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void words_tell_the_class(void **state)
{
    static const char *const told[][2] = {
        {"bd_haus", "kick"},
        {"TR808 Kick 3", "kick"},
        {"jam_drum_012_hat_closed", "hat_closed"},
        {"808-OpenHat", "hat_open"},
        {"HiHatClosed-4", "hat_closed"},
        {"808 open hat 3", "hat_open"},
        {"OH_Lo_12", "hat_open"},
        {"drum_tom_lo_soft", "tom_low"},
        {"jam_drum_002_tom_high", "tom_high"},
        {"Tom", "tom_mid"},
        {"drum_splash_hard", "crash"},
        {"rimshot", "rim"},
        {"snare_and_kick", NULL},
        {"sidekicks", NULL},
        {"mehackit_robot2", NULL},
        {"slow sd card", NULL},
        {"hi there", NULL},
        {"bride", NULL},
        {"\xf0\x9f\xa5\x81", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const char *class = kit_class_in_name(told[i][0]);
        if (!told[i][1])
            assert_null(class);
        else if (!class || strcmp(class, told[i][1]) != 0)
            fail_msg("%s: %s, not %s", told[i][0], class ? class : "none", told[i][1]);
    }
}

static void every_class_told_exists(void **state)
{
    static const char *const names[] = {"kick",     "snare",   "clap",     "rim",
                                        "tom low",  "tom mid", "tom high", "hat",
                                        "open hat", "crash",   "ride"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *class = kit_class_in_name(names[i]);
        bool known = false;
        assert_non_null(class);
        for (int k = 0; k < DRUM_CLASS_COUNT; k++)
            known = known || strcmp(drum_class_name((enum drum_class)k), class) == 0;
        assert_true(known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_tell_the_class),
        cmocka_unit_test(every_class_told_exists),
    };
    return cmocka_run_group_tests_name("kit_names", tests, NULL, NULL);
}
