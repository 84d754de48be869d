/* core/kit_names: drum classes from the words of file names. */
#include "checks.h"

#include "core/kit_names.h"
#include "dsp/drum_class.h"

#define CLASS(id) (1u << DRUM_##id)

static const unsigned toms = CLASS(TOM_LOW) | CLASS(TOM_MID) | CLASS(TOM_HIGH);
static const unsigned hats = CLASS(HAT_CLOSED) | CLASS(HAT_OPEN);
static const unsigned cymbals = CLASS(CRASH) | CLASS(RIDE);

static void words_tell_the_class(void **state)
{
    const struct {
        const char *name;
        unsigned classes;
    } told[] = {
        {"bd_haus", CLASS(KICK)},
        {"TR808 Kick 3", CLASS(KICK)},
        {"jam_drum_012_hat_closed", CLASS(HAT_CLOSED)},
        {"808-OpenHat", CLASS(HAT_OPEN)},
        {"HiHatClosed-4", CLASS(HAT_CLOSED)},
        {"EE_Hat_Op_2", CLASS(HAT_OPEN)},
        {"808 open hat 3", CLASS(HAT_OPEN)},
        {"hat", hats},
        {"OH_Lo_12", CLASS(HAT_OPEN)},
        {"drum_tom_lo_soft", CLASS(TOM_LOW)},
        {"jam_drum_002_tom_high", CLASS(TOM_HIGH)},
        {"Tom", toms},
        {"TM_04", toms},
        {"drum_splash_hard", CLASS(CRASH)},
        {"RD2_05", CLASS(RIDE)},
        {"CrashRide18-1", cymbals},
        {"cymbal", cymbals},
        {"rimshot", CLASS(RIM)},
        {"stick_Woody", CLASS(RIM)},
        {"ride stick", CLASS(RIDE)},
        {"Conga 1", CLASS(PERC)},
        {"snare_and_kick", 0},
        {"sidekicks", 0},
        {"mehackit_robot2", 0},
        {"slow sd card", 0},
        {"hi there", 0},
        {"bride", 0},
        {"\xf0\x9f\xa5\x81", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        unsigned classes = kit_classes_in_name(told[i].name);
        if (classes != told[i].classes)
            fail_msg("%s: %x, not %x", told[i].name, classes, told[i].classes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_tell_the_class),
    };
    return cmocka_run_group_tests_name("kit_names", tests, NULL, NULL);
}
