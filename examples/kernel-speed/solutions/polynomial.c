#include <stdint.h>

/* Horner's rule, a coefficient at a time over a few places side by side. */
#define LANES 32

void polynomial(const float *restrict coefficients, const float *restrict places, float *restrict values, int64_t n,
                int64_t m) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    float sums[LANES] = {0};
    for (int64_t k = m - 1; k >= 0; k--)
      for (int lane = 0; lane < LANES; lane++) sums[lane] = sums[lane] * places[i + lane] + coefficients[k];
    for (int lane = 0; lane < LANES; lane++) values[i + lane] = sums[lane];
  }
  for (; i < n; i++) {
    float sum = 0;
    for (int64_t k = m - 1; k >= 0; k--) sum = sum * places[i] + coefficients[k];
    values[i] = sum;
  }
}
