/* paths: names, folders and whole-file writing, all below a root that nothing escapes.
 *
 * A `struct root` is an output folder held open. Every path given with it is relative to
 * it, uses '/', and has no empty, "." or ".." component; folders on the way are opened
 * one by one and a symbolic link among them is refused (ST_REFUSED), so a link that leads
 * out is never followed. The path that the root itself was opened by may hold links.
 *
 * A file appears under its final name only when it is complete: it is written beside,
 * flushed to the disk and renamed: as `.trowel-<pid>-<n>.tmp`, or, where the name is free
 * and the system can, as a file without a name.
 *
 * Thread: a root may be used by several threads at once; an atomic_file by one. Errors
 * from the disk are ST_DISK with the file named. */
#ifndef TROWEL_IO_PATHS_H
#define TROWEL_IO_PATHS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STEM_BYTES = 81, PATH_BYTES = 4096, SHA256_HEX_BYTES = 65 };

struct root {
    int fd;
    char path[PATH_BYTES]; /* as given, for messages and for reading back */
};

/* Open a folder as root. With `create` it and its missing parents are made. */
enum status root_open(struct root *r, const char *path, bool create, struct err *e);
/* A folder below another root as a root of its own (made when missing and `create`). */
enum status root_sub(struct root *r, const struct root *parent, const char *relative,
                     bool create, struct err *e);
/* The folder that the file `path` lies in; *name is that file's name there. */
enum status root_of_file(struct root *r, const char *path, bool create, const char **name,
                         struct err *e);
void root_done(struct root *r); /* safe on a zeroed or done root */

/* ST_REFUSED unless `relative` is a path that stays below a root (see above). */
enum status path_check_relative(const char *relative, struct err *e);
/* ST_REFUSED unless `name` can be one folder or file name: not empty, no '/' or '\\', not
 * "." or "..", no control characters, at most 255 bytes. `what` begins the sentence:
 * "project name". */
enum status path_check_name(const char *name, const char *what, struct err *e);

/* "a/b" from "a" and "b" ("b" when `a` is empty); ST_REFUSED when it does not fit. */
enum status path_join(char *out, size_t size, const char *a, const char *b,
                      struct err *e);
/* What a user wrote where no shell reads it: `~` and `~/…` begin at $HOME. */
void path_from_home(char *out, size_t size, const char *written);

const char *path_base(const char *path); /* after the last '/' */
/* From a path to the folder it lies in: "." of a bare name, "/" of "/". At least 2 bytes.
 */
void path_up(char *path);
/* Is there anything of that name in the folder? */
bool path_has(const char *folder, const char *name);
/* What follows "folder/" in a text that begins with it, else the text. */
const char *path_below(const char *text, const char *folder);
const char *path_ending(const char *path); /* after the last '.' of the name, or "" */
size_t path_stem(const char *path);        /* bytes before that '.', else all */
bool path_is_folder(const char *path);
bool path_is_file(const char *path); /* a regular one */

/* Make a folder and its parents. `path` is free (not below a root). */
enum status path_mkdirs(const char *path, struct err *e);
/* Could something be made at `path`, for all that can be told before? ST_DISK: no
 * permission, a file in the way, a broken link, a read-only disk, or one that takes no
 * such name. That last is found by making a folder and removing it again, if one
 * `may_try`. */
enum status path_check_writable(const char *path, bool may_try, struct err *e);

enum status root_mkdirs(const struct root *r, const char *relative, struct err *e);
bool root_exists(const struct root *r, const char *relative);
/* Remove one file, one link, or one empty folder. ST_NOT_FOUND when it is not there. */
enum status root_remove(const struct root *r, const char *relative, struct err *e);
/* Rename within the root. */
enum status root_rename(const struct root *r, const char *from, const char *to,
                        struct err *e);
/* The same for many: root_flush on their folder makes sure of them. */
enum status root_rename_soon(const struct root *r, const char *from, const char *to,
                             struct err *e);
/* Remove what interrupted runs left, going down into folders but not through links.
 * Temporary files of living processes stay. Returns how many were removed. */
int root_clean(const struct root *r);

/* Can processes share memory through files in the folder of `beside`? Not on some shared
 * folders of virtual machines, pooled disks and network mounts. True when in doubt. */
bool root_shares_memory(const char *beside);
/* ST_DISK: the disk keeps no locks on files (some cluster and network disks). */
enum status root_check_locks(const struct root *r, struct err *e);

/* --- whole files --- */
struct atomic_file;

/* Begin `relative`; its folder is made when missing. */
enum status atomic_begin(struct atomic_file **out, const struct root *r,
                         const char *relative, struct err *e);
enum status atomic_write(struct atomic_file *f, const void *bytes, size_t n,
                         struct err *e);
/* Flush, rename, flush the folder. Frees `f` also on failure, and then no temporary file
 * stays. */
enum status atomic_commit(struct atomic_file *f, struct err *e);
/* atomic_commit for many files at once, but for their folders: all are flushed, together
 * where the system can, then each gets its name; root_flush on a folder makes sure that
 * its names outlast a power cut. Frees all `files` and sets them NULL, also on failure,
 * which leaves those named that came before, and no temporary file. */
enum status atomic_place_all(struct atomic_file **files, size_t n, struct err *e);
enum status root_flush(const struct root *r, const char *folder, struct err *e);
void atomic_abort(struct atomic_file *f); /* NULL safe */

enum status root_write_file(const struct root *r, const char *relative, const void *bytes,
                            size_t n, struct err *e);

/* Open a regular file for reading without ever blocking on a pipe or touching a device;
 * links are followed. *fd is the caller's to close. ST_NOT_FOUND, ST_UNREADABLE. */
enum status path_open_file(const char *path, int *fd, struct err *e);
/* Why stat or open of a file failed, from its errno: ST_NOT_FOUND, ST_UNREADABLE,
 * ST_NO_MEMORY (too many open files). */
enum status path_failure(struct err *e, int problem, const char *path);

/* A regular file's bytes, block after block, to its end or until `take` fails. As
 * path_open_file, ST_NO_MEMORY. */
enum status path_read_blocks(const char *path,
                             enum status (*take)(void *user, const void *bytes, size_t n,
                                                 struct err *e),
                             void *user, struct err *e);
/* A regular file whole into memory, NUL-terminated; `*out` is the caller's to free.
 * ST_NOT_FOUND, ST_UNREADABLE (also when it is a pipe or device, or above `max`). */
enum status path_read_file(const char *path, size_t max, char **out, size_t *n,
                           struct err *e);
enum status root_read_file(const struct root *r, const char *relative, size_t max,
                           char **out, size_t *n, struct err *e);

/* --- stems --- */
/* The length of the well-formed UTF-8 sequence at `text` (Unicode 15, table 3-7), 0 when
 * it is broken or the text ends there; *code receives the character. */
size_t utf8_sequence(const char *text, unsigned *code);
/* Is it a control character, or one that ends lines, to some? */
bool utf8_is_control(unsigned code);
/* The next character of a text without its case, however its accent is spelled (a Mac
 * spells é as e and a mark); 0 at the end. A byte that is no UTF-8 is like nothing but
 * itself: NO_UTF8 and that. */
enum { NO_UTF8 = 0x110000 };
unsigned utf8_folded(const char **text);
/* One character into at least 5 bytes, NUL-terminated; returns its length. */
int utf8_encode(char *to, unsigned code);
/* The character that `text` begins with, without its marks, in ASCII: é e, Å A, ß ss; ""
 * for what has no such spelling. Returns its bytes, 1 of what is no UTF-8. */
size_t utf8_plain(const char *text, char out[3]);

/* A name made safe as file stem: UTF-8 kept (never cut inside a sequence, broken bytes
 * replaced), separators, control characters and what Windows forbids (<>:"|?* and names
 * such as CON) replaced by '_', no leading dots, dashes or blanks, no trailing dots or
 * blanks, at most 80 bytes, never empty ("untitled"). `out` holds STEM_BYTES. */
void stem_safe(char out[STEM_BYTES], const char *name);
/* The same with folder and ending taken off: "a/b.c.wav" → "b.c". */
void stem_of_file(char out[STEM_BYTES], const char *path);
/* `stem` with "_<n>" appended within 80 bytes, cutting the stem where needed. */
void stem_numbered(char out[STEM_BYTES], const char *stem, int n);
/* Are the names one, on a file system that ignores case and how accents are spelled?
 * Latin, Greek and Cyrillic letters, whatever the locale. */
bool stem_same(const char *a, const char *b);
/* An order in which such names are equal, as strcmp; a hash that is equal for them. */
int stem_compare(const char *a, const char *b);
uint64_t stem_hash(const char *name);

#endif
