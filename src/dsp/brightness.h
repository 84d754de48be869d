/* brightness: one word for how bright a sound is, by its spectral centroid.
 * Thread: pure. */
#ifndef TROWEL_DSP_BRIGHTNESS_H
#define TROWEL_DSP_BRIGHTNESS_H

/* "dark" below low_hz, "bright" above high_hz, else "mid"; "" when centroid_hz is not a
 * number. Static storage. Defaults: 1200 and 4000 Hz (config `brightness_tags`). */
const char *brightness_tag(double centroid_hz, double low_hz, double high_hz);

#endif
