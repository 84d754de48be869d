/* analyze: what the analysis knows of one recording, as text or JSON.
 * Thread: any. */
#ifndef TROWEL_CORE_ANALYZE_H
#define TROWEL_CORE_ANALYZE_H

#include "core/dig.h"
#include "io/text.h"

enum analyze_form { ANALYZE_TEXT, ANALYZE_JSON, ANALYZE_ONSETS, ANALYZE_JSON_ONSETS };

/* Analyse `path` and append to `out`: levels, loudness, key, tempo, onsets and where the
 * miners would dig (nothing is written). ANALYZE_ONSETS: one time in seconds a line,
 * nothing else; ANALYZE_JSON_ONSETS: an object with them alone. Errors as dig_open; a
 * silent file is no failure for onsets. */
enum status analyze_run(const struct recipe *recipe, const char *path,
                        enum analyze_form form, const struct job_context *ctx,
                        struct text *out, struct err *e);

#endif
