#include "io/sound_length.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files of chunks: how they begin, and what the head of a chunk looks like. */
static const struct layout {
    const char *magic, *form; /* the latter at 8 */
    const char *sound;        /* name of the chunk that holds it; NULL: VOC */
    int first, name, size;    /* where chunks begin; bytes of a chunk's name and size */
    int align;
    bool big_endian, counts_head;
} layouts[] = {
    {"RIFF", "WAVE", "data", 12, 4, 4, 2, false, false},
    {"RF64", "WAVE", "data", 12, 4, 4, 2, false, false},
    {"BW64", "WAVE", "data", 12, 4, 4, 2, false, false},
    {"FORM", "AIF", "SSND", 12, 4, 4, 2, true, false},
    {"FORM", "8SVX", "BODY", 12, 4, 4, 2, true, false},
    {"Crea", " Voice File", NULL, 26, 1, 3, 1, false, false},
    {"caff", "", "data", 8, 4, 8, 1, true, false},
    {"riff", "\x2e\x91", "data", 40, 16, 8, 8, false, true}, /* W64: names are GUIDs */
};

/* Writers that do not know the length yet state one about as large as the field holds. */
static const int64_t unknown_32 = 0x7ffff000, unknown_64 = (int64_t)1 << 50;

struct sound {
    const struct layout *layout; /* NULL: AU */
    int64_t field, body, stated; /* place of the size, of the sound; the size */
    int field_bytes;
    int64_t there; /* bytes from `body` to the end of the file */
};

static int64_t load(const unsigned char *p, int n, bool big_endian)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[big_endian ? i : n - 1 - i];
    return (int64_t)v;
}

static void store(unsigned char *p, int n, bool big_endian, int64_t v)
{
    for (int i = 0; i < n; i++)
        p[big_endian ? n - 1 - i : i] = (unsigned char)((uint64_t)v >> 8 * i & 0xff);
}

static const struct layout *layout_of(const unsigned char head[24])
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const struct layout *l = &layouts[i];
        /* A W64 file's first GUID goes on behind its first four letters. */
        const unsigned char *form = head + (l->name == 16 ? 4 : 8);
        if (memcmp(head, l->magic, 4) == 0 && memcmp(form, l->form, strlen(l->form)) == 0)
            return l;
    }
    return NULL;
}

/* VOC numbers its chunks: two kinds hold sound. */
enum { VOC_PLAIN = 1, VOC_NEW = 9, VOC_MOST_BYTES = 0xffffff };

static bool is_sound(const struct layout *l, const unsigned char *head)
{
    return l->sound ? memcmp(head, l->sound, 4) == 0
                    : head[0] == VOC_PLAIN || head[0] == VOC_NEW;
}

static bool find_chunk(int fd, const struct layout *l, struct sound *out)
{
    enum { MOST_CHUNKS = 256 };
    int64_t at = l->first, ds64 = -1, in_ds64 = 0, head_bytes = l->name + l->size;
    for (int i = 0; i < MOST_CHUNKS; i++) {
        unsigned char p[24] = {0};
        if (pread(fd, p, sizeof p, (off_t)at) < (ssize_t)head_bytes)
            return false;
        int64_t size = load(p + l->name, l->size, l->big_endian);
        if (memcmp(p, "ds64", 4) == 0) {
            ds64 = at + 16;
            in_ds64 = load(p + 16, 8, false);
        }
        if (l->counts_head)
            size = size < head_bytes ? -1 : size - head_bytes;
        if (is_sound(l, p)) {
            *out = (struct sound){.layout = l,
                                  .field = at + l->name,
                                  .field_bytes = l->size,
                                  .body = at + head_bytes,
                                  .stated = size};
            if (size == UINT32_MAX && ds64 >= 0) {
                out->field = ds64;
                out->field_bytes = 8;
                out->stated = in_ds64 < 0 ? 0 : in_ds64;
            }
            return true;
        }
        if (size < 0 || size > unknown_64)
            return false;
        at += head_bytes + (size + l->align - 1) / l->align * l->align;
    }
    return false;
}

static bool find_sound(int fd, struct sound *out)
{
    struct stat status;
    unsigned char head[24];
    if (pread(fd, head, sizeof head, 0) < (ssize_t)sizeof head || fstat(fd, &status) != 0)
        return false;
    const struct layout *l = layout_of(head);
    bool au = memcmp(head, ".snd", 4) == 0, dec = memcmp(head, "dns.", 4) == 0;
    if (l) {
        if (!find_chunk(fd, l, out))
            return false;
    } else if (au || dec) {
        *out = (struct sound){
            .field = 8, .body = load(head + 4, 4, au), .stated = load(head + 8, 4, au)};
    } else {
        return false;
    }
    out->there = (int64_t)status.st_size - out->body;
    return out->there >= 0;
}

/* Bytes that are stated and not there; 0 when that cannot be known. */
static int64_t beyond(const struct sound *s)
{
    bool wide = s->field_bytes == 8;
    if (s->stated <= s->there || s->stated >= (wide ? unknown_64 : unknown_32))
        return 0;
    return s->stated - s->there;
}

bool sound_length_missing(int fd, int64_t *there, int64_t *missing)
{
    struct sound s;
    if (!find_sound(fd, &s))
        return false;
    *there = s.there;
    *missing = beyond(&s);
    return *missing > 0;
}

/* Is there a WAV chunk at `at`? A chunk's name is four printable characters, and it must
 * fit into the file. */
static bool is_chunk(int fd, int64_t at, int64_t size)
{
    unsigned char p[8];
    if (pread(fd, p, sizeof p, (off_t)at) < (ssize_t)sizeof p)
        return false;
    for (int i = 0; i < 4; i++)
        if (p[i] < 0x20 || p[i] > 0x7e)
            return false;
    return at + 8 + load(p + 4, 4, false) <= size + 1;
}

/* What players put behind a sound although it is no chunk. */
static bool is_tag(int fd, int64_t at)
{
    static const char *const tags[] = {"ID3", "TAG", "APETAGEX"};
    char p[8] = {0};
    bool found = false;
    if (pread(fd, p, sizeof p, (off_t)at) < (ssize_t)sizeof p)
        return false;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        found = found || memcmp(p, tags[i], strlen(tags[i])) == 0;
    return found;
}

/* Bytes of sound in a WAV file. A header that was never written states none, one that a
 * killed recorder wrote last states fewer than are there, and of a recording beyond 4 GiB
 * the 32 bits keep what is left of its length. Chunks or tags that follow are no sound,
 * nor is what is too little to miss. */
static int64_t wav_bytes(int fd, const struct sound *s, bool *stale)
{
    enum { LITTLE = 1 << 16 };
    *stale = false;
    if (s->stated >= s->there)
        return s->stated;
    int64_t length = s->stated, size = s->body + s->there;
    if (s->field_bytes == 4)
        length += (s->there - s->stated) >> 32 << 32;
    int64_t end = s->body + length;
    bool ends = s->there - length < (length == 0 ? 8 : LITTLE) || is_tag(fd, end) ||
                is_chunk(fd, end, size) || is_chunk(fd, end + (end & 1), size);
    *stale = !ends && s->stated > 0 && s->stated < unknown_32;
    return ends ? length : s->there;
}

/* A plain VOC chunk that goes on to the end of the file or beyond: libsndfile wants a
 * chunk to follow, of which it looks at nothing. */
static bool is_endless_voc(int fd, const struct sound *s)
{
    unsigned char kind;
    return s->layout->sound == NULL && s->there > 1 && s->there <= VOC_MOST_BYTES &&
           s->stated >= s->there && pread(fd, &kind, 1, (off_t)s->field - 1) == 1 &&
           kind == VOC_PLAIN;
}

/* The head of a WAV file whose sound has `length` bytes, instead of that in `s`: beyond
 * 4 GiB one of an RF64 file, which has room for such a length. */
static void state_length(struct splice *s, const struct sound *sound, int64_t length)
{
    enum { FORM_END = 12, DS64_BYTES = 36 };
    int64_t file = length + sound->body - 8;
    unsigned char *field = s->head + sound->field;
    if (file <= UINT32_MAX) {
        store(field, 4, false, length);
        store(s->head + 4, 4, false, file);
        return;
    }
    store(field, 4, false, UINT32_MAX);
    memmove(s->head + FORM_END + DS64_BYTES, s->head + FORM_END,
            (size_t)sound->body - FORM_END);
    memset(s->head + FORM_END, 0, DS64_BYTES);
    memcpy(s->head, "RF64", 4);
    store(s->head + 4, 4, false, UINT32_MAX);
    memcpy(s->head + FORM_END, "ds64", 4);
    store(s->head + FORM_END + 4, 4, false, DS64_BYTES - 8);
    store(s->head + FORM_END + 8, 8, false, file + DS64_BYTES);
    store(s->head + FORM_END + 16, 8, false, length);
    s->head_bytes += DS64_BYTES;
}

bool sound_length_splice(struct splice *s, int fd)
{
    enum { ROOM = 64 }; /* for a longer head */
    struct sound sound;
    if (!find_sound(fd, &sound) || !sound.layout || sound.body > SPLICE_HEAD_BYTES - ROOM)
        return false;
    const struct layout *l = sound.layout;
    bool wav = strcmp(l->form, "WAVE") == 0, riff = l == &layouts[0];
    bool caf = l->magic[0] == 'c', open_end = caf && sound.stated == -1;
    bool endless = is_endless_voc(fd, &sound);
    int64_t length = wav ? wav_bytes(fd, &sound, &s->stale) : sound.there - endless;
    bool wrong =
        wav ? length != sound.stated : open_end || endless || (caf && beyond(&sound) > 0);
    bool fits = riff || sound.field_bytes == 8 || length <= UINT32_MAX;
    if (!wrong || !fits)
        return false;
    if (pread(fd, s->head, (size_t)sound.body, 0) < (ssize_t)sound.body)
        return false;
    s->head_bytes = (size_t)sound.body;
    if (riff)
        state_length(s, &sound, length);
    else
        store(s->head + sound.field, sound.field_bytes, l->big_endian, length);
    s->fd = fd;
    s->first = sound.body;
    s->end = sound.body + length + endless;
    s->at = 0;
    return true;
}
