#include <stdint.h>
#include <string.h>

/* The inner loop runs along rows, which lie in memory as they are read. */
void matmul(const float *restrict a, const float *restrict b, float *restrict c, int64_t n) {
  memset(c, 0, (size_t)(n * n) * sizeof *c);
  for (int64_t row = 0; row < n; row++)
    for (int64_t k = 0; k < n; k++) {
      const float factor = a[row * n + k];
      for (int64_t column = 0; column < n; column++) c[row * n + column] += factor * b[k * n + column];
    }
}
