#include <stdint.h>
#include <string.h>

/* One weight at a time along a row: what lies beyond the edges is left out of the loop instead of asked for. */
void convolution(const float *restrict image, const float *restrict mask, float *restrict result, int64_t n, int64_t m) {
  const int64_t half = m / 2;
  memset(result, 0, (size_t)(n * n) * sizeof *result);
  for (int64_t y = 0; y < n; y++)
    for (int64_t v = 0; v < m; v++) {
      const int64_t row = y + v - half;
      if (row < 0 || row >= n) continue;
      for (int64_t u = 0; u < m; u++) {
        const float weight = mask[v * m + u];
        const int64_t shift = u - half;
        const int64_t first = shift < 0 ? -shift : 0, end = shift > 0 ? n - shift : n;
        for (int64_t x = first; x < end; x++) result[y * n + x] += weight * image[row * n + x + shift];
      }
    }
}
