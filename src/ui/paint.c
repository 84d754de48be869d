#include "ui/paint.h"

#include <math.h>

static double clamp01(double v)
{
    return v > 0 ? (v < 1 ? v : 1) : 0; /* NAN becomes 0 */
}

static uint32_t lower_eighths(int n, enum tier tier)
{
    static const char ascii[] = " .:-=+*##";
    n = n < 0 ? 0 : n > 8 ? 8 : n;
    if (tier == TIER_ASCII)
        return (uint32_t)(unsigned char)ascii[n];
    return n == 0 ? ' ' : 0x2580u + (uint32_t)n;
}

int paint_wave_columns(const struct area *a)
{
    return a->canvas->tier == TIER_BRAILLE ? a->cols * 2 : a->cols;
}

static struct overview_column wave_at(const struct overview_column *wave, size_t n, int i,
                                      int count)
{
    size_t from = (size_t)i * n / (size_t)count;
    size_t to = ((size_t)i + 1) * n / (size_t)count;
    struct overview_column out = wave[from < n ? from : n - 1];
    for (size_t k = from + 1; k < to && k < n; k++) {
        out.min = fminf(out.min, wave[k].min);
        out.max = fmaxf(out.max, wave[k].max);
        out.rms = fmaxf(out.rms, wave[k].rms);
    }
    return out;
}

/* Bit of a dot in a braille cell. */
static uint32_t dot(int x, int y)
{
    static const uint8_t bits[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    return bits[y][x];
}

/* The lit part of a column of `height` dots, as [top, bottom). */
static void column_span(const struct overview_column *w, double peak, int height,
                        int *top, int *bottom)
{
    double half = height / 2.0, scale = peak > 0 ? half / peak : 0;
    double up = fmin(fmax((double)w->max * scale, 0), half);
    double down = fmin(fmax(-(double)w->min * scale, 0), half);
    *top = height / 2 - (int)lround(up);
    *bottom = height / 2 + (int)lround(down);
    if (*bottom <= *top) {
        *top = height / 2 - (height > 1);
        *bottom = *top + 1;
    }
}

static void wave_braille(const struct area *a, int col,
                         const struct overview_column *wave, size_t n, double peak,
                         enum role ink)
{
    for (int r = 0; r < a->rows; r++) {
        uint32_t bits = 0;
        for (int x = 0; x < 2; x++) {
            struct overview_column w = wave_at(wave, n, col * 2 + x, a->cols * 2);
            int top, bottom;
            column_span(&w, peak, a->rows * 4, &top, &bottom);
            for (int y = 0; y < 4; y++)
                if (r * 4 + y >= top && r * 4 + y < bottom)
                    bits |= dot(x, y);
        }
        area_put(a, r, col, ink, bits ? 0x2800 + bits : ' ');
    }
}

/* Blocks and ASCII cannot stand on both sides of a middle line: they rise from the
 * bottom by the larger side. */
static void wave_rising(const struct area *a, int col, const struct overview_column *wave,
                        size_t n, double peak, enum role ink)
{
    struct overview_column w = wave_at(wave, n, col, a->cols);
    double height = fmax((double)w.max, -(double)w.min) / (peak > 0 ? peak : 1);
    int eighths = (int)lround(clamp01(height) * a->rows * 8);
    if (eighths == 0)
        eighths = 1;
    for (int r = 0; r < a->rows; r++) {
        int below = (a->rows - 1 - r) * 8;
        area_put(a, r, col, ink, lower_eighths(eighths - below, a->canvas->tier));
    }
}

void paint_wave(const struct area *a, const struct overview_column *wave, size_t n,
                double peak, double from, double to)
{
    if (n == 0)
        return;
    for (int col = 0; col < a->cols; col++) {
        double at = (col + 0.5) / a->cols;
        enum role role = at >= from && at < to ? ROLE_WAVEFORM : ROLE_WAVEFORM_DIM;
        if (a->canvas->tier == TIER_BRAILLE)
            wave_braille(a, col, wave, n, peak, role);
        else
            wave_rising(a, col, wave, n, peak, role);
    }
}

/* A picture, and what it is drawn in. */
struct raster {
    const float *levels;
    size_t rows, cols;
    size_t high, wide; /* cells, or halves of them */
};

/* Largest value of the rectangle that one cell (or half) stands for. */
static float raster_at(const struct raster *p, int r, int c)
{
    size_t r0 = (size_t)r * p->rows / p->high, r1 = ((size_t)r + 1) * p->rows / p->high;
    size_t c0 = (size_t)c * p->cols / p->wide, c1 = ((size_t)c + 1) * p->cols / p->wide;
    float most = 0;
    for (size_t y = r0; y < p->rows && (y < r1 || y == r0); y++)
        for (size_t x = c0; x < p->cols && (x < c1 || x == c0); x++)
            most = fmaxf(most, p->levels[y * p->cols + x]);
    return most;
}

static uint8_t ramp_level(float v)
{
    return (uint8_t)(1 + lround(clamp01((double)v) * 254));
}

void paint_spectrogram(const struct area *a, const float *levels, size_t rows,
                       size_t cols, bool ramp)
{
    static const uint32_t shades[] = {' ', 0x2591, 0x2592, 0x2593, 0x2588};
    static const char ascii[] = " .-=#";
    if (rows == 0 || cols == 0)
        return;
    enum tier tier = a->canvas->tier;
    bool halves = ramp && tier != TIER_ASCII;
    int high = halves ? a->rows * 2 : a->rows;
    struct raster picture = {levels, rows, cols, (size_t)high, (size_t)a->cols};
    for (int r = 0; r < a->rows; r++)
        for (int c = 0; c < a->cols; c++) {
            int up = high - 1 - (halves ? 2 * r : r);
            float top = raster_at(&picture, up, c);
            int step = (int)lround(clamp01((double)top) * 4);
            uint32_t sign =
                tier == TIER_ASCII ? (uint32_t)(unsigned char)ascii[step] : shades[step];
            area_put(a, r, c, ROLE_WAVEFORM, halves ? 0x2580 : sign);
            struct cell *cell = area_cell(a, r, c);
            cell->ink_level = ramp ? ramp_level(top) : 0;
            if (halves)
                cell->ground_level = ramp_level(raster_at(&picture, up - 1, c));
        }
}

static float value_at(const float *value, size_t n, int col, int cols)
{
    size_t from = (size_t)col * n / (size_t)cols;
    size_t to = ((size_t)col + 1) * n / (size_t)cols;
    float most = value[from < n ? from : n - 1];
    for (size_t k = from + 1; k < to && k < n; k++)
        most = fmaxf(most, value[k]);
    return most;
}

void paint_curve(const struct area *a, const float *value, size_t n, double low,
                 double high, double threshold)
{
    if (n == 0 || a->rows == 0 || !(high > low))
        return;
    double range = high - low;
    double at = clamp01((threshold - low) / range) * a->rows;
    int line_row = a->rows - 1 - (int)fmin(at, a->rows - 1);
    for (int c = 0; c < a->cols; c++) {
        double v = (double)value_at(value, n, c, a->cols);
        int eighths = (int)lround(clamp01((v - low) / range) * a->rows * 8);
        if (eighths == 0 && !isnan(v)) /* least is not unknown */
            eighths = 1;
        for (int r = 0; r < a->rows; r++) {
            int lit = eighths - (a->rows - 1 - r) * 8;
            if (!isnan(threshold) && r == line_row)
                area_glyph(a, r, c, ROLE_THRESHOLD, GLYPH_HLINE);
            else
                area_put(a, r, c, ROLE_CURVE, lower_eighths(lit, a->canvas->tier));
        }
    }
}

void paint_bar(const struct area *a, int row, int col, int cells, double fraction)
{
    int inside = cells - 2;
    if (inside < 1)
        return;
    area_glyph(a, row, col, ROLE_DIM, GLYPH_BAR_LEFT);
    area_glyph(a, row, col + cells - 1, ROLE_DIM, GLYPH_BAR_RIGHT);
    int eighths = (int)lround(clamp01(fraction) * inside * 8);
    for (int c = 0; c < inside; c++) {
        int lit = eighths - c * 8;
        uint32_t sign = ' ';
        if (a->canvas->tier == TIER_ASCII)
            sign = lit >= 4 ? '#' : ' ';
        else if (lit >= 8)
            sign = 0x2588;
        else if (lit > 0) /* left blocks: 0x258F is one eighth, 0x2589 seven */
            sign = 0x2590u - (uint32_t)lit;
        area_put(a, row, col + 1 + c, ROLE_WAVEFORM, sign);
    }
}
