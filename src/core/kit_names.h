/* kit_names: what the name of a one-shot says it is. */
#ifndef TROWEL_CORE_KIT_NAMES_H
#define TROWEL_CORE_KIT_NAMES_H

/* The drum class (as drum_class_name gives it) that the words of a file name tell, such
 * as "kick" of "BD_haus.wav" or "hat_open" of "808 open hat 3.wav"; NULL where they tell
 * none or several. Two-letter forms (BD, SD, CH …) count only as the first word. */
const char *kit_class_in_name(const char *name);

#endif
