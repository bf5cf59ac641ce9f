#include <stdint.h>

/* y = (a b) x; a and b are n by n, row by row, x and y are of n. */
void chain(const float *a, const float *b, const float *x, float *y, int64_t n) {
  for (int64_t row = 0; row < n; row++) {
    float sum = 0;
    for (int64_t column = 0; column < n; column++) {
      float product = 0;
      for (int64_t k = 0; k < n; k++) product += a[row * n + k] * b[k * n + column];
      sum += product * x[column];
    }
    y[row] = sum;
  }
}
