/* paint: pictures made of cells: waveforms, spectrograms, curves, bars and meters.
 *
 * Each draws into the whole of an area and adapts to the canvas's tier: braille (2 × 4
 * dots a cell), blocks (eighths), ASCII. Values are plain arrays of one per column or
 * finer; nothing here reads files or sessions. Thread: none of its own. */
#ifndef TROWEL_UI_PAINT_H
#define TROWEL_UI_PAINT_H

#include "dsp/overview.h"
#include "ui/canvas.h"

#include <stdbool.h>
#include <stddef.h>

/* Columns that a waveform of this area can use (2 a cell with braille, else 1). */
int paint_wave_columns(const struct area *a);
/* `n` columns over the whole width; scaled so that `peak` fills the height. Columns in
 * [from, to) (0 … 1 of the width) are lit, the others dim. */
void paint_wave(const struct area *a, const struct overview_column *wave, size_t n,
                double peak, double from, double to);

/* levels[row · cols + col], 0 … 1, row 0 the lowest frequency. Two rows a cell where
 * colour can tell them apart (`ramp`), else density signs. */
void paint_spectrogram(const struct area *a, const float *levels, size_t rows,
                       size_t cols, bool ramp);

/* A filled curve of n values in low … high, with a line at `threshold` (NAN: none). */
void paint_curve(const struct area *a, const float *value, size_t n, double low,
                 double high, double threshold);

/* "▕████▌     ▏" over `cells` ≥ 3 cells, frame included. */
void paint_bar(const struct area *a, int row, int col, int cells, double fraction);

#endif
