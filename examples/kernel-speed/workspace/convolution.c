#include <stdint.h>

/* An image of n by n under a mask of m by m, m odd; beyond its edges the image is 0. */
void convolution(const float *image, const float *mask, float *result, int64_t n, int64_t m) {
  const int64_t half = m / 2;
  for (int64_t y = 0; y < n; y++)
    for (int64_t x = 0; x < n; x++) {
      float sum = 0;
      for (int64_t v = 0; v < m; v++)
        for (int64_t u = 0; u < m; u++) {
          int64_t row = y + v - half, column = x + u - half;
          if (row >= 0 && row < n && column >= 0 && column < n) sum += mask[v * m + u] * image[row * n + column];
        }
      result[y * n + x] = sum;
    }
}
