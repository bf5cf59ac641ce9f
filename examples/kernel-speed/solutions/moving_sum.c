#include <stdint.h>

/* What comes is added and what goes is taken off, over doubles: what is left of rounding would add up. */
void moving_sum(const float *restrict samples, float *restrict sums, int64_t n, int64_t m) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += samples[i];
    if (i >= m) sum -= samples[i - m];
    sums[i] = (float)sum;
  }
}
