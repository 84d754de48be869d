#include "core/kit_names.h"

#include "dsp/drum_class.h"

#include <stddef.h>
#include <string.h>

/* What a word says: instruments, what is said of them, and where it counts. */
enum said {
    KICK = 1 << 0,
    SNARE = 1 << 1,
    CLAP = 1 << 2,
    RIM = 1 << 3,
    TOM = 1 << 4,
    HAT = 1 << 5,
    CYMBAL = 1 << 6,
    PERC = 1 << 7,
    INSTRUMENTS = (1 << 8) - 1,
    LOW = 1 << 8,
    MID = 1 << 9,
    HIGH = 1 << 10,
    OPEN = 1 << 11,
    CLOSED = 1 << 12,
    CRASHING = 1 << 13,
    RIDING = 1 << 14,
    STICK = 1 << 15, /* a rim, unless an instrument is named */
    FIRST_ONLY = 1 << 16,
};

static const struct {
    const char *word;
    unsigned said;
} words[] = {
    {"kick", KICK},
    {"bassdrum", KICK},
    {"bd", KICK | FIRST_ONLY},
    {"snare", SNARE},
    {"sd", SNARE | FIRST_ONLY},
    {"sn", SNARE | FIRST_ONLY},
    {"clap", CLAP},
    {"handclap", CLAP},
    {"hc", CLAP | FIRST_ONLY},
    {"rim", RIM},
    {"rimshot", RIM},
    {"sidestick", RIM},
    {"stick", STICK},
    {"rs", RIM | FIRST_ONLY},
    {"tom", TOM},
    {"tm", TOM | FIRST_ONLY},
    {"lt", TOM | LOW | FIRST_ONLY},
    {"mt", TOM | MID | FIRST_ONLY},
    {"ht", TOM | HIGH | FIRST_ONLY},
    {"floortom", TOM | LOW},
    {"hat", HAT},
    {"hihat", HAT},
    {"hh", HAT | FIRST_ONLY},
    {"ch", HAT | CLOSED | FIRST_ONLY},
    {"chh", HAT | CLOSED},
    {"hhc", HAT | CLOSED},
    {"hhclosed", HAT | CLOSED},
    {"hhpedal", HAT | CLOSED},
    {"pedalhihat", HAT | CLOSED},
    {"closedhat", HAT | CLOSED},
    {"oh", HAT | OPEN | FIRST_ONLY},
    {"ohh", HAT | OPEN},
    {"hho", HAT | OPEN},
    {"hhopen", HAT | OPEN},
    {"openhat", HAT | OPEN},
    {"cymbal", CYMBAL},
    {"cym", CYMBAL},
    {"crash", CYMBAL | CRASHING},
    {"splash", CYMBAL | CRASHING},
    {"china", CYMBAL | CRASHING},
    {"cc", CYMBAL | CRASHING | FIRST_ONLY},
    {"cr", CYMBAL | CRASHING | FIRST_ONLY},
    {"ride", CYMBAL | RIDING},
    {"rc", CYMBAL | RIDING | FIRST_ONLY},
    {"rd", CYMBAL | RIDING | FIRST_ONLY},
    {"perc", PERC},
    {"percussion", PERC},
    {"agogo", PERC},
    {"bongo", PERC},
    {"cabasa", PERC},
    {"clave", PERC},
    {"conga", PERC},
    {"cow", PERC}, /* "CowBell" is two words */
    {"cowbell", PERC},
    {"guiro", PERC},
    {"maraca", PERC},
    {"shaker", PERC},
    {"tamb", PERC},
    {"tambourine", PERC},
    {"timbale", PERC},
    {"triangle", PERC},
    {"woodblock", PERC},
    {"lo", LOW},
    {"low", LOW},
    {"floor", LOW},
    {"mid", MID},
    {"hi", HIGH},
    {"high", HIGH},
    {"op", OPEN},
    {"open", OPEN},
    {"cl", CLOSED},
    {"closed", CLOSED},
    {"foot", CLOSED},
    {"pedal", CLOSED},
};

bool kit_word_begins(const char *typed)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(words[i].word, typed, strlen(typed)) == 0)
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static unsigned meaning(const char *word, size_t n, bool first)
{
    char low[16] = "";
    if (n >= sizeof low)
        return 0;
    for (size_t i = 0; i < n; i++)
        low[i] = (char)(word[i] | 0x20);
    if (n > 3 && low[n - 1] == 's')
        low[n - 1] = '\0'; /* "claps" */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, low) == 0 && (first || !(words[i].said & FIRST_ONLY)))
            return words[i].said & ~(unsigned)FIRST_ONLY;
    return 0;
}

/* The classes of the one instrument that is named, less those that what is said of it
 * rules out; where that is nothing, all of them. */
static unsigned classes_of(unsigned said)
{
    static const struct {
        unsigned instrument, narrowed_by;
        enum drum_class class;
    } classes[] = {
        {KICK, 0, DRUM_KICK},           {SNARE, 0, DRUM_SNARE},
        {CLAP, 0, DRUM_CLAP},           {RIM, 0, DRUM_RIM},
        {TOM, LOW, DRUM_TOM_LOW},       {TOM, MID, DRUM_TOM_MID},
        {TOM, HIGH, DRUM_TOM_HIGH},     {HAT, OPEN, DRUM_HAT_OPEN},
        {HAT, CLOSED, DRUM_HAT_CLOSED}, {CYMBAL, CRASHING, DRUM_CRASH},
        {CYMBAL, RIDING, DRUM_RIDE},    {PERC, 0, DRUM_PERC},
    };
    unsigned instrument = said & INSTRUMENTS, all = 0, some = 0;
    if (instrument == 0 && said & STICK)
        instrument = RIM;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (classes[i].instrument != instrument)
            continue;
        all |= 1u << classes[i].class;
        if (said & classes[i].narrowed_by)
            some |= 1u << classes[i].class;
    }
    return some ? some : all;
}

unsigned kit_classes_in_name(const char *name)
{
    unsigned said = 0;
    bool first = true;
    while (*name) {
        size_t n = 0;
        while (is_letter(name[n]) &&
               !(n > 0 && is_capital(name[n]) && !is_capital(name[n - 1])))
            n++; /* "HiHatClosed" is three words */
        if (n > 0) {
            said |= meaning(name, n, first);
            first = false;
            name += n;
        } else {
            name++;
        }
    }
    return classes_of(said);
}
