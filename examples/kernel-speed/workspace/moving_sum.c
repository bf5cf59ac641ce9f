#include <stdint.h>

/* The sum of the last m samples, at each of n samples. */
void moving_sum(const float *samples, float *sums, int64_t n, int64_t m) {
  for (int64_t i = 0; i < n; i++) {
    float sum = 0;
    for (int64_t k = 0; k < m && k <= i; k++) sum += samples[i - k];
    sums[i] = sum;
  }
}
