#include "io/refusal.h"

#include <stdbool.h>
#include <string.h>

#define CONVERT "; convert it to WAV or FLAC"

/* What musicians have that libsndfile does not read: bytes at a place that tell. */
static const struct {
    size_t at, length;
    const char *bytes, *words;
} foreign[] = {
    {4, 4, "ftyp", "it is M4A or MP4" CONVERT},
    {0, 8, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", "it is Windows Media" CONVERT},
    {0, 4, "\x1a\x45\xdf\xa3", "it is Matroska or WebM" CONVERT},
    {0, 4, "wvpk", "it is WavPack" CONVERT},
    {0, 4, "MAC ", "it is Monkey's Audio" CONVERT},
    {0, 5, "#!AMR", "it is AMR" CONVERT},
    {0, 4, "DSD ", "it is DSD" CONVERT},
    {0, 4, "FRM8", "it is DSD" CONVERT},
    {0, 4, "MThd", "it is MIDI: notes, not sound"},
};

/* AAC begins like MPEG audio, but with a layer of 0. */
static bool is_aac(const unsigned char *head)
{
    return head[0] == 0xff && (head[1] & 0xf6) == 0xf0;
}

/* libsndfile's reasons, where there are plainer words. */
static const struct {
    const char *said, *words;
} plain[] = {
    {"not recognised", "its format is not known"},
    {"possibly a pipe", "its format is not known"},
    {"No Error", "its format is not known"},
    {"SF_INFO", "its header gives an impossible sample rate or number of channels"},
    {"Internal error", "its format is not known"},
    {"unimplemented format", "it is coded in an unknown way, or its header is damaged"},
    {"Channel count is zero", "its header says that it has no channels"},
    {"Too many channels", "its header says that it has more channels than can be read"},
    {"'data' chunk", "it ends before its sound begins, or its header is damaged"},
    {"alformed", "its header is damaged or cut off"},
    {"flac decoder", "its header is damaged or cut off"},
};

const char *refusal(const unsigned char head[REFUSAL_HEAD_BYTES], const char *said)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (memcmp(head + foreign[i].at, foreign[i].bytes, foreign[i].length) == 0)
            return foreign[i].words;
    if (is_aac(head))
        return "it is AAC" CONVERT;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strstr(said, plain[i].said))
            return plain[i].words;
    return said;
}
