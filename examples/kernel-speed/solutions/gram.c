#include <stdint.h>
#include <string.h>

/* One row of a after the other adds its part to the upper half of c, which is its own mirror. */
void gram(const float *restrict a, float *restrict c, int64_t n) {
  memset(c, 0, (size_t)(n * n) * sizeof *c);
  for (int64_t k = 0; k < n; k++)
    for (int64_t row = 0; row < n; row++) {
      const float factor = a[k * n + row];
      for (int64_t column = row; column < n; column++) c[row * n + column] += factor * a[k * n + column];
    }
  for (int64_t row = 0; row < n; row++)
    for (int64_t column = 0; column < row; column++) c[row * n + column] = c[column * n + row];
}
