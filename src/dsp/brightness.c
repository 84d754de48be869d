#include "dsp/brightness.h"

#include <math.h>

const char *brightness_tag(double centroid_hz, double low_hz, double high_hz)
{
    if (isnan(centroid_hz))
        return "";
    if (centroid_hz < low_hz)
        return "dark";
    return centroid_hz > high_hz ? "bright" : "mid";
}
