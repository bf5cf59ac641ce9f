#include <stdint.h>

/* The polynomial of m coefficients, lowest first, at each of n places. */
void polynomial(const float *coefficients, const float *places, float *values, int64_t n, int64_t m) {
  for (int64_t i = 0; i < n; i++) {
    float sum = 0;
    for (int64_t k = 0; k < m; k++) {
      float power = 1;
      for (int64_t j = 0; j < k; j++) power *= places[i];
      sum += coefficients[k] * power;
    }
    values[i] = sum;
  }
}
