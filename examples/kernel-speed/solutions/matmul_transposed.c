#include <stdint.h>

#define LANES 32

/* Sums side by side: the next product need not wait for the sum before it. */
void matmul_transposed(const float *restrict a, const float *restrict b, float *restrict c, int64_t n) {
  for (int64_t row = 0; row < n; row++)
    for (int64_t column = 0; column < n; column++) {
      float sums[LANES] = {0};
      float sum = 0;
      int64_t k = 0;
      for (; k + LANES <= n; k += LANES)
        for (int lane = 0; lane < LANES; lane++) sums[lane] += a[row * n + k + lane] * b[column * n + k + lane];
      for (; k < n; k++) sum += a[row * n + k] * b[column * n + k];
      for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
      c[row * n + column] = sum;
    }
}
