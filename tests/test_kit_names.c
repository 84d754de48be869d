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
        {"Acoustic Bass Drum", CLASS(KICK)},
        {"CowBell", CLASS(PERC)},
        {"Low-Mid Tom", CLASS(TOM_LOW) | CLASS(TOM_MID)},
        {"closehihat3", CLASS(HAT_CLOSED)},
        {"openhats", CLASS(HAT_OPEN)},
        {"SNAREDRUM", CLASS(SNARE)},
        {"hitom", CLASS(TOM_HIGH)},
        {"hihat_opened01", CLASS(HAT_OPEN)},
        {"Closed HH 1", CLASS(HAT_CLOSED)},
        {"Pedal Hi-Hat", hats},
        {"SabianHatSemiOpen", hats},
        {"drum_cymbal_closed", CLASS(HAT_CLOSED)},
        {"crash open", CLASS(CRASH)},
        {"TR-808 SD 2", CLASS(SNARE)},
        {"CR78 Kick", CLASS(KICK)},
        {"OH_Snare", CLASS(SNARE)},
        {"CH_Hat_1", CLASS(HAT_CLOSED)},
        {"CP0010", CLASS(CLAP)},
        {"Vocal Chop", 0},
        {"Escape Hatch", 0},
        {"Drum and Bass", 0},
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

/* A file's own name comes first, then what its folders add to it. */
static void folders_tell_what_names_leave_open(void **state)
{
    const struct {
        const char *path;
        unsigned classes;
    } told[] = {
        {"Kick/01.wav", CLASS(KICK)},
        {"TR-909/CH/01.wav", CLASS(HAT_CLOSED)},
        {"Kick & Snare Pack/Kicks/01.wav", CLASS(KICK)},
        {"Kicks/Snare 2.wav", CLASS(SNARE)},
        {"Toms/low 3.wav", CLASS(TOM_LOW)},
        {"Toms/Low/3.wav", CLASS(TOM_LOW)},
        {"OpenHats/hat 1.wav", CLASS(HAT_OPEN)},
        {"Drums/Hats/hat 1.wav", hats},
        {"Drums/01.wav", 0},
        {"01.wav", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        unsigned classes = kit_classes_in_path(told[i].path);
        if (classes != told[i].classes)
            fail_msg("%s: %x, not %x", told[i].path, classes, told[i].classes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_tell_what_names_leave_open),
        cmocka_unit_test(words_tell_the_class),
    };
    return cmocka_run_group_tests_name("kit_names", tests, NULL, NULL);
}
