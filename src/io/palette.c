/* The xterm palette: 16 colours, a 6×6×6 cube, 24 greys. */
#include "io/theme.h"

static const unsigned char first[16][3] = {
    {0, 0, 0},       {205, 0, 0},   {0, 205, 0},   {205, 205, 0},
    {0, 0, 238},     {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
    {127, 127, 127}, {255, 0, 0},   {0, 255, 0},   {255, 255, 0},
    {92, 92, 255},   {255, 0, 255}, {0, 255, 255}, {255, 255, 255}};

static int level(int step)
{
    return step == 0 ? 0 : 55 + 40 * step;
}

void theme_rgb(int colour, int *r, int *g, int *b)
{
    if (colour < 0)
        colour = 7;
    if (colour < 16) {
        *r = first[colour][0];
        *g = first[colour][1];
        *b = first[colour][2];
    } else if (colour < 232) {
        int cell = colour - 16;
        *r = level(cell / 36);
        *g = level(cell / 6 % 6);
        *b = level(cell % 6);
    } else {
        *r = *g = *b = 8 + 10 * (colour - 232);
    }
}

/* Squared distance with weights that follow the eye at the red end ("redmean",
 * Riemersma): cheap, and far better than plain RGB. */
static long distance(int r, int g, int b, int colour)
{
    int r2, g2, b2;
    theme_rgb(colour, &r2, &g2, &b2);
    long mean = (r + r2) / 2, dr = r - r2, dg = g - g2, db = b - b2;
    return ((512 + mean) * dr * dr >> 8) + 4 * dg * dg + ((767 - mean) * db * db >> 8);
}

static int nearest(int r, int g, int b, int from, int to)
{
    int best = from;
    for (int c = from; c < to; c++)
        if (distance(r, g, b, c) < distance(r, g, b, best))
            best = c;
    return best;
}

int theme_nearest_256(int r, int g, int b)
{
    return nearest(r, g, b, 16, 256);
}

int theme_nearest_16(int colour)
{
    int r, g, b;
    if (colour < 16)
        return colour;
    theme_rgb(colour, &r, &g, &b);
    return nearest(r, g, b, 0, 16);
}
