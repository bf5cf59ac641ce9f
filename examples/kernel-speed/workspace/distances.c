#include <stdint.h>

/* The squared distance between any two of n points, each of m coordinates: n by n. */
void distances(const float *points, float *squares, int64_t n, int64_t m) {
  for (int64_t one = 0; one < n; one++)
    for (int64_t other = 0; other < n; other++) {
      float sum = 0;
      for (int64_t k = 0; k < m; k++) {
        float difference = points[one * m + k] - points[other * m + k];
        sum += difference * difference;
      }
      squares[one * n + other] = sum;
    }
}
