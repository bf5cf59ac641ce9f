#include <stdint.h>

/* The shortest way of two steps: c[i][j] is the least a[i][k] + b[k][j]; all of them n by n, row by row. */
void min_plus(const float *a, const float *b, float *c, int64_t n) {
  for (int64_t row = 0; row < n; row++)
    for (int64_t column = 0; column < n; column++) {
      float least = a[row * n] + b[column];
      for (int64_t k = 1; k < n; k++) {
        float length = a[row * n + k] + b[k * n + column];
        if (length < least) least = length;
      }
      c[row * n + column] = least;
    }
}
