#include <stdint.h>

#define LANES 16

/* Each pair once, with as many sums side by side as a register holds. */
void distances(const float *restrict points, float *restrict squares, int64_t n, int64_t m) {
  for (int64_t one = 0; one < n; one++)
    for (int64_t other = one; other < n; other++) {
      float sums[LANES] = {0};
      float sum = 0;
      int64_t k = 0;
      for (; k + LANES <= m; k += LANES)
        for (int lane = 0; lane < LANES; lane++) {
          float difference = points[one * m + k + lane] - points[other * m + k + lane];
          sums[lane] += difference * difference;
        }
      for (; k < m; k++) {
        float difference = points[one * m + k] - points[other * m + k];
        sum += difference * difference;
      }
      for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
      squares[one * n + other] = squares[other * n + one] = sum;
    }
}
