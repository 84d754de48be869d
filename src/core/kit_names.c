#include "core/kit_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum said {
    KICK = 1 << 0,
    SNARE = 1 << 1,
    CLAP = 1 << 2,
    RIM = 1 << 3,
    TOM = 1 << 4,
    HAT = 1 << 5,
    CRASH = 1 << 6,
    RIDE = 1 << 7,
    INSTRUMENTS = (1 << 8) - 1,
    LOW = 1 << 8,
    MID = 1 << 9,
    HIGH = 1 << 10,
    OPEN = 1 << 11,
    CLOSED = 1 << 12,
    FIRST_ONLY = 1 << 13,
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
    {"rs", RIM | FIRST_ONLY},
    {"tom", TOM},
    {"lt", TOM | LOW | FIRST_ONLY},
    {"mt", TOM | MID | FIRST_ONLY},
    {"ht", TOM | HIGH | FIRST_ONLY},
    {"hat", HAT},
    {"hihat", HAT},
    {"hh", HAT | FIRST_ONLY},
    {"ch", HAT | CLOSED | FIRST_ONLY},
    {"oh", HAT | OPEN | FIRST_ONLY},
    {"crash", CRASH},
    {"splash", CRASH},
    {"cc", CRASH | FIRST_ONLY},
    {"ride", RIDE},
    {"rc", RIDE | FIRST_ONLY},
    {"lo", LOW},
    {"low", LOW},
    {"floor", LOW},
    {"mid", MID},
    {"hi", HIGH},
    {"high", HIGH},
    {"open", OPEN},
    {"closed", CLOSED},
    {"pedal", CLOSED},
};

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
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, low) == 0 && (first || !(words[i].said & FIRST_ONLY)))
            return words[i].said & ~(unsigned)FIRST_ONLY;
    return 0;
}

static const char *class_of(unsigned said)
{
    switch (said & INSTRUMENTS) {
    case KICK:
        return "kick";
    case SNARE:
        return "snare";
    case CLAP:
        return "clap";
    case RIM:
        return "rim";
    case TOM:
        return said & LOW ? "tom_low" : said & HIGH ? "tom_high" : "tom_mid";
    case HAT:
        return said & OPEN ? "hat_open" : "hat_closed";
    case CRASH:
        return "crash";
    case RIDE:
        return "ride";
    default:
        return NULL;
    }
}

const char *kit_class_in_name(const char *name)
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
    return class_of(said);
}
