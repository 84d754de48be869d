/* kit_names: what the name of a one-shot says it is. Thread: pure. */
#ifndef TROWEL_CORE_KIT_NAMES_H
#define TROWEL_CORE_KIT_NAMES_H

#include <stdbool.h>

/* The drum classes (1 << enum drum_class) that the words of a file name leave open: one
 * for "BD_haus.wav" or "808 open hat 3.wav", all toms for "tom 2.wav", both hats for
 * "hat.wav"; 0 where they tell none, or two instruments. Most two-letter forms (SD, CH …)
 * count only as the first word. */
unsigned kit_classes_in_name(const char *name);
/* The same of a file and the folders it lies in ("Toms/low 3.wav", "BD/01.wav"): the
 * file's own name, and with each further folder what leaves less open. */
unsigned kit_classes_in_path(const char *relative);
/* Is this, in small letters, how one of the words that count begins? */
bool kit_word_begins(const char *typed);

#endif
