#include <stdint.h>

/* c = aT a, both of them n by n, row by row. */
void gram(const float *a, float *c, int64_t n) {
  for (int64_t row = 0; row < n; row++)
    for (int64_t column = 0; column < n; column++) {
      float sum = 0;
      for (int64_t k = 0; k < n; k++) sum += a[k * n + row] * a[k * n + column];
      c[row * n + column] = sum;
    }
}
