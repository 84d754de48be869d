/* key_names: keys as text. */
#include "dsp/key.h"

#include <string.h>

/* The spellings with the fewest accidentals. */
static const char *const MAJOR[] = {"C",  "Db", "D",  "Eb", "E",  "F",
                                    "F#", "G",  "Ab", "A",  "Bb", "B"};
static const char *const MINOR[] = {"Cm",  "C#m", "Dm",  "Ebm", "Em",  "Fm",
                                    "F#m", "Gm",  "G#m", "Am",  "Bbm", "Bm"};

struct key key_none(void)
{
    return (struct key){.name = "", .tonic = -1};
}

struct key key_make(int tonic, bool minor)
{
    tonic = (tonic % 12 + 12) % 12;
    struct key k = {.tonic = (signed char)tonic, .minor = minor, .confidence = 1};
    strcpy(k.name, minor ? MINOR[tonic] : MAJOR[tonic]);
    return k;
}

static int natural_note(char letter)
{
    static const int note[] = {9, 11, 0, 2, 4, 5, 7}; /* A … G */
    int i = (letter | 0x20) - 'a';
    return i >= 0 && i < 7 ? note[i] : -1;
}

static bool is_word(const char *text, const char *word)
{
    size_t i = 0;
    while (word[i] && (text[i] | 0x20) == word[i])
        i++;
    return !word[i] && !text[i];
}

bool key_parse(const char *text, struct key *out)
{
    while (*text == ' ')
        text++;
    int tonic = natural_note(*text);
    if (tonic < 0)
        return false;
    text++;
    if (*text == '#') {
        tonic++;
        text++;
    } else if (*text == 'b') {
        tonic--;
        text++;
    }
    while (*text == ' ' || *text == '-' || *text == '_')
        text++;
    char word[8];
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    if (n >= sizeof word)
        return false;
    memcpy(word, text, n);
    word[n] = '\0';
    bool minor = strcmp(word, "m") == 0 || is_word(word, "min") || is_word(word, "minor");
    bool major = word[0] == '\0' || strcmp(word, "M") == 0 || is_word(word, "maj") ||
                 is_word(word, "major");
    if (!minor && !major)
        return false;
    *out = key_make(tonic, minor);
    return true;
}

int key_shift(const struct key *from, const struct key *to)
{
    if (from->tonic < 0 || to->tonic < 0)
        return 0;
    /* A minor key has the notes of the major key three semitones up. */
    int a = from->tonic + (from->minor ? 3 : 0), b = to->tonic + (to->minor ? 3 : 0);
    return (b - a + 30) % 12 - 6;
}
