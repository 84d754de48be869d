/* soundfile: recordings in, samples out. The only user of libsndfile.
 *
 * Reading: files are opened by content, never by name: an .mp3 that is a WAV opens. What
 * is not a regular file (pipe, device, socket) is never opened. Headerless data is never
 * taken for sound. Frame counts in headers may lie: read until `got` is short.
 * Values are float32 with full scale ±1; float files keep values beyond it up to ±1000
 * (clamped there), non-finite values become 0 and are counted.
 * Thread: a soundfile belongs to one thread at a time. */
#ifndef TROWEL_IO_SOUNDFILE_H
#define TROWEL_IO_SOUNDFILE_H

#include "core/status.h"
#include "dsp/audio.h"
#include "io/paths.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SOUNDFILE_MAX_CHANNELS = 64,
    SOUNDFILE_MIN_RATE_HZ = 1000,
    SOUNDFILE_MAX_RATE_HZ = 768000,
    SOUNDFILE_DAMAGE_BYTES = 128,
    SOUNDFILE_DOUBTS_BYTES = 256,
    SOUNDFILE_LOAD_MAX = 1 << 27 /* values at once: 25 minutes of stereo at 44.1 kHz */
};

struct soundfile;

struct soundfile_info {
    int rate_hz;
    int channels;
    int64_t claimed_frames; /* from the header; may be wrong, 0 when unknown */
    int bit_depth;   /* of integer formats: 8 … 32; of A-law 12, of µ-law 13, their
                      * finest step; 0 for float or lossy */
    bool lossy;      /* MP3, Vorbis, Opus, ADPCM … */
    bool headroom;   /* float: what lies beyond full scale is whole */
    char format[40]; /* "WAV 16-bit", "MP3", "Ogg Vorbis" … */
};

/* ST_NOT_FOUND, ST_UNREADABLE (not audio, not a file, no permission), ST_UNSUPPORTED
 * (channels or rate out of range), ST_EMPTY (a header without any frame). */
enum status soundfile_open(struct soundfile **out, const char *path, struct err *e);
void soundfile_close(struct soundfile *sf); /* NULL safe */
const struct soundfile_info *soundfile_info(const struct soundfile *sf);

/* The next up to `frames` frames, interleaved. *got < frames only at the end (0 after
 * it). Data that breaks off or is damaged ends the sound there: see soundfile_damage.
 * ST_UNREADABLE when the disk fails, now or before. */
enum status soundfile_read(struct soundfile *sf, float *interleaved, size_t frames,
                           size_t *got, struct err *e);
/* The hash of the file's bytes (content_hash_file), at the end of a reading that follows
 * its begin: it is then taken as the sound is read, not from a reading of its own. */
void soundfile_begin_hash(struct soundfile *sf);
enum status soundfile_hash(struct soundfile *sf, uint64_t *hash, struct err *e);
/* The frame the next read starts with. */
int64_t soundfile_position(const struct soundfile *sf);

/* Frames [start, start + frames) into a fresh `out` (silence beyond the end), exactly
 * what reading from the beginning gives at that place. Where a format cannot seek exactly
 * it is decoded forward from the best known place before, so ask in ascending order:
 * O(distance) then, else O(start). Mono and low-rate MPEG audio may differ by 6e-8 (the
 * decoder's rounding), but is the same whatever was read before. In an Ogg file that has
 * lost pages, places are counted as they are read only after `sf` has been read to its
 * end. ST_USAGE for a negative start. */
enum status soundfile_read_region(struct soundfile *sf, int64_t start, size_t frames,
                                  struct audio *out, struct err *e);

/* Non-finite values seen and set to 0 so far. */
uint64_t soundfile_scrubbed(const struct soundfile *sf);
/* NULL, or a sentence fragment when the data ended early or was damaged, or may go on
 * into what is no sound: "the data ends after 12.3 s of 60.0 s". Meaningful after a short
 * read. Owned by sf. */
const char *soundfile_damage(const struct soundfile *sf);
/* What the user is told of both, "" when there is nothing: "the data ends after 12.3 s of
 * 60.0 s; using what is there; 2 samples are no finite numbers and count as 0". */
const char *soundfile_doubts(const struct soundfile *sf, char to[SOUNDFILE_DOUBTS_BYTES]);

/* A whole file into memory. ST_UNSUPPORTED when longer than `max_frames` (0: as long as
 * may be), or when it holds more than SOUNDFILE_LOAD_MAX values (512 MB): what is longer
 * is a recording, and is read in parts. Told at once where the format seeks. */
enum status soundfile_load(const char *path, size_t max_frames, struct audio *out,
                           struct err *e);
/* The same, and what soundfile_doubts has to say of it. */
enum status soundfile_load_told(const char *path, size_t max_frames, struct audio *out,
                                char doubts[SOUNDFILE_DOUBTS_BYTES], struct err *e);

/* Does the name end like audio (wav, flac, mp3, …; any case)? */
bool soundfile_has_audio_ending(const char *path);
/* Is the content audio? Reads only the beginning. Strict: text, pictures and random bytes
 * with an accidental MPEG sync word are not. */
bool soundfile_is_audio(const char *path);

/* Write `a` as plain PCM WAV (chunks `fmt ` and `data` only, deterministic bytes) of 16
 * or 24 bits, atomically, at `relative` below `r`. Values are taken as already quantised
 * or dithered: value × 2^(bits−1) is rounded to nearest and clamped, non-finite become 0.
 * `sha256` (may be NULL) receives the hash of the file. ST_DISK, ST_REFUSED, ST_USAGE. */
enum status soundfile_write_wav(const struct root *r, const char *relative,
                                const struct audio *a, int bits,
                                char sha256[SHA256_HEX_BYTES], struct err *e);
/* The same, whole but neither flushed nor named yet: for atomic_place_all. */
enum status soundfile_begin_wav(const struct root *r, const char *relative,
                                const struct audio *a, int bits, struct atomic_file **out,
                                char sha256[SHA256_HEX_BYTES], struct err *e);
/* The same file of 16 bits in memory, `to` with room for all its bytes. */
size_t soundfile_wav16_bytes(const struct audio *a);
void soundfile_wav16(unsigned char *to, const struct audio *a);

#endif
