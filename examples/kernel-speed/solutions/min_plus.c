#include <stdint.h>

/* Along rows, and with a choice of two numbers in the place of a jump. */
void min_plus(const float *restrict a, const float *restrict b, float *restrict c, int64_t n) {
  for (int64_t row = 0; row < n; row++) {
    for (int64_t column = 0; column < n; column++) c[row * n + column] = a[row * n] + b[column];
    for (int64_t k = 1; k < n; k++) {
      const float step = a[row * n + k];
      for (int64_t column = 0; column < n; column++) {
        const float length = step + b[k * n + column], least = c[row * n + column];
        c[row * n + column] = length < least ? length : least;
      }
    }
  }
}
