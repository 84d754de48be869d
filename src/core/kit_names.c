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
    {"kik", KICK},
    {"bdrum", KICK},
    {"kickdrum", KICK},
    {"bassdrum", KICK},
    {"bd", KICK},
    {"snare", SNARE},
    {"snr", SNARE},
    {"snaredrum", SNARE},
    {"sd", SNARE | FIRST_ONLY},
    {"sn", SNARE | FIRST_ONLY},
    {"clap", CLAP},
    {"handclap", CLAP},
    {"cp", CLAP | FIRST_ONLY},
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
    {"hat", HAT},
    {"hihat", HAT},
    {"hhat", HAT},
    {"hh", HAT},
    {"ch", HAT | CLOSED | FIRST_ONLY},
    {"chh", HAT | CLOSED},
    {"hhc", HAT | CLOSED},
    {"oh", HAT | OPEN | FIRST_ONLY},
    {"ohh", HAT | OPEN},
    {"hho", HAT | OPEN},
    {"cymbal", CYMBAL},
    {"cym", CYMBAL},
    {"cy", CYMBAL | FIRST_ONLY},
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
    {"opened", OPEN},
    {"cl", CLOSED},
    {"close", CLOSED},
    {"closed", CLOSED},
    {"foot", OPEN | CLOSED}, /* neither quite: rather than it those that are */
    {"pedal", OPEN | CLOSED},
    {"semi", OPEN | CLOSED},
    {"half", OPEN | CLOSED},
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

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Of a word in small letters, or of several such things ("claps"); 0: none that counts.
 */
static unsigned meaning(const char *word, size_t n)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(words[i].word, word, n) == 0 && words[i].word[n] == '\0')
            return words[i].said;
    return n > 3 && word[n - 1] == 's' ? meaning(word, n - 1) : 0;
}

/* Of two in one: "openhihat". A part of two letters may be anything. */
static unsigned meaning_of_parts(const char *word, size_t n)
{
    for (size_t cut = 2; cut + 2 <= n; cut++) {
        unsigned a = meaning(word, cut), b = meaning(word + cut, n - cut);
        if (a && b && (a | b) & INSTRUMENTS && !((a | b) & FIRST_ONLY))
            return a | b;
    }
    return 0;
}

/* The word that is being read, in small letters, after the one before it: many write
 * "Bass Drum", "Cow Bell". */
struct reading {
    char word[32];
    size_t before, n;
    bool first;
};

static unsigned read_word(struct reading *r, const char *word, size_t n)
{
    size_t room = sizeof r->word / 2;
    memmove(r->word, r->word + r->before, r->n);
    r->before = r->n;
    r->n = n < room ? n : 0;
    char *own = r->word + r->before;
    for (size_t i = 0; i < r->n; i++)
        own[i] = (char)(word[i] | 0x20);
    unsigned said = meaning(own, r->n), both = meaning(r->word, r->before + r->n);
    if (said & FIRST_ONLY)
        return r->first ? said : 0;
    if (said == 0)
        said = meaning_of_parts(own, r->n);
    return said | (both & FIRST_ONLY ? 0 : both);
}

/* The classes of the one instrument that is named, less those that what is said of it
 * rules out; where that is nothing, all of them. */
static unsigned classes_of(unsigned said)
{
    if (said & CYMBAL && said & (OPEN | CLOSED) && !(said & (CRASHING | RIDING)))
        said ^= CYMBAL | HAT; /* no other opens and closes */
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
    struct reading r = {.first = true};
    unsigned said = 0, brief = 0;
    while (*name) {
        size_t n = 0;
        while (is_letter(name[n]) &&
               !(n > 0 && is_capital(name[n]) && !is_capital(name[n - 1])))
            n++; /* "HiHatClosed" is three words */
        if (n == 0) {
            name++;
            continue;
        }
        unsigned now = read_word(&r, name, n);
        *(now & FIRST_ONLY ? &brief : &said) |= now & ~(unsigned)FIRST_ONLY;
        name += n;
        /* "TR-808 SD" begins with SD */
        r.first = r.first && !now && is_digit(name[*name == '-']);
    }
    bool words_name = (said & INSTRUMENTS) != 0; /* "OH_Kick", "CR-78 snare" */
    if (!words_name || said & brief & INSTRUMENTS)
        said |= brief;
    return classes_of(said);
}

unsigned kit_classes_in_path(const char *relative)
{
    unsigned told = 0;
    const char *from = relative + strlen(relative);
    do {
        for (from -= from > relative; from > relative && from[-1] != '/';)
            from--;
        unsigned now = kit_classes_in_name(from);
        if (now && (!told || __builtin_popcount(now) < __builtin_popcount(told)))
            told = now;
    } while (from > relative);
    return told;
}
